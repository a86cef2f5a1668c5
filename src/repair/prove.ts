import { rulesFor } from '../model/built-in-checks.js';
import { parseComponent } from '../model/component.js';
import {
  parametersOf,
  verifyByCheck,
  type ActionDefinition,
  type Verification,
  type VerifyContext,
} from '../actions/define.js';
import { lookAgain, worstVerdict } from '../detect/look-again.js';
import { messageOf } from '../base/errors.js';
import type { Guards } from '../model/guards.js';
import { IssueType, type ComponentVerdict, type Issue } from '../model/issue.js';
import type { Plan } from '../model/plan.js';
import { DEADLINES } from '../base/deadlines.js';
import { within } from '../base/within.js';
import { span } from '../base/format.js';
import type { EnginePorts } from './ports.js';
import { proofOf, type Proof } from './proof.js';
import type { StepReport } from '../model/execution.js';

/** A repair, and the verdicts just before it. */
export interface Repair {
  readonly id: string;
  readonly issue: Issue;
  readonly plan: Plan;
  readonly before: readonly ComponentVerdict[];
  /** Checks that opened an issue of the component which is still open. */
  readonly openChecks: readonly string[];
}

/** Sources of a proof. */
export interface ProofSources extends Pick<EnginePorts, 'host' | 'detector' | 'guards' | 'clock'> {
  readonly signal: AbortSignal;
}

/** Joined verification of the action and of the checks, with the last verdicts. */
export interface Proved extends Verification {
  readonly after: readonly ComponentVerdict[];
}

/** Interval of a custom check while a repair settles, in milliseconds. */
const EVERY_MS = 1_000;

/**
 * Proves a repair. It is `fixed` only when the verification of the action and the checks that raised the issue agree.
 * Never rejects.
 */
export async function prove(
  repair: Repair,
  definition: ActionDefinition | undefined,
  steps: readonly StepReport[],
  sources: ProofSources,
): Promise<Proved> {
  const { clock, guards, signal } = sources;
  const settleMs = definition?.settleMs ?? settleMsOf(repair.issue, guards);
  const alarm = new Alarm(repair, settleMs, sources);
  try {
    const ms = verifyMsOf(repair, settleMs, guards);
    const late = `\`verify\` of \`${repair.plan.action}\` did not answer within ${span(ms)}`;
    const own = expectVerification(
      await within({ ms, clock, signal, late }, () =>
        ownVerification(repair, definition, steps, alarm, sources),
      ),
    );
    if (own.status !== 'fixed') return { ...own, after: await alarm.last() };
    // Its `verify` may have run the checks already.
    const proof = alarm.answer?.status === 'ok' ? alarm.answer : await alarm.ask();
    return { ...joined(own, proof), after: await alarm.last() };
  } catch (error) {
    const reason = signal.aborted ? 'the engine was stopped' : messageOf(error);
    return { status: 'unknown', reason, after: await alarm.last().catch(() => []) };
  }
}

function joined(own: Verification, proof: Proof): Verification {
  switch (proof.status) {
    case 'ok':
      return own.reason.includes(proof.reason) ? own : { ...own, reason: `${own.reason}; ${proof.reason}` };
    case 'bad':
      return { status: 'ineffective', reason: proof.reason };
    case 'unknown':
      return { status: 'unknown', reason: proof.reason };
    case 'unchecked':
      return { ...own, reason: `${own.reason}; no check opened this issue, so only the action proves it` };
  }
}

function ownVerification(
  { issue, plan, before }: Repair,
  definition: ActionDefinition | undefined,
  steps: readonly StepReport[],
  alarm: Alarm,
  { host, guards, clock, signal }: ProofSources,
): Verification | Promise<Verification> {
  const context: VerifyContext = {
    ...{ issue, plan, steps, guards, signal },
    before: worstVerdict(before),
    inspect: async () => worstVerdict(await alarm.read()),
    proof: async () => {
      const { status, reason } = await alarm.ask();
      return { status: status === 'ok' ? 'fixed' : status === 'bad' ? 'ineffective' : 'unknown', reason };
    },
    // The signal for the end of a job may arrive late.
    read: async (request) => host.read({ ...request, fresh: true, signal }),
    settle: (ms = alarm.settleMs) => clock.sleep(ms, signal),
  };
  return definition === undefined
    ? verifyByCheck({}, context)
    : definition.verify(parametersOf(definition, plan.parameters), context);
}

/** Runs the checks of a component after its settle time. */
class Alarm {
  readonly #repair: Repair;
  readonly settleMs: number;
  readonly #sources: ProofSources;
  readonly #actedAt: number;
  #after: readonly ComponentVerdict[] | undefined;
  /** Last proof; `undefined` before the first. */
  answer: Proof | undefined;

  constructor(repair: Repair, settleMs: number, sources: ProofSources) {
    this.#repair = repair;
    this.settleMs = settleMs;
    this.#sources = sources;
    this.#actedAt = sources.clock.monotonic();
  }

  /** Returns the last verdicts; reads them when there are none. */
  async last(): Promise<readonly ComponentVerdict[]> {
    return this.#after ?? (await this.read());
  }

  async read(): Promise<readonly ComponentVerdict[]> {
    const { component, check } = this.#repair.issue;
    const { detector, signal } = this.#sources;
    return (this.#after = await lookAgain(detector, { component, check, fresh: true, signal }));
  }

  async ask(): Promise<Proof> {
    return (this.answer = await this.#ask());
  }

  async #ask(): Promise<Proof> {
    const { issue, before, openChecks } = this.#repair;
    const patience = Math.max(-1, ...before.map(({ settleMs }) => settleMs ?? -1));
    if (patience >= 0) return this.#askRepeatedly(patience);
    const left = this.settleMs - this.#passedMs();
    if (left > 0) await this.#sleep(left);
    return proofOf(issue, before, await this.read(), openChecks);
  }

  /** Repeats a custom check, which may stay bad for a while, or be ok only for a moment. */
  async #askRepeatedly(patienceMs: number): Promise<Proof> {
    const { issue, before, openChecks } = this.#repair;
    let proof: Proof;
    let inARow = 0;
    const everyMs = Math.min(EVERY_MS, patienceMs / 2);
    // A first ok is confirmed, even when the check takes longer than the settle time.
    const needed = Math.max(2, ...before.map(({ recoverAfter }) => recoverAfter ?? 0));
    do {
      await this.#sleep(everyMs);
      proof = proofOf(issue, before, await this.read(), openChecks);
      inARow = proof.status === 'ok' ? inARow + 1 : 0;
    } while ((inARow > 0 && inARow < needed) || (inARow === 0 && this.#passedMs() < patienceMs));
    return proof;
  }

  #sleep(ms: number): Promise<void> {
    const { clock, signal } = this.#sources;
    return clock.sleep(ms, signal);
  }

  #passedMs(): number {
    return this.#sources.clock.monotonic() - this.#actedAt;
  }
}

/** Returns the deadline of `verify`: settle time, checks, a job and a reading, in milliseconds. */
function verifyMsOf({ before }: Repair, settleMs: number, guards: Guards): number {
  const patience = Math.max(0, ...before.map((verdict) => verdict.settleMs ?? 0));
  const longest = Math.max(settleMs, ...Object.values(guards.settleMs));
  return longest + patience + DEADLINES.unlimitedMs + DEADLINES.readMs;
}

const STATUSES: readonly unknown[] = ['fixed', 'ineffective', 'unknown', 'pending', 'pending-reboot'];

/** Checks the answer of a custom action. */
function expectVerification(answer: unknown): Verification {
  const { status, reason } = (answer ?? {}) as Partial<Verification>;
  if (STATUSES.includes(status) && typeof reason === 'string') return answer as Verification;
  throw new TypeError('`verify` returned no `status` and `reason`');
}

function settleMsOf({ type, component }: Issue, { settleMs }: Guards): number {
  if (type === IssueType.SERVICE) return settleMs.service;
  return settleMs[rulesFor(parseComponent(component))?.rules.settle ?? 'others'];
}

/** Returns whether a component is in a worse state after a repair than before it. */
export function isWorse(before: ComponentVerdict | undefined, after: ComponentVerdict | undefined): boolean {
  if (before?.status !== 'bad' || after?.status !== 'bad') return false;
  if ((after.severity ?? 0) !== (before.severity ?? 0)) return (after.severity ?? 0) > (before.severity ?? 0);
  if (before.value === undefined || after.value === undefined || before.threshold === undefined) return false;
  // Farther from the threshold, on either side of it, by more than noise.
  const distance = (value: number): number => Math.abs(value - before.threshold!);
  return distance(after.value) - distance(before.value) > 0.03 * Math.abs(before.threshold);
}
