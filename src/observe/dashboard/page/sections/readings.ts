import type { ReadingView, View } from '../../view/view.js';
import { el, type Child } from '../dom.js';
import type { Hour } from '../../view/hour.js';
import { inWords } from '../curve.js';
import { number, withUnit } from '../words.js';
import { badge, name, sign } from './badge.js';
import { empty, heading, type Around } from './frame.js';

/** So many charts at most: beyond, they are a table. */
const CHARTS = 12;

/** The readings that have a chart: what is bad always, inodes last. */
export function charted({ readings }: View): readonly ReadingView[] {
  const measured = readings.filter(({ value, threshold }) => value !== null && threshold !== null);
  const rank = ({ status, component }: ReadingView): number =>
    status === 'bad' ? 0 : component.startsWith('inodes:') ? 2 : 1;
  const chosen = new Set([...measured].sort((a, b) => rank(a) - rank(b)).slice(0, CHARTS));
  return measured.filter((reading) => chosen.has(reading));
}

/** What was read, against its threshold, now and over the last hour. */
export function readings(view: View, hour: Hour, { now }: Around): Child {
  const shown = charted(view);
  const unknown = view.readings.filter(({ status }) => status === 'unknown');
  return [
    heading('readings', 'Now, and the last hour', 'dashed: threshold · ▼ repaired'),
    shown.length === 0 && empty('Nothing that has a threshold was read yet.'),
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
            badge('unknown', 'not known'),
            ' ',
            name(label),
            ' ',
            el('span', { class: 'muted' }, reason),
          ),
        ),
      ),
    table(view.readings),
  ];
}

function meter(reading: ReadingView, hour: Hour, now: number): Child {
  const { key, label, status, unit } = reading;
  const value = reading.value ?? 0;
  const threshold = reading.threshold ?? 0;
  const top = unit === '%' ? 100 : Math.max(threshold * 1.3, value);
  const share = (part: number): string => `${top > 0 ? Math.min(100, (100 * part) / top) : 0}%`;
  const curve = hour.of(key);
  const words = curve ? inWords(curve, now) : '';
  return el(
    'figure',
    { key, class: 'panel meter', 'data-tone': status },
    el(
      'figcaption',
      {},
      el('span', { class: 'label' }, sign(status), ' ', label),
      el('span', { class: 'value' }, withUnit(value, unit)),
      el('span', { class: 'of muted' }, `of ${withUnit(threshold, unit)}`),
    ),
    el('div', { class: 'bar', 'aria-hidden': 'true', '--share': share(value), '--mark': share(threshold) }),
    el('div', {
      class: 'chart',
      own: true,
      'data-chart': key,
      role: 'img',
      'aria-label': `Chart of ${label}. ${words}`,
    }),
    el(
      'p',
      { class: 'muted small words', 'aria-hidden': 'true' },
      words,
      ' ',
      el('span', { class: 'under-pointer', own: true }),
    ),
  );
}

/** Every reading, for whoever wants numbers in rows. */
const table = (all: readonly ReadingView[]): Child =>
  all.length > 0 &&
  el(
    'details',
    { class: 'all' },
    el('summary', {}, `All readings as a table (${all.length})`),
    el(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'All readings' },
      el(
        'table',
        {},
        el(
          'thead',
          {},
          el(
            'tr',
            {},
            ['State', 'What', 'Now', 'Threshold', 'In words'].map((word) => el('th', { scope: 'col' }, word)),
          ),
        ),
        el(
          'tbody',
          {},
          all.map(({ key, component, status, value, threshold, unit, reason }) =>
            el(
              'tr',
              { key },
              el('td', {}, badge(status, status === 'bad' ? 'bad' : status === 'ok' ? 'ok' : 'not known')),
              el('th', { scope: 'row' }, name(component)),
              el('td', { class: 'figure' }, value === null ? '–' : withUnit(value, unit)),
              el('td', { class: 'figure' }, threshold === null ? '–' : number(threshold)),
              el('td', { class: 'muted' }, reason),
            ),
          ),
        ),
      ),
    ),
  );
