import { el, type Element_ } from '../dom.js';
import { isolated } from './text.js';

/** Each state as a shape and a tone, so that nobody has to see a colour. */
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
  'needs attention': ['✕', 'bad'],
  'dry-run': ['◇', 'note'],
};

/** The shape alone, where the text beside it says the same. */
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

/** Words for the severities 1 to 4. */
export const SEVERITIES = ['', 'low', 'medium', 'high', 'critical'] as const;

/** The name of a gate, as in the documentation and the metric. */
export const gate = (name: string): Element_ => el('span', { class: 'gate' }, name);

/** The name of a component. */
export const name = (component: string): Element_ => el('span', { class: 'component' }, isolated(component));
