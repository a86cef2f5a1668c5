import { Random } from './random.js';
import { DISK, HEALED, MAINTENANCE, RESTARTING, SILENT, type Healed } from './services.js';

/** Faults of a host, with their relative frequency. */
export const WEIGHTS = {
  /** SIGKILL to the main process of a service. */
  kill: 26,
  /** SIGTERM to it: it ends with success, though nobody stopped it. */
  terminate: 10,
  /** Its program is removed, and it dies. */
  break: 7,
  /** An operator stops it. */
  stop: 7,
  /** It is masked, and dies. */
  mask: 4,
  /** It dies within the settle time, as often as it is started. */
  flaky: 5,
  /** It dies, and Restart= of systemd must restart it. */
  'kill restarting': 5,
  'kill protected': 3,
  'kill unlisted': 4,
  'kill all': 3,
  /** An operator starts a unit that conflicts with it. */
  'gives way': 4,
  'fill disk': 8,
  /** The small file system becomes read-only. */
  'read-only': 4,
  /** A file system is mounted that never answers. */
  'silent mount': 4,
  'restart bus': 5,
  /** SIGKILL to the engine during a repair. */
  'kill engine': 7,
  /** The same, with a damaged state before its next start. */
  'damage state': 3,
  /** SIGTERM to the engine, and a new one. */
  'restart engine': 3,
} as const;
export type FaultKind = keyof typeof WEIGHTS;

/** `true` for damage that stays until it is fixed. */
export const LASTING: readonly FaultKind[] = [
  'break',
  'stop',
  'mask',
  'flaky',
  'kill protected',
  'kill unlisted',
  'gives way',
  'read-only',
  'silent mount',
];

/** Planned fault. */
export interface Fault {
  readonly kind: FaultKind;
  /** Service, for a fault of one. */
  readonly target?: string;
  /** Number of other faults until it is fixed. */
  readonly lasts: number;
  /** From 0 up to 1: for choices within the kind. */
  readonly chance: number;
  /** Pause after it, in milliseconds. */
  readonly pauseMs: number;
}

/** Services that each kind can affect. */
const TARGETS: Partial<Record<FaultKind, readonly string[]>> = {
  kill: HEALED,
  terminate: HEALED,
  break: HEALED.filter((service) => service !== 'chaos-flaky'),
  // Starting a service that needs the database also starts the database: a stop would not last.
  stop: HEALED.filter((service) => service !== 'chaos-database'),
  mask: ['chaos-plain', 'chaos-limited', 'chaos-slow', 'nginx'] satisfies Healed[],
  flaky: ['chaos-flaky'],
  'kill restarting': [RESTARTING],
  'kill protected': ['chaos-remote'],
  'kill unlisted': ['chaos-stranger'],
  'gives way': [MAINTENANCE.instead],
  'read-only': [DISK.path],
  'silent mount': [SILENT],
};

/** Returns the faults of a seed: each kind once, in any order, and then by weight. Pure. */
export function planFaults(seed: number, count: number): Fault[] {
  const random = new Random(seed);
  const kinds = random.shuffled(Object.keys(WEIGHTS) as FaultKind[]).slice(0, count);
  while (kinds.length < count) kinds.push(random.weighted(WEIGHTS));
  const damaged = new Map<string, number>();
  return kinds.map((wanted, index) => {
    for (const [target, until] of damaged) if (until <= index) damaged.delete(target);
    const free = (kind: FaultKind) => TARGETS[kind]?.filter((target) => !damaged.has(target));
    // A damaged service is not damaged again; a simple fault of another one replaces it.
    const kind = free(wanted)?.length === 0 ? 'kill' : wanted;
    const target = random.oneOf(free(kind) ?? []);
    const lasts = LASTING.includes(kind) ? random.between(2, 5) : 0;
    if (target !== undefined && lasts > 0) damaged.set(target, index + lasts + 1);
    const pauseMs = random.between(50, 550) + (kind === 'kill all' ? 2_000 : 0);
    return { kind, ...(target === undefined ? {} : { target }), lasts, chance: random.next(), pauseMs };
  });
}
