import type { UnitView, View } from '../../view/view.js';
import { el, type Child } from '../dom.js';
import { ago, many } from '../words.js';
import { badge, name } from './badge.js';
import { empty, heading, type Around } from './frame.js';

/** The units and parts that are looked after, the bad ones first. */
export function units(view: View, { now }: Around): Child {
  const { units: all, moreUnits } = view;
  const bad = all.filter(({ status }) => status === 'bad').length;
  const aside =
    all.length > 0 &&
    (bad === 0 ? `all ${all.length + moreUnits} well` : `${bad} of ${all.length + moreUnits} bad`);
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
    moreUnits > 0 &&
      el('p', { class: 'muted small' }, `And ${many(moreUnits, 'more')}, all well.`.replace('mores', 'more')),
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
