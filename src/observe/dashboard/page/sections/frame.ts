import { el, type Child, type Element_ } from '../dom.js';

/** Answer to a press on a button. */
export interface Answer {
  readonly text: string;
  readonly isProblem: boolean;
}

/** Input of a section besides the view. */
export interface Around {
  /** The engine's time at this moment, in milliseconds since the epoch. */
  readonly now: number;
  /** Sends a command. The answer appears beside the button and is announced. */
  readonly tell: (command: Command) => void;
  /** Returns the answers to recent commands whose place begins with a prefix, by the rest of their place. */
  readonly answers: (prefix: string) => ReadonlyMap<string, Answer>;
}

/** A command from a button. */
export interface Command {
  readonly name: string;
  readonly body: Readonly<Record<string, string>>;
  /** Answer when it succeeded. */
  readonly done: string;
  /** The button: a section, a space and the key of an item. */
  readonly place: string;
}

/** A heading, with a short remark. It takes the focus when the element that had it goes away. */
export const heading = (id: string, title: string, aside: Child = null): Child =>
  el(
    'div',
    { key: 'heading', class: 'heading' },
    el('h2', { id: `${id}-title` }, title),
    aside !== null && aside !== false && el('p', { class: 'aside' }, aside),
  );

/** Shown where there is nothing to show. */
export const empty = (text: string): Child => el('p', { key: 'empty', class: 'empty' }, text);

/** A button with a unique name for screen readers, which is its key, too: buttons never swap their elements. */
export const button = (text: string, about: string, kind: string, act: () => void): Child =>
  el('button', { key: about, type: 'button', class: kind, 'aria-label': about, onclick: act }, text);

/** The answer to a press, beside its button. The live region at the end of the page announces it. */
export const answerTo = (answer: Answer | undefined): Child =>
  answer !== undefined &&
  el('p', { class: 'answer', 'data-tone': answer.isProblem ? 'bad' : 'ok' }, answer.text);

/** A summary whose name differs from every other: `about` is for screen readers only. */
export const summary = (text: string, about: string): Child =>
  el('summary', {}, text, about !== '' && el('span', { class: 'unseen' }, ` (${about})`));

/** Number of entries of a list that are visible at first. */
const SEEN = 6;

/** A list of events, the newest first; older ones are folded away. */
export const timeline = (entries: readonly Element_[], older: string): Child => [
  entries.length > 0 && el('ol', { key: 'newest', class: 'timeline' }, entries.slice(0, SEEN)),
  entries.length > SEEN &&
    el(
      'details',
      { key: 'older' },
      el('summary', {}, `${older} (${entries.length - SEEN})`),
      el('ol', { class: 'timeline' }, entries.slice(SEEN)),
    ),
];
