import { expectFunction, expectMethods, expectNumber, expectObject, expectOneOf } from '../base/expect.js';
import type { GenerationHistory } from '../memory/generations.js';
import type { ReadRequest } from '../host/host.js';
import type { NixActivity, SystemIdentity } from '../model/nixos-reading.js';
import type { Guards } from '../model/guards.js';
import type { NixSettings } from '../model/nix-options.js';
import type { Reading } from '../model/reading.js';
import type { MountReading, Snapshot } from '../model/snapshot.js';
import type { WatchedUnit } from '../detect/services.js';
import type { ThresholdValues } from '../detect/thresholds.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';
import { isPending, owned } from '../base/pending.js';
import type { Block, HealingAction, Plan, PlannedGeneration, Step } from '../model/plan.js';
import type { Execution, StepReport } from '../model/execution.js';

/** Functions and settings for making a plan. Nothing here changes the host. */
export interface PlanContext {
  /** Reads parts of the host. */
  readonly read: (request: ReadRequest) => Promise<Snapshot>;
  /** Anonymous memory of a unit, in bytes. */
  readonly unitMemory: (unit: string) => Promise<Reading<number>>;
  /** Units whose definition differs between two NixOS systems, given by store path. */
  readonly unitChanges: (from: string, to: string) => Promise<Reading<readonly string[]>>;
  /** Kernel and modules of a NixOS system, given by store path. */
  readonly systemIdentity: (path: string) => Promise<Reading<SystemIdentity>>;
  /** Reads whether a switch or a build is running. */
  readonly nixActivity: () => Promise<Reading<NixActivity>>;
  /** Reads why a system's own pre-switch checks refuse a switch without a reboot; `null` if they accept it. */
  readonly preSwitchCheck: (path: string) => Promise<Reading<string | null>>;
  /** Recorded history of the NixOS systems of this host. */
  readonly history: GenerationHistory;
  /** The systemd unit that this program runs in; `null` when it is none. */
  readonly ownUnit: string | null;
  readonly thresholds: ThresholdValues;
  /** Percentage of bytes below which a file system is ok again: by its own level, or by the threshold. */
  readonly diskClearsAt: (mount: MountReading) => number;
  /** Tuning for debounce, backoff, breakers and budgets. */
  readonly guards: Guards;
  /** Options of the actions on Nix and NixOS. */
  readonly nix: NixSettings;
  /** Store paths of systems that are never deleted, besides those that run, booted or are to boot. */
  readonly keep: readonly string[];
  /** Reports of earlier runs of the same act, where {@link ActionDefinition.runs} allows several. */
  readonly earlier: readonly StepReport[];
  /** The units that may be healed, where they were listed. */
  readonly services: readonly WatchedUnit[];
  readonly signal: AbortSignal;
}

/** Draft of a plan. The executor adds the state of the targets. */
export interface PlanDraft {
  /** Parameters completed by values decided while planning (an amount), so that planning again decides the same. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Targets. Names with a unit's suffix (`nginx.service`) are checked by the gates for units. */
  readonly targets: readonly string[];
  readonly steps: readonly Step[];
  /** Expected effect, as one sentence. */
  readonly effect: string;
  /** How it is undone, as one sentence. */
  readonly undo?: string;
  /** Change of the running NixOS system. */
  readonly generation?: PlannedGeneration;
  /** Action that undoes it; see `Plan.restore`. */
  readonly restore?: HealingAction;
  /** Measurements for `verify` to compare with. */
  readonly baseline?: Readonly<Record<string, number>>;
  /** Further information for operators. */
  readonly notes?: readonly string[];
  /** Why this host cannot carry it out, or would gain nothing by it. */
  readonly refusal?: Block;
  /** Why a person must approve it first. */
  readonly approval?: string;
}

/** Functions and settings for verifying a repair. */
export interface VerifyContext {
  readonly issue: Issue;
  readonly plan: Plan;
  /** Verdict on the issue's component before the act, if a check gave one. */
  readonly before: ComponentVerdict | undefined;
  /**
   * Runs the checks of the component after its settle time. The engine runs them in any case: a repair that `verify`
   * reports as `fixed` is `fixed` only if they agree.
   */
  readonly proof: () => Promise<Verification>;
  /** Runs the checks of the issue's component at once; `undefined` if no check covers it. */
  readonly inspect: () => Promise<ComponentVerdict | undefined>;
  /** Reads parts of the host. */
  readonly read: (request: ReadRequest) => Promise<Snapshot>;
  /** Reports of the steps; empty when another engine carried the act out. */
  readonly steps: readonly StepReport[];
  readonly guards: Guards;
  /** Waits until the repair has had its time to work, or for so many milliseconds. */
  readonly settle: (ms?: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Result of verifying a repair. */
export interface Verification {
  /** `pending` while a job of the repair still runs: the proof comes when it has ended. */
  readonly status: 'fixed' | 'ineffective' | 'unknown' | 'pending' | 'pending-reboot';
  /** Reading, as one sentence. */
  readonly reason: string;
  /** `true` when it made things worse, so that it is undone. Default: by the verdicts before and after. */
  readonly worse?: boolean;
}

/** Functions for undoing an action. */
export interface UndoContext {
  readonly signal: AbortSignal;
  /** Carries out another action, without approval. */
  readonly execute: (action: HealingAction) => Promise<Execution>;
}

/** Definition of an action. */
export interface ActionDefinition<Parameters = unknown> {
  /** Validates the parameters. Throws if they are invalid. */
  readonly parse: (parameters: Readonly<Record<string, unknown>>) => Parameters;
  /** Makes the plan; changes nothing. */
  plan(parameters: Parameters, context: PlanContext): PlanDraft | Promise<PlanDraft>;
  /** Reads again and returns whether the issue is gone. {@link verifyByCheck} does it by the checks of the component. */
  verify(parameters: Parameters, context: VerifyContext): Verification | Promise<Verification>;
  /** Undoes it when it made things worse. */
  undo?(parameters: Parameters, context: UndoContext): void | Promise<void>;
  /** `process` when it touches only the host program itself: it then needs no privilege. */
  readonly scope: 'host' | 'process';
  /** `disruptive` if users may notice it. */
  readonly risk: 'reversible' | 'disruptive';
  /** Time limit of all its steps together, in milliseconds, 1 to 86,400,000. */
  readonly timeoutMs: number;
  /**
   * Largest number of plans in one act, each made again after the one before, while there is something left to do. 1 to
   * 10. Default 1.
   */
  readonly runs?: number;
  /** Time between the repair and its verification, in milliseconds. Default: by the kind of the issue. */
  readonly settleMs?: number;
  /**
   * Returns why this host cannot carry it out at all, whatever the parameters, as one sentence; `undefined` where it can.
   * It changes nothing. Asked by `capabilities()`, and a plan is refused for the same reason. Default: it can.
   */
  unavailable?(context: CapabilityContext): string | undefined | Promise<string | undefined>;
  /**
   * Returns whether its steps need root on this host. Default: built-in actions do; for custom actions only the plan
   * tells.
   */
  needsRoot?(context: CapabilityContext): boolean | Promise<boolean>;
}

/** Functions for determining whether this host can carry an action out. */
export type CapabilityContext = Pick<PlanContext, 'read' | 'signal'>;

/** Defines an action; the type of its parameters is taken from `parse`. Throws at once when something is missing. */
export function defineAction<Parameters>(
  definition: Pick<ActionDefinition<Parameters>, 'parse'> & ActionDefinition<NoInfer<Parameters>>,
): ActionDefinition<Parameters> {
  return expectAction('action', definition) as ActionDefinition<Parameters>;
}

/** Checks the definition of an action. */
export function expectAction(option: string, definition: unknown): ActionDefinition {
  const { scope, risk, timeoutMs, settleMs, runs, undo, unavailable, needsRoot } = expectObject(
    option,
    definition,
  );
  expectMethods(option, definition, ['parse', 'plan', 'verify']);
  expectFunction(`${option}.undo`, undo);
  expectFunction(`${option}.unavailable`, unavailable);
  expectFunction(`${option}.needsRoot`, needsRoot);
  expectOneOf(`${option}.scope`, scope, ['host', 'process'], 'scope');
  expectOneOf(`${option}.risk`, risk, ['reversible', 'disruptive'], 'risk');
  expectNumber(`${option}.timeoutMs`, timeoutMs, 1, 86_400_000);
  if (settleMs !== undefined) expectNumber(`${option}.settleMs`, settleMs, 0, 86_400_000);
  if (runs !== undefined) expectNumber(`${option}.runs`, runs, 1, 10);
  return definition as ActionDefinition;
}

/** Returns the parsed parameters. Throws what `parse` throws, and refuses a `parse` that returns a promise. */
export function parametersOf<Parameters>(
  definition: ActionDefinition<Parameters>,
  given: Readonly<Record<string, unknown>>,
): Parameters {
  const parameters = definition.parse(given);
  if (!isPending(parameters)) return parameters;
  owned(parameters, () => undefined);
  throw new TypeError('`parse` must return the parameters at once, and not as a promise');
}

/** Proves a repair by the checks alone, after its time to settle. */
export const verifyByCheck = (_parameters: unknown, context: VerifyContext): Promise<Verification> =>
  context.proof();
