import type { UnitView, View } from '../../view/view.js';
import { el, type Child } from '../dom.js';
import { ago, many } from '../words.js';
import { badge, name } from './badge.js';
import { empty, heading, type Around } from './frame.js';
import { table, type Row } from './table.js';
import { foldable } from './text.js';

/** Number of services that are visible at first. */
const SEEN = 20;

/** Services: units and the parts of the host program, the bad ones first. */
export function units(view: View, { now }: Around): Child {
  const { units: all, moreUnits } = view;
  const count = (wanted: UnitView['status']): number => all.filter(({ status }) => status === wanted).length;
  const [bad, unknown] = [count('bad'), count('unknown')];
  const total = all.length + moreUnits;
  const odd = [bad > 0 && `${bad} bad`, unknown > 0 && `${unknown} unknown`].filter(Boolean).join(', ');
  const healthy = total === 1 ? 'healthy' : `all ${total} healthy`;
  const rows = (label: string, some: readonly UnitView[]): Child =>
    table({
      label,
      columns: ['State', 'Service', 'Status detail', 'Last repair'],
      nameAt: 1,
      rows: some.map((unit) => row(unit, view, now)),
    });
  return [
    heading('units', 'Services', all.length > 0 && (odd === '' ? healthy : `${odd}, ${total} in all`)),
    all.length === 0 && empty('No service is monitored, and none has failed.'),
    all.length > 0 && rows('Table of services', all.slice(0, SEEN)),
    all.length > SEEN &&
      el(
        'details',
        { key: 'more', class: 'all' },
        el('summary', {}, `Show all ${total} services`),
        rows('Table of further services', all.slice(SEEN)),
      ),
    moreUnits > 0 && el('p', { class: 'muted small' }, `${many(moreUnits, 'more service')}, all healthy.`),
  ];
}

function row({ key, component, status, reason }: UnitView, { acts }: View, now: number): Row {
  const last = acts.find((act) => act.component === component);
  return {
    key,
    cells: [
      badge(status),
      name(component),
      el('span', { class: 'muted' }, foldable(reason, `the status of ${component}`)),
      el('span', { class: 'muted' }, last ? `${last.outcome}, ${ago(now - last.at)}` : '–'),
    ],
  };
}
