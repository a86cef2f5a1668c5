import type { UnitView, View } from '../../view/view.js';
import { el, type Child } from '../dom.js';
import { ago } from '../words.js';
import { badge, name } from './badge.js';
import { empty, heading, type Around } from './frame.js';

/** The units and parts that are looked after, the bad ones first. */
export function units(view: View, { now }: Around): Child {
  const { units: all, moreUnits } = view;
  const count = (wanted: UnitView['status']): number => all.filter(({ status }) => status === wanted).length;
  const [bad, unknown] = [count('bad'), count('unknown')];
  const total = all.length + moreUnits;
  const odd = [bad > 0 && `${bad} bad`, unknown > 0 && `${unknown} not known`].filter(Boolean).join(', ');
  const aside = all.length > 0 && (odd === '' ? `all ${total} well` : `of ${total}: ${odd}`);
  return [
    heading('units', 'Units and parts', aside),
    all.length === 0 && empty('None is watched, and none has failed.'),
    all.length > 0 &&
      el(
        'div',
        { class: 'panel scroll', tabindex: 0, role: 'region', 'aria-label': 'Table of units and parts' },
        el(
          'table',
          {},
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              ['State', 'Unit', 'As read', 'Last repair'].map((word) => el('th', { scope: 'col' }, word)),
            ),
          ),
          el(
            'tbody',
            {},
            all.map((unit) => row(unit, view, now)),
          ),
        ),
      ),
    moreUnits > 0 && el('p', { class: 'muted small' }, `And ${moreUnits} more, all well.`),
  ];
}

function row({ key, component, status, reason }: UnitView, { acts }: View, now: number): Child {
  const last = acts.find((act) => act.component === component);
  return el(
    'tr',
    { key },
    el('td', {}, badge(status, status === 'unknown' ? 'not known' : status)),
    el('th', { scope: 'row' }, name(component)),
    el('td', { class: 'muted' }, reason),
    el('td', { class: 'muted nowrap' }, last ? `${last.outcome}, ${ago(now - last.at)}` : '–'),
  );
}
