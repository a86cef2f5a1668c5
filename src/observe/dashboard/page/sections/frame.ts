import { el, type Child, type Element_ } from '../dom.js';

/** What every section needs to know besides the view. */
export interface Around {
  /** The engine's time at this moment, in milliseconds since the epoch. */
  readonly now: number;
  /** Tells the engine something, and the reader how that went. */
  readonly tell: (what: string, body: Readonly<Record<string, string>>, done: string) => void;
}

/** A heading, with what can be said about it in a few words. */
export const heading = (id: string, title: string, aside: Child = null): Child =>
  el(
    'div',
    { class: 'heading' },
    el('h2', { id: `${id}-title` }, title),
    aside !== null && el('p', { class: 'aside' }, aside),
  );

/** What stands where there is nothing to show. */
export const empty = (text: string): Child => el('p', { class: 'empty' }, text);

/** A button that does one thing. */
export const button = (text: string, about: string, kind: string, act: () => void): Child =>
  el('button', { type: 'button', class: kind, 'aria-label': about, onclick: act }, text);

/** So many entries of a list are seen at once. */
const SEEN = 6;

/** A list of what happened, the newest first; what is older is folded away. */
export const timeline = (entries: readonly Element_[], older: string): Child => [
  entries.length > 0 && el('ol', { class: 'timeline' }, entries.slice(0, SEEN)),
  entries.length > SEEN &&
    el(
      'details',
      { key: 'older' },
      el('summary', {}, `${older} (${entries.length - SEEN})`),
      el('ol', { class: 'timeline' }, entries.slice(SEEN)),
    ),
];
