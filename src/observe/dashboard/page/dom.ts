import { printable, printableLines } from '../../../base/printable.js';

/**
 * An element as plain data. {@link render} changes only what differs in the document, so that focus, selection and
 * open details stay. Text is always text: nothing here creates markup from it.
 */
export interface Element_ {
  readonly tag: string;
  /** Tells siblings apart when their order changes. */
  readonly key: string | undefined;
  readonly attributes: Attributes;
  readonly children: readonly (Element_ | string)[];
}

/** Attributes by name; `false` and `undefined` mean "not there". `onclick` and `onsubmit` are functions. */
export type Attributes = Readonly<
  Record<string, string | number | boolean | undefined | ((event: Event) => void)>
>;

/** Replaces the content of an element by a text. */
export function put(place: Element, text: string): void {
  const shown = printable(text);
  if (place.textContent !== shown) place.textContent = shown;
}

/** Anything that can be a child. Empty values are left out. */
export type Child = Element_ | string | false | null | undefined | readonly Child[];

/**
 * Describes an element. Three attributes are special: `key`; `own`, for an element whose children are managed
 * elsewhere; and names that begin with `--`, which are style properties.
 */
export function el(
  tag: string,
  { key, ...attributes }: Attributes & { readonly key?: string } = {},
  ...children: Child[]
): Element_ {
  return { tag, key, attributes, children: flat(children) };
}

function flat(children: readonly Child[]): (Element_ | string)[] {
  return children.flatMap((child) => {
    if (child === false || child === null || child === undefined) return [];
    if (isList(child)) return flat(child);
    return [child];
  });
}

const isList = (child: Child): child is readonly Child[] => Array.isArray(child);

const shown = new WeakMap<Node, Element_>();

/**
 * Makes the children of an element what they should be. A node that stays is never moved while it holds the focus, and
 * keeps its scroll position when it has to be moved.
 */
export function render(parent: Element, ...wanted: Child[]): void {
  const children = flat(wanted);
  const keyed = new Map<string, Element>();
  const loose: ChildNode[] = [];
  for (const node of parent.childNodes) {
    const key = shown.get(node)?.key;
    if (key !== undefined) keyed.set(key, node as Element);
    else loose.push(node);
  }
  const nodes = children.map((child) =>
    typeof child === 'string' ? textNode(shownIn(parent, child), loose) : element(child, keyed, loose),
  );
  // First what goes away, or everything behind it would have to be moved.
  const kept = new Set<Node>(nodes);
  for (const node of [...parent.childNodes]) if (!kept.has(node)) node.remove();
  const anchor = Math.max(
    0,
    nodes.findIndex((node) => node.contains(document.activeElement)),
  );
  for (let index = anchor; index < nodes.length; index += 1) {
    const before = index === 0 ? parent.firstChild : (nodes[index - 1]?.nextSibling ?? null);
    const isAnchor = index === anchor && nodes[index]?.parentNode === parent;
    if (!isAnchor && before !== nodes[index]) move(parent, nodes[index]!, before);
  }
  for (let index = anchor - 1; index >= 0; index -= 1) {
    const after = nodes[index + 1]!;
    if (after.previousSibling !== nodes[index]) move(parent, nodes[index]!, after);
  }
}

/** Puts a node in its place. Moving resets what was scrolled inside of it. */
function move(parent: Element, node: Node, before: Node | null): void {
  const scrolled =
    node.parentNode === parent && node instanceof Element
      ? [...node.querySelectorAll('pre, .scroll')]
          .filter(({ scrollTop, scrollLeft }) => scrollTop > 0 || scrollLeft > 0)
          .map((element) => ({ element, top: element.scrollTop, left: element.scrollLeft }))
      : [];
  parent.insertBefore(node, before);
  for (const { element, top, left } of scrolled) element.scrollTo({ top, left, behavior: 'instant' });
}

/**
 * Runs work that may remove the element with the focus. Then the focus goes to the closest ancestor that is left and
 * can take it, so that the next press of Tab continues where the reader was.
 */
export function keepingFocus(work: () => void): void {
  const focused = document.activeElement;
  const ancestors: HTMLElement[] = [];
  for (let node = focused?.parentElement; node; node = node.parentElement) ancestors.push(node);
  work();
  if (focused === null || focused === document.body || isVisible(focused)) return;
  const next = ancestors.find((node) => node.hasAttribute('tabindex') && isVisible(node));
  next?.focus({ preventScroll: true });
}

const isVisible = (node: Element): boolean => node.isConnected && node.checkVisibility();

/** Only preformatted text has lines. */
const shownIn = (parent: Element, text: string): string =>
  parent.tagName === 'PRE' ? printableLines(text) : printable(text);

function textNode(text: string, loose: ChildNode[]): Node {
  const [first] = loose;
  if (first?.nodeType !== Node.TEXT_NODE) return document.createTextNode(text);
  loose.shift();
  if (first.nodeValue !== text) first.nodeValue = text;
  return first;
}

function element(wanted: Element_, keyed: Map<string, Element>, loose: ChildNode[]): Element {
  const found = wanted.key === undefined ? looseElement(wanted.tag, loose) : keyed.get(wanted.key);
  const same = found !== undefined && shown.get(found)?.tag === wanted.tag;
  const node = same ? found : document.createElement(wanted.tag);
  change(node, shown.get(node)?.attributes ?? {}, wanted.attributes);
  shown.set(node, wanted);
  if (wanted.attributes['own'] !== true) render(node, ...wanted.children);
  return node;
}

function looseElement(tag: string, loose: ChildNode[]): Element | undefined {
  const index = loose.findIndex((node) => shown.get(node)?.tag === tag);
  // Those before it are no longer needed.
  return index === -1 ? undefined : (loose.splice(0, index + 1)[index] as Element);
}

function change(node: Element, before: Attributes, after: Attributes): void {
  for (const name of Object.keys(before)) if (!(name in after)) set(node, name, undefined);
  for (const [name, value] of Object.entries(after)) if (before[name] !== value) set(node, name, value);
}

function set(node: Element, name: string, value: Attributes[string]): void {
  if (name === 'onclick' || name === 'onsubmit') {
    (node as HTMLElement)[name] = typeof value === 'function' ? value : null;
  } else if (name.startsWith('--')) {
    (node as HTMLElement).style.setProperty(name, value === undefined ? null : String(value));
  } else if (name === 'own') {
    // Only for `render`.
  } else if (value === undefined || value === false || typeof value === 'function') {
    node.removeAttribute(name);
  } else {
    const text = value === true ? '' : String(value);
    // These are compared with names of the engine, and never shown.
    node.setAttribute(name, name.startsWith('data-') || name === 'value' ? text : printable(text));
  }
}

/** Returns an element of the static document. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The document has no #${id}`);
  return found;
}

/** Returns a sentence in which text between backticks is code. */
export const prose = (text: string): Child =>
  text.split('`').map((part, index) => (index % 2 === 1 ? el('code', {}, part) : part));
