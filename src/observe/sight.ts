import type { ComponentStatus, EngineStatus } from '../report/status.js';
import type { Metrics } from '../report/counts.js';
import { printable } from '../base/printable.js';
import type { ObservedEngine } from '../report/observer.js';

/** State of an engine at one moment, reduced to what labels may hold. */
export interface Sight {
  readonly status: EngineStatus;
  readonly metrics: Metrics;
  /** Components by a name that is valid as a label, up to the limit, those with issues first. */
  readonly components: ReadonlyMap<string, ComponentStatus>;
  /** Number of components beyond the limit. */
  readonly hidden: number;
}

export function sightOf(engine: ObservedEngine, maxComponents: number): Sight {
  const status = engine.status();
  const components = new Map<string, ComponentStatus>();
  const issuesFirst = status.components.toSorted((a, b) => Number(hasIssue(b)) - Number(hasIssue(a)));
  for (const component of issuesFirst) {
    const name = labelValue(component.component);
    if (!components.has(name) && components.size < maxComponents) components.set(name, component);
  }
  const hidden = status.components.length - components.size;
  return { status, metrics: engine.getMetrics(), components, hidden };
}

const hasIssue = ({ issue, needsHuman, breaker }: ComponentStatus): boolean =>
  issue || needsHuman || breaker !== 'closed';

const LONGEST = 128;
/** Returns a word as a label value: well-formed, one line, of limited length. */
export function labelValue(word: string): string {
  const whole = printable(word);
  return whole.length <= LONGEST ? whole : `${printable(whole.slice(0, LONGEST - 1))}…`;
}
