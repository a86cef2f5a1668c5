import type { ComponentStatus, EngineStatus } from '../report/status.js';
import type { Metrics } from '../report/counts.js';
import { printable } from '../base/printable.js';
import type { ObservedEngine } from '../report/observer.js';

/** What is seen of an engine at one moment, cut down to what labels may hold. */
export interface Sight {
  readonly status: EngineStatus;
  readonly metrics: Metrics;
  /** By a name that is fit for a label: no more of them than are allowed, those in trouble first. */
  readonly components: ReadonlyMap<string, ComponentStatus>;
  /** How many are left out. */
  readonly hidden: number;
}

/** Looks at an engine. */
export function sightOf(engine: ObservedEngine, maxComponents: number): Sight {
  const status = engine.status();
  const components = new Map<string, ComponentStatus>();
  for (const component of inTroubleFirst(status.components)) {
    const name = labelValue(component.component);
    if (!components.has(name) && components.size < maxComponents) components.set(name, component);
  }
  const hidden = status.components.length - components.size;
  return { status, metrics: engine.getMetrics(), components, hidden };
}

const inTrouble = ({ issue, needsHuman, breaker }: ComponentStatus): boolean =>
  issue || needsHuman || breaker !== 'closed';

const inTroubleFirst = (components: readonly ComponentStatus[]): ComponentStatus[] => [
  ...components.filter(inTrouble),
  ...components.filter((component) => !inTrouble(component)),
];

const LONGEST = 128;
/** A word as a label may hold it: well-formed, one line, and not endless. A unit may be called anything. */
export function labelValue(word: string): string {
  const whole = printable(word);
  return whole.length <= LONGEST ? whole : `${printable(whole.slice(0, LONGEST - 1))}…`;
}
