import type { HeldView, View } from '../../view/view.js';
import { el, prose, type Child, type Element_ } from '../dom.js';
import { ago, clock } from '../words.js';
import { gate, name } from './badge.js';
import { empty, heading, timeline, type Around } from './frame.js';

/** What was not done, and which gate stood in the way. */
export const held = ({ held: all }: View, { now }: Around): Child => [
  heading('held', 'What was not done, and why'),
  all.length === 0 && empty('No gate stood in the way of anything.'),
  timeline(
    all.map((one) => entry(one, now)),
    'Earlier',
  ),
];

const entry = (one: HeldView, now: number): Element_ =>
  el(
    'li',
    { key: one.key },
    el(
      'p',
      { class: 'over' },
      el('time', { datetime: new Date(one.at).toISOString(), title: ago(now - one.at) }, clock(one.at, now)),
      gate(one.blockedBy),
      name(one.component),
    ),
    el('p', {}, prose(one.because)),
    el(
      'details',
      {},
      el('summary', {}, 'What this gate is'),
      el('p', { class: 'muted small' }, prose(`It stands in the way when ${one.when}. Next: ${one.next}.`)),
      el('p', { class: 'muted small' }, `The trouble was: ${one.description}`),
    ),
  );
