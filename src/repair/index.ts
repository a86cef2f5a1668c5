import type { Issue } from '../model/issue.js';
import type { Plan } from '../model/plan.js';
import type { HealingResult } from '../model/result.js';
import { repairAll } from './batch.js';
import { Judge } from './judge.js';
import type { PlanMemory } from './plan-memory.js';
import type { EnginePorts } from './ports.js';
import { Recorder } from './record.js';
import type { Slots } from './slots.js';

export { askByName } from './ask-by-name.js';
export { settleInterrupted } from './settle-interrupted.js';
export { undoAll } from './undo.js';
export { laterResult } from './result.js';

/** Options of {@link repairRound}. */
export interface RoundOptions {
  readonly dryRun: boolean;
  readonly slots: Slots;
  /** Plans of a monitor that may be used again. Without it, every plan is new. */
  readonly plans?: PlanMemory | undefined;
  readonly nextId: () => string;
  /** Returns the checks that opened the open issues of a component. */
  readonly openChecks: (component: string) => readonly string[];
  /** Called when an act starts. */
  readonly started: (component: string) => void;
  /** Called when approval of a plan is requested. */
  readonly asked: (plan: Plan) => void;
  /** Receives each result. */
  readonly done: (result: HealingResult) => void;
  readonly signal: AbortSignal;
}

/** Repairs issues with the ports of an engine. Returns one result each, in the order in which they were started. */
export function repairRound(
  issues: readonly Issue[],
  ports: EnginePorts,
  { dryRun, slots, plans, nextId, openChecks, started, asked, done, signal }: RoundOptions,
): Promise<HealingResult[]> {
  const { host, detector, resolver, executor, actions, policy } = ports;
  const { guards, ledger, clock, logger, bootId, acting, approve, emit } = ports;
  const isHealingEnabled = (): boolean => ports.healingEnabled;
  const isActing = (component: string): boolean => acting.has(component);
  return repairAll(
    issues,
    {
      ...{ host, detector, resolver, executor, actions, guards, ledger, clock, logger },
      ...{ isHealingEnabled, nextId, openChecks, slots, plans, done },
      // Read each time, so that switching on a dry run also stops waiting repairs.
      get dryRun() {
        return dryRun || ports.dryRun;
      },
      judge: new Judge({ policy, guards, ledger, isHealingEnabled, isActing }),
      recorder: new Recorder({ ledger, guards, clock, logger, bootId, acting }),
      announce: {
        planned: (event) => emit('heal:planned', event),
        started(event) {
          started(event.issue.component);
          emit('heal:started', event);
        },
      },
      approval: {
        ...{ ledger, guards, clock, logger, approve },
        asked(event) {
          asked(event.request.plan);
          emit('approval:asked', event);
        },
      },
    },
    signal,
  );
}
