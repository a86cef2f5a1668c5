import { rulesFor, rulesOf } from '../../../model/built-in-checks.js';
import { parseComponent } from '../../../model/component.js';
import { IssueType, type ComponentVerdict } from '../../../model/issue.js';
import { cut } from './bounds.js';
import type { ReadingView, UnitView } from './view.js';

/** Limit of rows; bad ones come first. */
const ROWS = 200;

/** Returns whether a verdict is about a unit or a part of the host program. */
const isUnit = ({ type }: ComponentVerdict): boolean => type === IssueType.SERVICE;
/** Returns whether a verdict has a number; the state of a unit is none. */
const isMeasured = ({ check, value, threshold }: ComponentVerdict): boolean =>
  check !== 'services' && value !== undefined && threshold !== undefined;

type Measure = Pick<ReadingView, 'value' | 'threshold' | 'unit'>;

const keyOf = ({ check, component }: ComponentVerdict): string => `${check} ${component}`;

/** Returns the measured readings, and all verdicts that are not about units. */
export function readingsOf(verdicts: readonly ComponentVerdict[]): ReadingView[] {
  const chosen = verdicts.filter((verdict) => isMeasured(verdict) || !isUnit(verdict));
  return worstFirst(chosen, ROWS).map((verdict) => ({
    key: keyOf(verdict),
    component: verdict.component,
    label: labelOf(verdict.component),
    status: verdict.status,
    ...measureOf(verdict),
    reason: cut(verdict.reason),
  }));
}

const MIB = 2 ** 20;
const DAY_S = 86_400;
const HOUR_S = 3_600;

/** Returns value, threshold and unit for display: MiB for bytes, hours or days for long times. */
function measureOf({ check, value, threshold, valueUnit = '' }: ComponentVerdict): Measure {
  const most = threshold ?? value ?? 0;
  const [per, unit]: readonly [number, string] =
    valueUnit === 'B'
      ? [MIB, 'MiB']
      : valueUnit === 's' && most >= 2 * DAY_S
        ? [DAY_S, 'd']
        : valueUnit === 's' && most >= 2 * HOUR_S
          ? [HOUR_S, 'h']
          : [1, rulesOf(check)?.unit ?? valueUnit];
  const inUnit = (number: number | undefined): number | null =>
    finite(number === undefined ? undefined : number / per);
  return { value: inUnit(value), threshold: inUnit(threshold), unit };
}

/** Returns units and parts, the bad ones first, with the number of further healthy ones. */
export function unitsOf(verdicts: readonly ComponentVerdict[]): { units: UnitView[]; more: number } {
  const all = verdicts.filter(isUnit);
  const bySeverity = [...all].sort((a, b) => RANK[a.status] - RANK[b.status]);
  const units = bySeverity.slice(0, ROWS).map((verdict) => ({
    key: keyOf(verdict),
    component: verdict.component,
    status: verdict.status,
    reason: cut(verdict.reason),
  }));
  return { units, more: all.length - units.length };
}

const RANK = { bad: 0, unknown: 1, ok: 2 } as const;

/** Keeps the worst when there are too many, in their original order. */
function worstFirst(verdicts: readonly ComponentVerdict[], most: number): readonly ComponentVerdict[] {
  if (verdicts.length <= most) return verdicts;
  const kept = new Set([...verdicts].sort((a, b) => RANK[a.status] - RANK[b.status]).slice(0, most));
  return verdicts.filter((verdict) => kept.has(verdict));
}

/** JSON has neither infinite numbers nor -0. */
const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value + 0 : null;

function labelOf(component: string): string {
  const parsed = parseComponent(component);
  const label = rulesFor(parsed)?.rules.label;
  return label === undefined ? component : `${label} ${parsed.of}`.trimEnd();
}
