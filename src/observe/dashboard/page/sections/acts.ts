import type { ActView, View } from '../../view/view.js';
import { el, prose, type Child, type Element_ } from '../dom.js';
import { ago, clock, many, took } from '../words.js';
import { badge, name } from './badge.js';
import { empty, heading, timeline, type Around } from './frame.js';
import { pair, steps } from './plan.js';

/** What was done, with before and after. */
export const acts = ({ acts: all, commands }: View, { now }: Around): Child => [
  heading('acts', 'What was done', all.length > 0 && many(all.length, 'repair')),
  all.length === 0 && empty('Nothing had to be done.'),
  timeline(
    all.map((act) => entry(act, now)),
    'Earlier repairs',
  ),
  commands.length > 0 &&
    el(
      'details',
      { key: 'commands' },
      el('summary', {}, 'What people have said'),
      commands.map(({ at, command, of, by }) =>
        el('p', { class: 'muted small' }, `${clock(at, now)}: ${command}: ${of} (by ${by})`),
      ),
    ),
];

const entry = (act: ActView, now: number): Element_ =>
  el(
    'li',
    {
      key: act.key,
      'data-tone': act.outcome === 'fixed' ? 'ok' : act.outcome.startsWith('pending') ? 'note' : 'bad',
    },
    el(
      'p',
      { class: 'over' },
      el('time', { datetime: new Date(act.at).toISOString(), title: ago(now - act.at) }, clock(act.at, now)),
      badge(act.outcome),
      name(act.component),
      el('code', {}, act.action),
    ),
    el(
      'dl',
      { class: 'pairs story' },
      act.before !== null && pair('Before', prose(act.before)),
      pair(act.outcome === 'fixed' ? 'After' : 'But', prose(act.after)),
    ),
    act.plan !== null &&
      el(
        'details',
        {},
        el('summary', {}, act.durationMs === null ? 'How' : `How, in ${took(act.durationMs)}`),
        steps(act.plan),
        el('p', { class: 'muted small' }, `Expected: ${act.plan.effect}.`),
        act.rungs.map((rung) => el('p', { class: 'muted small' }, rung)),
      ),
  );
