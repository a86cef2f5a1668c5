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

const keyOf = ({ check, component }: ComponentVerdict): string => `${check} ${component}`;

/** Returns the measured readings, and all verdicts that are not about units. */
export function readingsOf(verdicts: readonly ComponentVerdict[]): ReadingView[] {
  const chosen = verdicts.filter((verdict) => isMeasured(verdict) || !isUnit(verdict));
  return worstFirst(chosen, ROWS).map((verdict) => ({
    key: keyOf(verdict),
    component: verdict.component,
    label: labelOf(verdict.component),
    status: verdict.status,
    value: finite(verdict.value),
    threshold: finite(verdict.threshold),
    unit: rulesOf(verdict.check)?.unit ?? '',
    reason: cut(verdict.reason),
  }));
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
