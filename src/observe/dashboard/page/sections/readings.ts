import type { ReadingView, View } from '../../view/view.js';
import { el, prose, type Child } from '../dom.js';
import { CURVES, type Hour } from '../../view/hour.js';
import { inWords } from '../curve.js';
import { withUnit } from '../words.js';
import { badge, name, sign } from './badge.js';
import { empty, heading, type Around } from './frame.js';
import { table } from './table.js';
import { foldable, isolated } from './text.js';

/** Limit of charts; all readings are in the table. */
const CHARTS = 12;

/** Returns the readings with a chart: bad ones first, inodes last. */
export function charted({ readings }: View): readonly ReadingView[] {
  const measured = readings.filter(({ value, threshold }) => value !== null && threshold !== null);
  const rank = ({ status, component }: ReadingView): number =>
    status === 'bad' ? 0 : component.startsWith('inodes:') ? 2 : 1;
  const chosen = new Set([...measured].sort((a, b) => rank(a) - rank(b)).slice(0, CHARTS));
  return measured.filter((reading) => chosen.has(reading));
}

/** Readings against their thresholds, now and over the last hour. */
export function readings(view: View, hour: Hour, { now }: Around): Child {
  const shown = charted(view);
  const unknown = view.readings.filter(({ status }) => status === 'unknown');
  return [
    heading('readings', 'Readings: now and the last hour', 'dashed: threshold · ▼ repaired · times in UTC'),
    shown.length === 0 && empty('No reading has a threshold yet.'),
    el(
      'div',
      { class: 'meters' },
      shown.map((reading) => meter(reading, hour, now)),
    ),
    unknown.length > 0 &&
      el(
        'ul',
        { class: 'panel unknown' },
        unknown.map(({ key, label, reason }) =>
          el(
            'li',
            { key },
            badge('unknown'),
            ' ',
            name(label),
            ' ',
            el('span', { class: 'muted' }, prose(reason)),
          ),
        ),
      ),
    all(view.readings),
  ];
}

function meter(reading: ReadingView, hour: Hour, now: number): Child {
  const { key, label, status, unit } = reading;
  const value = reading.value ?? 0;
  const threshold = reading.threshold ?? 0;
  const top = unit === '%' ? 100 : Math.max(threshold * 1.3, value);
  const share = (part: number): string => `${top > 0 ? Math.min(100, (100 * part) / top) : 0}%`;
  const curve = hour.of(key);
  const words = curve ? inWords(curve, now) : `No history: the limit of ${CURVES} charts is reached.`;
  return el(
    'figure',
    { key, class: 'panel meter', 'data-tone': status },
    el(
      'figcaption',
      {},
      el('span', { class: 'label' }, sign(status), ' ', isolated(label)),
      el('span', { class: 'value' }, withUnit(value, unit)),
      el('span', { class: 'of muted' }, `of ${withUnit(threshold, unit)}`),
    ),
    el('div', { class: 'bar', 'aria-hidden': 'true', '--share': share(value), '--mark': share(threshold) }),
    curve !== undefined &&
      el('div', {
        class: 'chart',
        own: true,
        'data-chart': key,
        role: 'img',
        'aria-label': `Chart of ${label}. ${words}`,
      }),
    el(
      'p',
      { class: 'muted small words', 'aria-hidden': curve === undefined ? undefined : 'true' },
      words,
      ' ',
      el('span', { class: 'under-pointer', own: true }),
    ),
  );
}

/** Every reading in rows. */
const all = (shown: readonly ReadingView[]): Child =>
  shown.length > 0 &&
  el(
    'details',
    { key: 'all', class: 'all' },
    el('summary', {}, `All readings as a table (${shown.length})`),
    table({
      label: 'Table of all readings',
      columns: ['State', 'Reading', 'Now', 'Threshold', 'Status detail'],
      nameAt: 1,
      figures: [2, 3],
      rows: shown.map(({ key, component, status, value, threshold, unit, reason }) => ({
        key,
        cells: [
          badge(status),
          name(component),
          value === null ? '–' : withUnit(value, unit),
          threshold === null ? '–' : withUnit(threshold, unit),
          el('span', { class: 'muted' }, foldable(reason, `the status of reading ${component}`)),
        ],
      })),
    }),
  );
