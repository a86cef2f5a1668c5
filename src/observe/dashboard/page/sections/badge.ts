import { el, type Element_ } from '../dom.js';

/** How something stands, as a shape and a word, so that nobody needs to see a colour. */
const SIGNS: Readonly<Record<string, readonly [sign: string, tone: string]>> = {
  ok: ['✓', 'ok'],
  bad: ['✕', 'bad'],
  unknown: ['?', 'unknown'],
  available: ['✓', 'ok'],
  unavailable: ['–', 'note'],
  fixed: ['✓', 'ok'],
  failed: ['✕', 'bad'],
  ineffective: ['✕', 'bad'],
  pending: ['…', 'note'],
  'pending-reboot': ['↻', 'note'],
  closed: ['✓', 'ok'],
  open: ['✕', 'bad'],
  'half-open': ['◐', 'note'],
  'needs a human': ['✕', 'bad'],
  'dry-run': ['◇', 'note'],
};

/** The shape alone; the words beside it say the same. */
export function sign(state: string): Element_ {
  const [shape, tone] = SIGNS[state] ?? ['–', 'note'];
  return el('span', { class: 'sign', 'data-tone': tone, 'aria-hidden': 'true' }, shape);
}

/** Shape and word. */
export function badge(state: string, word = state): Element_ {
  const [shape, tone] = SIGNS[state] ?? ['–', 'note'];
  return el(
    'span',
    { class: 'badge', 'data-tone': tone },
    el('span', { 'aria-hidden': 'true' }, shape),
    ` ${word}`,
  );
}

/** How bad an issue is, in a word. */
export const SEVERITIES = ['', 'low', 'medium', 'high', 'critical'] as const;

/** The word for a gate, as the documentation and the metric have it. */
export const gate = (name: string): Element_ => el('span', { class: 'gate' }, name);

/** The name of something that is looked after. */
export const name = (component: string): Element_ => el('span', { class: 'component' }, component);
