import type { Severity } from '../../src/model/issue.js';

/** How something can be. */
export const CONDITIONS = ['ok', 'bad', 'worse', 'low', 'unknown', 'starting', 'looping', 'near'] as const;
export type Condition = (typeof CONDITIONS)[number];

/** Services that are listed. `sshd` is protected, and `proxy` would take a protected unit down with it. */
export const LISTED = ['web', 'db', 'queue', 'mail', 'sshd', 'proxy'] as const;
/** A service that nobody listed. */
export const STRAY = 'stray';
export const SERVICES: readonly string[] = [...LISTED, STRAY];
export const FORBIDDEN: readonly string[] = ['sshd', 'proxy', STRAY];

/** A check of the host program: what systemd cannot see. */
export interface Probe {
  /** The component that it speaks for; `db` is a listed service as well. */
  readonly component: string;
  readonly timeoutMs: number;
  readonly settleMs: number;
}

/** Every probe, by the name of its check. */
export const PROBES: Readonly<Record<string, Probe>> = {
  pool: { component: 'pool', timeoutMs: 5_000, settleMs: 60_000 },
  worker: { component: 'worker', timeoutMs: 30_000, settleMs: 0 },
  'web-http': { component: 'web-http', timeoutMs: 30_000, settleMs: 10_000 },
  'db-query': { component: 'db', timeoutMs: 5_000, settleMs: 5_000 },
};

/** What is no service: parts of the host program, resources, and a service as its users see it. */
export const OTHERS = ['pool', 'worker', 'web-http', 'memory', 'load'] as const;
export const COMPONENTS: readonly string[] = [...LISTED, STRAY, ...OTHERS];
/** Whatever turns by itself: components, and the one probe that speaks for a component that can turn otherwise, too. */
export const ASPECTS: readonly string[] = [...COMPONENTS, 'db-query'];

/** The probes that speak for a component. */
export const probesOf = (component: string): readonly string[] =>
  Object.keys(PROBES).filter((name) => PROBES[name]?.component === component);

/** The unit that a component is repaired by, where it is one. */
export const unitOf = (component: string): string => (component === 'web-http' ? 'web' : component);

/** What a reading says of something. */
export interface Truth {
  readonly status: 'ok' | 'bad' | 'unknown';
  readonly severity: Severity;
  /** On its way to another state by itself. */
  readonly moving: boolean;
}

const truth = (status: Truth['status'], severity: Severity = 3, moving = false): Truth => ({
  ...{ status, severity, moving },
});

/** What is read of an aspect in a condition. */
export function truthIn(aspect: string, condition: Condition): Truth {
  if (aspect === 'memory' || aspect === 'load') {
    if (condition === 'unknown') return truth('unknown');
    if (condition === 'worse') return truth('bad', 3);
    return condition === 'bad' ? truth('bad', 2) : truth('ok');
  }
  if (Object.hasOwn(PROBES, aspect)) {
    if (condition === 'unknown' || condition === 'starting') return truth('unknown');
    if (condition === 'low') return truth('bad', 1);
    if (condition === 'worse') return truth('bad', 4);
    return condition === 'bad' || condition === 'looping' ? truth('bad', 3) : truth('ok');
  }
  switch (condition) {
    case 'ok':
    case 'near':
      return truth('ok');
    case 'bad':
    case 'worse':
      return truth('bad', 3);
    case 'low':
      return truth('bad', 1);
    case 'unknown':
      return truth('unknown');
    case 'starting':
      return truth('ok', 3, true);
    case 'looping':
      return truth('bad', 3, true);
  }
}
