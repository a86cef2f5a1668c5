import { rulesFor, rulesOf } from '../../../model/built-in-checks.js';
import { parseComponent } from '../../../model/component.js';
import { IssueType, type ComponentVerdict } from '../../../model/issue.js';
import { cut } from './bounds.js';
import type { ReadingView, UnitView } from './view.js';

/** So many rows at most; what is bad comes first. */
const ROWS = 200;

/** Whether a verdict is about a unit or a part of the host program. */
const isUnit = ({ type }: ComponentVerdict): boolean => type === IssueType.SERVICE;
/** A unit is up or down: that is a state, and no measure. */
const isMeasured = ({ check, value, threshold }: ComponentVerdict): boolean =>
  check !== 'services' && value !== undefined && threshold !== undefined;

const keyOf = ({ check, component }: ComponentVerdict): string => `${check} ${component}`;

/** What is measured, and whatever else is not a unit. */
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

/** Units and parts, and how many well ones there are beyond. */
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
  const parsed = parseComponent(component);
  const label = rulesFor(parsed)?.rules.label;
  return label === undefined ? component : `${label} ${parsed.of}`.trimEnd();
}
