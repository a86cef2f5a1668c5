import type { Detector } from '../../src/detect/detector.js';
import type { Store } from '../../src/memory/store.js';
import { GenerationWatch } from '../../src/generations/watch.js';
import type { Host, ReadRequest } from '../../src/host/host.js';
import {
  NO_GENERATIONS,
  runningOf,
  type Generations,
  type SystemRecord,
} from '../../src/memory/generations.js';
import { Ledger } from '../../src/memory/ledger.js';
import { EMPTY_STATE, type GuardState } from '../../src/memory/state.js';
import { watchedUnits } from '../../src/detect/watched.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { Severity, type ComponentVerdict } from '../../src/model/issue.js';
import {
  fakeClock,
  fakeHost,
  nixosReading,
  recordingLogger,
  systemIdentity,
  systemReading,
  unitReading,
  type FakeHostParts,
} from '../../src/testing/index.js';
import { verdictOf } from '../make.js';

export const MINUTE = 60_000;
export const [A, B] = [systemIdentity('a').path, systemIdentity('b').path];
export const RUNS_A = { system: systemReading({ nixos: nixosReading(['a']) }) };
/** A verdict of the check `services`. */
export const service = (component: string, more: Partial<ComponentVerdict> = {}) =>
  verdictOf({ component, check: 'services', status: 'bad', severity: Severity.HIGH, ...more });

/** Options of {@link watching}. */
export interface Scene {
  readonly state?: Partial<GuardState>;
  readonly parts?: FakeHostParts;
  readonly host?: Partial<Host>;
  /** `null` for no list. */
  readonly services?: readonly string[] | null;
  readonly dryRun?: boolean;
  /** The state is not held. Default: in a dry run. */
  readonly readOnly?: boolean;
  readonly verdicts?: () => readonly ComponentVerdict[] | Promise<readonly ComponentVerdict[]>;
  readonly enabledChecks?: readonly string[];
  readonly detector?: Partial<Detector>;
  readonly store?: Partial<Store>;
}

/** A watch around a detector, on a host of NixOS, with what it reads and saves. */
export async function watching({
  state = {},
  parts = {},
  services = ['nginx'],
  dryRun = false,
  readOnly = dryRun,
  ...more
}: Scene = {}) {
  const clock = fakeClock();
  const logger = recordingLogger();
  const fake = fakeHost(
    { ...RUNS_A, units: [unitReading({ name: 'nginx' })], unitChanges: () => [], ...parts },
    { clock },
  );
  const reads: ReadRequest[] = [];
  const compared: string[] = [];
  const host = {
    ...fake,
    read: async (request: ReadRequest) => (reads.push(request), fake.read(request)),
    unitChanges: async (from: string, to: string) => (compared.push(`${from} ${to}`), ['nginx.service']),
    ...more.host,
  } as Host;
  const saved: GuardState[] = [];
  const store = {
    load: () => Promise.resolve<GuardState>({ ...EMPTY_STATE, ...state, savedAt: clock.now() }),
    save: async (next: GuardState) => void saved.push(next),
    ...more.store,
  };
  const ledger = new Ledger({ store, clock, logger });
  await ledger.open(readOnly);
  const detector = {
    detectIssues: async () => [],
    look: () => more.verdicts?.() ?? [],
    ...(more.enabledChecks && { enabledChecks: more.enabledChecks }),
    ...more.detector,
  } as Detector;
  const watch = new GenerationWatch({
    ...{ host, ledger, clock, logger, dryRun, guards: DEFAULT_GUARDS },
    policy: { services: services === null ? undefined : watchedUnits(services) },
    bootId: 'now',
    acting: new Set<string>(),
  });
  const around = watch.around(detector);
  const look = async () => (await around.look?.()) ?? [];
  const units = () => runningOf(ledger.state.generations)?.units ?? {};
  return {
    around,
    look,
    clock,
    ledger,
    reads,
    compared,
    saved,
    units,
    fake,
    words: () => logger.lines.map((line) => line.message),
  };
}
/** The record of a host that runs B after A, with one unit. */
export const record = (failing: boolean): Generations => {
  const system: SystemRecord = {
    ...{ previous: A, enteredAt: 1, seenAt: 1, blindMs: 0, quietSince: 1, good: false, bad: null },
    units: {
      'nginx.service': {
        ...{
          run: '',
          activeSince: null,
          activeUntil: null,
          healthy: false,
          failedAt: failing ? 1 : null,
          failing,
        },
      },
    },
  };
  return {
    ...NO_GENERATIONS,
    running: B,
    systems: { [B]: system, [A]: { ...system, previous: null, units: {} } },
  };
};
export const RUNS_B = { system: systemReading({ nixos: nixosReading(['a', 'b']) }) };
