import { printable } from '../../../base/printable.js';

/**
 * A document in 90 lines: what should be there is written down as plain data, and only what differs is changed, so
 * that focus, selection and open details stay where they are. Text is text: nothing here can make markup of it.
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

/** Puts a text into an element that is there, in place of its content. */
export function put(place: Element, text: string): void {
  const shown = printable(text);
  if (place.textContent !== shown) place.textContent = shown;
}

/** What a child may be written as. What is not there is left out. */
export type Child = Element_ | string | false | null | undefined | readonly Child[];

/**
 * Writes one element down. Three attributes are not put into the document as they are: `key`; `own`, for an element
 * whose children are somebody else's; and names that begin with `--`, which are properties of its style.
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

/** Makes the children of an element what they should be. */
export function render(parent: Element, ...wanted: Child[]): void {
  const children = flat(wanted);
  const keyed = new Map<string, Element>();
  const loose: ChildNode[] = [];
  for (const node of parent.childNodes) {
    const key = shown.get(node)?.key;
    if (key !== undefined) keyed.set(key, node as Element);
    else loose.push(node);
  }
  const kept = new Set<Node>();
  let place = parent.firstChild;
  for (const child of children) {
    const node = typeof child === 'string' ? textNode(child, loose) : element(child, keyed, loose);
    kept.add(node);
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
  for (const node of [...parent.childNodes]) if (!kept.has(node)) node.remove();
}

function textNode(given: string, loose: ChildNode[]): Node {
  const text = printable(given);
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
  // What stands before it was not wanted any more.
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
    // These are compared with what the engine calls things, and shown to nobody.
    node.setAttribute(name, name.startsWith('data-') || name === 'value' ? text : printable(text));
  }
}

/** An element of the document that is there from the start. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The document has no #${id}`);
  return found;
}

/** A sentence in which what stands between backticks is code. */
export const prose = (text: string): Child =>
  text.split('`').map((part, index) => (index % 2 === 1 ? el('code', {}, part) : part));
