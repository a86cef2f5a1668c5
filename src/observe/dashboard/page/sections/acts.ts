import type { ActView, View } from '../../view/view.js';
import { el, prose, type Child, type Element_ } from '../dom.js';
import { ago, clock, many, took } from '../words.js';
import { badge, name } from './badge.js';
import { empty, heading, summary, timeline, type Around } from './frame.js';
import { pair, steps } from './plan.js';
import { foldable, isolated } from './text.js';

/** Repairs, with the reading before and the proof after. */
export const acts = ({ acts: all, commands }: View, { now }: Around): Child => [
  heading('acts', 'Repairs', all.length > 0 && `${many(all.length, 'repair')} in the last 24 hours`),
  all.length === 0 && empty('None needed.'),
  timeline(
    all.map((act) => entry(act, now)),
    'Earlier repairs',
  ),
  commands.length > 0 &&
    el(
      'details',
      { key: 'commands' },
      el('summary', {}, `Operator commands (${commands.length})`),
      commands.map(({ at, command, of, by }) =>
        el(
          'p',
          { class: 'muted small' },
          `${clock(at, now)}: ${command}: `,
          isolated(of, 200),
          ' (by ',
          isolated(by),
          ')',
        ),
      ),
    ),
];

const toneOf = (outcome: string): string =>
  outcome === 'fixed' ? 'ok' : outcome.startsWith('pending') ? 'note' : 'bad';

const entry = (act: ActView, now: number): Element_ =>
  el(
    'li',
    { key: act.key, 'data-tone': toneOf(act.outcome) },
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
      act.before !== null && pair('Before', foldable(act.before, `the reading before, ${act.key}`)),
      pair(act.outcome === 'fixed' ? 'After' : 'Result', foldable(act.after, `the result, ${act.key}`)),
    ),
    act.plan !== null &&
      el(
        'details',
        {},
        summary(act.durationMs === null ? 'Steps' : `Steps (took ${took(act.durationMs)})`, act.key),
        steps(act.plan),
        el('p', { class: 'muted small' }, 'Expected result: ', prose(act.plan.effect), '.'),
        act.rungs.map((rung) => el('p', { class: 'muted small' }, rung)),
      ),
  );
