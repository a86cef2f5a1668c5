import { Random } from './random.js';
import { DISK, HEALED, MAINTENANCE, RESTARTING, SILENT, type Healed } from './services.js';

/** Faults of a host, with their relative frequency. */
export const WEIGHTS = {
  /** kill -9 of a service's main process. */
  kill: 26,
  /** SIGTERM to it: it ends well, though nobody stopped it. */
  terminate: 10,
  /** Its program is gone, and it dies. */
  break: 7,
  /** A person stops it. */
  stop: 7,
  /** It is masked, and dies. */
  mask: 4,
  /** It dies within the settle time, as often as it is started. */
  flaky: 5,
  /** Restart= of systemd has to do. */
  'kill restarting': 5,
  'kill protected': 3,
  'kill unlisted': 4,
  'kill all': 3,
  /** A person starts a unit that conflicts with it. */
  'gives way': 4,
  'fill disk': 8,
  /** The small file system becomes read-only. */
  'read-only': 4,
  /** Something is mounted that never answers. */
  'silent mount': 4,
  'restart bus': 5,
  /** kill -9 of the engine while it repairs. */
  'kill engine': 7,
  /** The same, and its state is damaged before it is started again. */
  'damage state': 3,
  /** SIGTERM to the engine, and another one. */
  'restart engine': 3,
} as const;
export type FaultKind = keyof typeof WEIGHTS;

/** Damage that stays until somebody mends it. */
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

/** One thing that is done to the host. */
export interface Fault {
  readonly kind: FaultKind;
  /** The service, where it is done to one. */
  readonly target?: string;
  /** After so many other faults it is mended. */
  readonly lasts: number;
  /** From 0 up to 1: for choices within the kind. */
  readonly chance: number;
  /** Pause after it, in milliseconds. */
  readonly pauseMs: number;
}

/** Which services each kind can hit. */
const TARGETS: Partial<Record<FaultKind, readonly string[]>> = {
  kill: HEALED,
  terminate: HEALED,
  break: HEALED.filter((service) => service !== 'chaos-flaky'),
  // Starting a service that needs the database starts the database: a stop would not last.
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

/** The faults of a seed: each kind once, in any order, and then as the weights say. Pure. */
export function planFaults(seed: number, count: number): Fault[] {
  const random = new Random(seed);
  const kinds = random.shuffled(Object.keys(WEIGHTS) as FaultKind[]).slice(0, count);
  while (kinds.length < count) kinds.push(random.weighted(WEIGHTS));
  const damaged = new Map<string, number>();
  return kinds.map((wanted, index) => {
    for (const [target, until] of damaged) if (until <= index) damaged.delete(target);
    const free = (kind: FaultKind) => TARGETS[kind]?.filter((target) => !damaged.has(target));
    // What is damaged already is not damaged again; then something simple is done elsewhere.
    const kind = free(wanted)?.length === 0 ? 'kill' : wanted;
    const target = random.oneOf(free(kind) ?? []);
    const lasts = LASTING.includes(kind) ? random.between(2, 5) : 0;
    if (target !== undefined && lasts > 0) damaged.set(target, index + lasts + 1);
    const pauseMs = random.between(50, 550) + (kind === 'kill all' ? 2_000 : 0);
    return { kind, ...(target === undefined ? {} : { target }), lasts, chance: random.next(), pauseMs };
  });
}
