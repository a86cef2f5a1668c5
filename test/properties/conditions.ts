import type { Severity } from '../../src/model/issue.js';

/** Conditions of a component. */
export const CONDITIONS = ['ok', 'bad', 'worse', 'low', 'unknown', 'starting', 'looping', 'near'] as const;
export type Condition = (typeof CONDITIONS)[number];

/** Listed services. `sshd` is protected, and stopping `proxy` would stop a protected unit. */
export const LISTED = ['web', 'db', 'queue', 'mail', 'sshd', 'proxy'] as const;
/** Unlisted service. */
export const STRAY = 'stray';
export const SERVICES: readonly string[] = [...LISTED, STRAY];
export const FORBIDDEN: readonly string[] = ['sshd', 'proxy', STRAY];

/** Custom check of a fault that systemd cannot see. */
export interface Probe {
  /** Component of that check; `db` is a listed service as well. */
  readonly component: string;
  readonly timeoutMs: number;
  readonly settleMs: number;
}

/** Probes, by the name of their check. */
export const PROBES: Readonly<Record<string, Probe>> = {
  pool: { component: 'pool', timeoutMs: 5_000, settleMs: 60_000 },
  worker: { component: 'worker', timeoutMs: 30_000, settleMs: 0 },
  'web-http': { component: 'web-http', timeoutMs: 30_000, settleMs: 10_000 },
  'db-query': { component: 'db', timeoutMs: 5_000, settleMs: 5_000 },
};

/** Components other than services: parts of the host program, resources, and a service as its users see it. */
export const OTHERS = ['pool', 'worker', 'web-http', 'memory', 'load'] as const;
export const COMPONENTS: readonly string[] = [...LISTED, STRAY, ...OTHERS];
/** Everything that can change by itself: components, and the one probe whose result can differ from its component. */
export const ASPECTS: readonly string[] = [...COMPONENTS, 'db-query'];

/** Returns the probes of a component. */
export const probesOf = (component: string): readonly string[] =>
  Object.keys(PROBES).filter((name) => PROBES[name]?.component === component);

/** Returns the unit by which a component is repaired, if any. */
export const unitOf = (component: string): string => (component === 'web-http' ? 'web' : component);

/** Reading of a component or probe. */
export interface Truth {
  readonly status: 'ok' | 'bad' | 'unknown';
  readonly severity: Severity;
  /** `true` if it is in transition. */
  readonly moving: boolean;
}

const truth = (status: Truth['status'], severity: Severity = 3, moving = false): Truth => ({
  ...{ status, severity, moving },
});

/** Returns the reading in a condition. */
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
