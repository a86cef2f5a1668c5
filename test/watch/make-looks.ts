import type { Detector, InspectRequest, Looked } from '../../src/detect/detector.js';
import { Ledger } from '../../src/memory/ledger.js';
import { EMPTY_STATE, type GuardState } from '../../src/memory/state.js';
import { memoryStore } from '../../src/memory/store.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { fakeClock, fakeHost, recordingLogger } from '../../src/testing/index.js';
import { Looks } from '../../src/watch/look.js';
import { verdictOf } from '../make.js';

/** Parts of {@link looksOn} that a test decides. */
export interface LooksParts {
  /** State of an earlier run. */
  readonly state?: Partial<GuardState>;
  /** Answers a look; it may be asynchronous, and may throw. Default: nothing to judge. */
  readonly look?: (request: InspectRequest) => Looked;
  readonly glance?: Detector['glance'];
  /** Events with a listener. */
  readonly listens?: readonly string[];
  readonly protect?: readonly string[];
  readonly services?: readonly string[];
  readonly dryRun?: boolean;
}

/** Creates looks with a given detector, and records what they report. `took(ms)` lets time pass during a look. */
export function looksOn(parts: LooksParts = {}) {
  const fake = fakeClock();
  let later = 0;
  const clock = { ...fake, now: () => fake.now() + later, monotonic: () => fake.monotonic() + later };
  const store = memoryStore();
  const loads: boolean[] = [];
  const saved = store.save({ ...EMPTY_STATE, savedAt: fake.now(), ...parts.state });
  const logger = recordingLogger();
  const saves: GuardState[] = [];
  const save = (state: GuardState) => Promise.resolve(void saves.push(state));
  const load = async (options: { readonly readOnly: boolean }) => {
    loads.push(options.readOnly);
    await saved;
    await new Promise(setImmediate);
    return store.load(options);
  };
  const ledger = new Ledger({ store: { ...store, load, save }, clock, logger });
  const requests: InspectRequest[] = [];
  const told: string[] = [];
  const calls: string[] = [];
  const acting = new Set<string>();
  const units = parts.services?.map((name) => [`${name}.service`, { unit: `${name}.service` }] as const);
  const activeServices = () => new Promise<string[]>((resolve) => setImmediate(() => resolve([])));
  const ports = {
    ...{
      ledger,
      clock,
      logger,
      acting,
      bootId: 'boot',
      guards: DEFAULT_GUARDS,
      dryRun: parts.dryRun ?? false,
    },
    host: { ...fakeHost({ logs: { 'a.service': ['it crashed'] } }), activeServices },
    policy: { protect: parts.protect ?? [], services: units && new Map(units) },
    detector: {
      detectIssues: () => Promise.resolve([]),
      look: (request: InspectRequest = {}) => {
        requests.push(request);
        return parts.look?.(request) ?? [];
      },
      ...(parts.glance ? { glance: parts.glance } : {}),
    },
    hasListeners: (name: string) => parts.listens?.includes(name) === true,
    emit: (
      name: string,
      event: { readonly issue?: { readonly component: string }; readonly component?: string },
    ) => void told.push(`${name} ${event.issue?.component ?? event.component ?? ''}`.trim()),
  };
  const looks = new Looks(ports as never, {
    closed: (component) => void calls.push(`closed ${component}`),
    settle: async (verdicts) => {
      await new Promise(setImmediate);
      calls.push(`settle ${verdicts.map(({ component, status }) => `${component} ${status}`).join(', ')}`);
    },
  });
  const { signal } = new AbortController();
  return {
    ...{
      looks,
      ledger,
      clock,
      logger,
      requests,
      told,
      calls,
      loads,
      saves,
      acting,
      signal,
      host: ports.host,
    },
    mode: { signal, dryRun: ports.dryRun },
    took: (ms: number) => void (later += ms),
  };
}

/** Creates looks whose detector answers with `now.verdicts`, and by name with `now.named`. */
export function answeredLooks(parts: Omit<LooksParts, 'look'> = {}) {
  const now: { verdicts: readonly ComponentVerdict[]; named: readonly ComponentVerdict[] } = {
    verdicts: [],
    named: [],
  };
  const more = looksOn({
    ...parts,
    look: ({ component }) => (component === undefined ? now.verdicts : now.named),
  });
  const look = async (...verdicts: readonly ComponentVerdict[]) => {
    now.verdicts = verdicts;
    return more.looks.all(more.mode);
  };
  const open = () => more.looks.open.issues.map(({ component }) => component);
  return { ...more, now, look, open };
}

/** Returns the verdict of the check `services` on a component. */
export const service = (
  component: string,
  status: ComponentVerdict['status'],
  more: Partial<ComponentVerdict> = {},
): ComponentVerdict => verdictOf({ check: 'services', type: 'service', component, status, ...more });

/** Returns an answer of a detector that a test gives later. */
export function deferred(): {
  readonly answer: Looked;
  readonly give: (verdicts: readonly ComponentVerdict[]) => void;
} {
  let give: (verdicts: readonly ComponentVerdict[]) => void = () => undefined;
  const answer = new Promise<readonly ComponentVerdict[]>((resolve) => (give = resolve));
  return { answer, give: (verdicts) => give(verdicts) };
}
