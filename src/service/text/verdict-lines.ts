import type { ComponentVerdict, IssueType } from '../../model/issue.js';
import { groupBy, namesOf, shapeOf } from '../../report/group.js';
import type { Paint } from './paint.js';

const MARKS = { ok: '✓', bad: '✗', unknown: '?' } as const;
const PAINTS = { ok: 'good', bad: 'bad', unknown: 'doubt' } as const;
const CATEGORIES: Readonly<Record<IssueType, string>> = {
  resource: 'Resources',
  service: 'Services',
  system: 'System',
};

/** So many verdicts of one check and status are shown one by one; more share a line where they read alike. */
const APART = 3;
/** A category has at most this many lines; the bad ones come first then. */
const MOST_LINES = 6;

/** Readings by category: a line for each component, or for components with the same reading. */
export function verdictLines(verdicts: readonly ComponentVerdict[], paint: Paint): string[] {
  return Object.entries(CATEGORIES).flatMap(([type, title]) => {
    const rows = rowsOf(verdicts.filter((verdict) => verdict.type === type));
    if (rows.length === 0) return [];
    const width = Math.max(...rows.map(({ name }) => name.length));
    const order = ['bad', 'unknown', 'ok'] as const;
    const shown =
      rows.length <= MOST_LINES
        ? rows
        : rows.toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status)).slice(0, MOST_LINES);
    const left = rows.slice(shown.length).length;
    return [
      `  ${title}`,
      ...shown.map(({ status, name, words }) => {
        const mark = paint[PAINTS[status]](MARKS[status]);
        return `    ${mark} ${name.padEnd(width)}  ${status === 'ok' ? words : paint[PAINTS[status]](words)}`;
      }),
      ...(left === 0
        ? []
        : [paint.faint(`      and ${left} more ${left === 1 ? 'line' : 'lines'} like these`)]),
    ];
  });
}

interface Row {
  readonly status: ComponentVerdict['status'];
  readonly name: string;
  readonly words: string;
}

function rowsOf(verdicts: readonly ComponentVerdict[]): Row[] {
  return groupBy(verdicts, ({ check, status }) => `${check} ${status}`).flatMap(({ items }) =>
    groupBy(items, ({ component, reason }) =>
      items.length <= APART ? component : shapeOf(reason, component),
    ).map(rowOf),
  );
}

function rowOf({ first, items }: { first: ComponentVerdict; items: readonly ComponentVerdict[] }): Row {
  const { status, component, reason, check } = first;
  const known = status === 'unknown' ? `not known: ${reason}` : reason;
  if (items.length === 1) return { status, name: component, words: known };
  const names = namesOf(items.map((verdict) => verdict.component));
  return { status, name: check, words: `${items.length}: ${names}; the first: ${known}` };
}
