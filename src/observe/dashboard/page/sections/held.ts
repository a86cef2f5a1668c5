import type { HeldView, View } from '../../view/view.js';
import { el, prose, type Child, type Element_ } from '../dom.js';
import { ago, clock } from '../words.js';
import { gate, name } from './badge.js';
import { empty, heading, summary, timeline, type Around } from './frame.js';
import { foldable } from './text.js';

/** Repairs that were blocked, except those in the cards of open issues. */
export const held = ({ held: all, issues }: View, { now }: Around): Child => {
  const others = all.filter(
    ({ component, blockedBy }) =>
      !issues.some((issue) => issue.component === component && issue.blockedBy === blockedBy),
  );
  return [
    heading('held', 'Blocked repairs'),
    others.length === 0 &&
      empty(all.length === 0 ? 'Nothing has been blocked.' : 'None besides those of the open issues.'),
    timeline(
      others.map((one) => entry(one, now)),
      'Earlier',
    ),
  ];
};

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
    el('div', {}, foldable(one.because, `why ${one.key} was blocked`)),
    el(
      'details',
      {},
      summary('About this gate', one.key),
      el('p', { class: 'muted small' }, prose(`Blocks a repair when ${one.when}. Next: ${one.next}.`)),
      el('p', { class: 'muted small' }, 'The issue: ', prose(one.description)),
    ),
  );
