import { vi } from 'vitest';
import {
  defineAction,
  verifyByCheck,
  type ActionDefinition,
  type PlanContext,
  type PlanDraft,
} from '../../src/actions/define.js';
import { actionRegistry } from '../../src/actions/registry.js';
import { silentLogger } from '../../src/base/logger.js';
import { MountRules } from '../../src/detect/mount-rules.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { LocalExecutor, type LocalExecutorOptions } from '../../src/execute/local-executor.js';
import { NO_HISTORY } from '../../src/memory/generations.js';
import { guardsFrom } from '../../src/model/guards.js';
import { nixSettings } from '../../src/model/nix-options.js';
import type { CallStep, CommandStep } from '../../src/model/plan.js';
import { failedUnit, fakeHost } from '../../src/testing/index.js';

/** Simulates running as root, or not. */
export const as = (uid: number): void =>
  void vi.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(uid);

/** Creates an executor of this machine, without a helper. */
export const executorWith = (
  actions: Readonly<Record<string, ActionDefinition>> = {},
  more: Partial<LocalExecutorOptions> = {},
): LocalExecutor =>
  new LocalExecutor({
    host: fakeHost({ units: [failedUnit()] }),
    readsThisMachine: () => true,
    actions: actionRegistry(actions),
    policy: { services: undefined, protect: [] },
    thresholds: () => thresholdValues(),
    mounts: new MountRules(),
    guards: guardsFrom(),
    nix: nixSettings(),
    keepSystems: () => [],
    history: () => NO_HISTORY,
    logger: silentLogger,
    helperSocket: '/nonexistent/helper.socket',
    ...more,
  });

/** Creates an action of host scope that makes such plans. */
export const ownAction = (
  draft: (context: PlanContext) => Partial<PlanDraft> | Promise<Partial<PlanDraft>>,
  more: Partial<ActionDefinition> = {},
): ActionDefinition =>
  defineAction<unknown>({
    parse: (parameters) => parameters,
    plan: async (_parameters, context) => ({
      ...{ targets: ['pool'], effect: 'The pool is new', steps: [] },
      ...(await draft(context)),
    }),
    verify: verifyByCheck,
    ...{ scope: 'host', risk: 'reversible', timeoutMs: 10_000 },
    ...more,
  });

export const callStep = (name: string, run: CallStep['run'] = () => undefined): CallStep => ({
  ...{ kind: 'call', name, run, timeoutMs: 10_000, interruptible: true },
});

export const commandStep = (argv: readonly string[], needsRoot = false): CommandStep => ({
  ...{ kind: 'command', argv, needsRoot, timeoutMs: 10_000, interruptible: true },
});
