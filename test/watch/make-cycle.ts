import { actionRegistry } from '../../src/actions/registry.js';
import { defineAction, type Verification } from '../../src/actions/define.js';
import type { InspectRequest } from '../../src/detect/detector.js';
import type { Host } from '../../src/host/host.js';
import { Ledger } from '../../src/memory/ledger.js';
import { EMPTY_STATE, type GuardState, type Intent, type Undo } from '../../src/memory/state.js';
import { memoryStore } from '../../src/memory/store.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import type { HealingAction, Plan } from '../../src/model/plan.js';
import type { EnginePorts } from '../../src/repair/ports.js';
import { fakeClock, fakeExecutor, fakeHost, recordingLogger } from '../../src/testing/index.js';
import { Cycle } from '../../src/watch/cycle.js';
import { whenDone } from '../make-engine.js';
import { service } from './make-looks.js';

/** Parts of {@link cycleOn} that a test decides. */
export interface CycleParts {
  /** State of an earlier run. */
  readonly state?: Partial<GuardState>;
  readonly dryRun?: boolean;
  /** Duration of a look, in milliseconds. Default: it is answered at once. */
  readonly lookMs?: number;
  /** Called when an action is executed. Default: its component is ok then. */
  readonly act?: (action: HealingAction) => void | Promise<void>;
  readonly plan?: (action: HealingAction) => Partial<Plan>;
  /** Result of a repair. Default: proven. */
  readonly verify?: () => Verification;
  readonly host?: Partial<Host>;
}

/** Time at which each {@link cycleOn} begins, in milliseconds. */
export const START = fakeClock().now();

/**
 * Creates a cycle whose detector reads the statuses in `now`, by component, and whose executor mends. `settings` may be
 * changed at any time.
 */
export function cycleOn(parts: CycleParts = {}) {
  const clock = fakeClock();
  const now: Record<string, ComponentVerdict['status']> = {};
  const store = memoryStore();
  const saved = store.save({ ...EMPTY_STATE, savedAt: START, ...parts.state });
  const load = async () => {
    await saved;
    await new Promise(setImmediate);
    return store.load();
  };
  const saves: GuardState[] = [];
  const save = (state: GuardState) => Promise.resolve(void saves.push(state));
  const logger = recordingLogger();
  const ledger = new Ledger({ store: { load, save }, clock, logger });
  const act = parts.act ?? (({ parameters }) => void (now[String(parameters['component'])] = 'ok'));
  const executor = fakeExecutor({ act, plan: (action) => parts.plan?.(action) ?? {} });
  const mend = defineAction({
    ...{
      parse: (parameters) => parameters,
      scope: 'host',
      risk: 'reversible',
      timeoutMs: 1_000,
      settleMs: 0,
    },
    plan: () => ({ targets: ['x'], steps: [], effect: 'x' }),
    verify: parts.verify ?? (() => ({ status: 'fixed', reason: 'as read again' })),
  });
  const told: string[] = [];
  const settings = { healingEnabled: true, dryRun: parts.dryRun ?? false };
  const seen = ({ component: only }: InspectRequest = {}) =>
    Object.entries(now)
      .filter(([component]) => only === undefined || component === only)
      .map(([component, status]) => service(component, status));
  const look = (request?: InspectRequest) =>
    parts.lookMs === undefined ? seen(request) : clock.sleep(parts.lookMs).then(() => seen(request));
  const ports = {
    ...{
      host: { ...fakeHost(), ...parts.host },
      executor,
      ledger,
      clock,
      logger,
      bootId: 'boot',
      guards: DEFAULT_GUARDS,
    },
    detector: { detectIssues: () => Promise.resolve([]), look },
    resolver: {
      getAction: ({ component }: { readonly component: string }) => ({
        action: 'mend',
        parameters: { component },
      }),
    },
    actions: actionRegistry({ mend }),
    policy: { services: undefined, protect: [] },
    approve: undefined,
    acting: new Set<string>(),
    hasListeners: () => false,
    emit: (
      name: string,
      event: {
        readonly issue?: { readonly component: string };
        readonly result?: { readonly issue: { readonly component: string } };
      },
    ) => {
      const { component = '' } = event.issue ?? event.result?.issue ?? {};
      told.push(`${name} ${component}`.trim());
    },
    get healingEnabled() {
      return settings.healingEnabled;
    },
    get dryRun() {
      return settings.dryRun;
    },
  };
  const cycle = new Cycle(ports as never as EnginePorts);
  const { signal } = new AbortController();
  return {
    ...{ cycle, clock, ledger, logger, executor, now, saves, told, settings, signal },
    /** Actions that were executed, with their components. */
    executed: () =>
      executor.executed.map(({ action, parameters }) => `${action} ${String(parameters['component'])}`),
    done: <T>(work: Promise<T>) => whenDone(work, clock),
  };
}

/** Returns a gate that holds an action until it is opened. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}

/** Returns the undo of a temporary change for a component. */
export const undoOf = (component: string, bootId = 'boot'): Undo => ({
  ...{ at: START, component, action: 'undo', parameters: { component }, bootId, until: 0 },
});

/** Returns an act without a recorded end, from an earlier run a while ago. */
export const intentOf = (component: string): Intent => ({
  ...{ at: START - 11 * 60_000, component, action: 'mend', scope: 'host', bootId: 'boot', check: 'services' },
});
