import { IssueType, type ComponentVerdict } from '../../../issue.js';
import type { ReadingView, UnitView } from './view.js';

const LABELS: Readonly<Record<string, string>> = { cpu: 'CPU', memory: 'Memory', load: 'Load average' };
/** Checks whose numbers are percentages. */
const PERCENT: readonly string[] = ['cpu', 'memory', 'disk'];
/** So many rows at most; what is bad comes first. */
const ROWS = 200;

/** Whether a verdict is about a unit or a part of the host program. */
const isUnit = ({ type }: ComponentVerdict): boolean => type === IssueType.SERVICE;
/** A unit is up or down: that is a state, and no measure. */
const isMeasured = ({ check, value, threshold }: ComponentVerdict): boolean =>
  check !== 'services' && value !== undefined && threshold !== undefined;

type Measure = Pick<ReadingView, 'value' | 'threshold' | 'unit'>;

const keyOf = ({ check, component }: ComponentVerdict): string => `${check} ${component}`;

/** What is measured, and whatever else is not a unit. */
export function readingsOf(verdicts: readonly ComponentVerdict[]): ReadingView[] {
  const chosen = verdicts.filter((verdict) => isMeasured(verdict) || !isUnit(verdict));
  return worstFirst(chosen, ROWS).map((verdict) => ({
    key: keyOf(verdict),
    component: verdict.component,
    label: labelOf(verdict.component),
    status: verdict.status,
    ...measureOf(verdict),
    reason: verdict.reason,
  }));
}

const MIB = 2 ** 20;
const DAY_S = 86_400;
const HOUR_S = 3_600;

/** Value, threshold and unit as people say them: bytes are many, and so are the seconds of a day. */
function measureOf({ check, value, threshold, valueUnit = '' }: ComponentVerdict): Measure {
  const most = threshold ?? value ?? 0;
  const [per, unit]: readonly [number, string] =
    valueUnit === 'B'
      ? [MIB, 'MiB']
      : valueUnit === 's' && most >= 2 * DAY_S
        ? [DAY_S, 'd']
        : valueUnit === 's' && most >= 2 * HOUR_S
          ? [HOUR_S, 'h']
          : [1, PERCENT.includes(check) ? '%' : valueUnit];
  const inUnit = (number: number | undefined): number | null =>
    finite(number === undefined ? undefined : number / per);
  return { value: inUnit(value), threshold: inUnit(threshold), unit };
}

/** Units and parts, and how many well ones there are beyond. */
export function unitsOf(verdicts: readonly ComponentVerdict[]): { units: UnitView[]; more: number } {
  const all = verdicts.filter(isUnit);
  const bySeverity = [...all].sort((a, b) => RANK[a.status] - RANK[b.status]);
  const units = bySeverity.slice(0, ROWS).map((verdict) => ({
    key: keyOf(verdict),
    component: verdict.component,
    status: verdict.status,
    reason: verdict.reason,
  }));
  return { units, more: all.length - units.length };
}

const RANK = { bad: 0, unknown: 1, ok: 2 } as const;

/** When there are too many, the worst are kept; the order stays as it was, so that nothing jumps about. */
function worstFirst(verdicts: readonly ComponentVerdict[], most: number): readonly ComponentVerdict[] {
  if (verdicts.length <= most) return verdicts;
  const kept = new Set([...verdicts].sort((a, b) => RANK[a.status] - RANK[b.status]).slice(0, most));
  return verdicts.filter((verdict) => kept.has(verdict));
}

/** JSON has no word for what is not finite, nor for a zero with a sign. */
const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value + 0 : null;

function labelOf(component: string): string {
  if (component.startsWith('disk:')) return `Disk ${component.slice(5)}`;
  if (component.startsWith('inodes:')) return `Inodes ${component.slice(7)}`;
  if (component.startsWith('readonly:')) return `Writes to ${component.slice(9)}`;
  return Object.hasOwn(LABELS, component) ? LABELS[component]! : component;
}
