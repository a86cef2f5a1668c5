import { rulesFor } from '../model/built-in-checks.js';
import { parseComponent } from '../model/component.js';
import {
  parametersOf,
  verifyByCheck,
  type ActionDefinition,
  type Verification,
  type VerifyContext,
} from '../actions/define.js';
import type { Clock } from '../base/clock.js';
import type { Detector } from '../detect/detector.js';
import { lookAgain, worstVerdict } from '../detect/look-again.js';
import { messageOf } from '../base/errors.js';
import type { Guards } from '../model/guards.js';
import type { Host } from '../host/host.js';
import { IssueType, type ComponentVerdict, type Issue } from '../model/issue.js';
import type { Plan } from '../model/plan.js';
import { DEADLINES } from '../base/deadlines.js';
import { within } from '../base/within.js';
import { span } from '../base/format.js';
import { proofOf, type Proof } from './proof.js';
import type { StepReport } from '../model/execution.js';

/** What a repair was made for, and what was read just before it. */
export interface Repair {
  readonly id: string;
  readonly issue: Issue;
  readonly plan: Plan;
  readonly before: readonly ComponentVerdict[];
  /** Checks that opened an issue of the component which is still open. */
  readonly openChecks: readonly string[];
}

/** What a proof is made with. */
export interface ProofSources {
  readonly host: Host;
  readonly detector: Detector;
  readonly guards: Guards;
  readonly clock: Clock;
}

/** A repair's own verification and the alarm's, as one answer, with what the checks read last. */
export interface Proved extends Verification {
  readonly after: readonly ComponentVerdict[];
}

/** How often a check of the host program runs while a repair settles, in milliseconds. */
const EVERY_MS = 1_000;

/**
 * Proves a repair. It is `fixed` only when the action's own verification and the checks that raised the issue both say
 * so; the action can only make it stricter. Never rejects.
 */
export async function prove(
  repair: Repair,
  definition: ActionDefinition | undefined,
  steps: readonly StepReport[],
  sources: ProofSources,
  signal: AbortSignal,
): Promise<Proved> {
  const alarm = new Alarm(repair, definition, sources, signal);
  try {
    const ms = verifyMsOf(repair, definition, sources.guards);
    const late = `\`verify\` of \`${repair.plan.action}\` did not answer within ${span(ms)}`;
    const own = expectVerification(
      await within({ ms, clock: sources.clock, signal, late }, () =>
        ownVerification(repair, definition, steps, alarm, sources, signal),
      ),
    );
    if (own.status !== 'fixed') return { ...own, after: await alarm.last() };
    // An action that rests on the checks has asked them already.
    const proof = alarm.answer?.status === 'ok' ? alarm.answer : await alarm.ask();
    return { ...joined(own, proof), after: await alarm.last() };
  } catch (error) {
    const reason = signal.aborted ? 'the engine was told to stop' : messageOf(error);
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
  { host, guards, clock }: ProofSources,
  signal: AbortSignal,
): Verification | Promise<Verification> {
  const context: VerifyContext = {
    ...{ issue, plan, steps, guards, signal },
    before: worstVerdict(before),
    inspect: async () => worstVerdict(await alarm.read()),
    proof: async () => {
      const { status, reason } = await alarm.ask();
      return { status: status === 'ok' ? 'fixed' : status === 'bad' ? 'ineffective' : 'unknown', reason };
    },
    // The signal that tells of the job's end may arrive after it.
    read: async (request) => host.read({ ...request, fresh: true, signal }),
    settle: (ms = definition?.settleMs ?? settleMsOf(issue, guards)) => clock.sleep(ms, signal),
  };
  return definition === undefined
    ? verifyByCheck({}, context)
    : definition.verify(parametersOf(definition, plan.parameters), context);
}

/** Asks the checks that speak for a component, after the time that the repair has to work. */
class Alarm {
  readonly #repair: Repair;
  readonly #definition: ActionDefinition | undefined;
  readonly #sources: ProofSources;
  readonly #signal: AbortSignal;
  readonly #actedAt: number;
  #after: readonly ComponentVerdict[] | undefined;
  #answer: Proof | undefined;

  constructor(
    repair: Repair,
    definition: ActionDefinition | undefined,
    sources: ProofSources,
    signal: AbortSignal,
  ) {
    this.#repair = repair;
    this.#definition = definition;
    this.#sources = sources;
    this.#signal = signal;
    this.#actedAt = sources.clock.monotonic();
  }

  /** What the checks answered last; `undefined` before they were asked. */
  get answer(): Proof | undefined {
    return this.#answer;
  }

  /** What was read last, and now where nothing was. */
  async last(): Promise<readonly ComponentVerdict[]> {
    return this.#after ?? (await this.read());
  }

  async read(): Promise<readonly ComponentVerdict[]> {
    const { issue } = this.#repair;
    const request = { component: issue.component, check: issue.check, fresh: true, signal: this.#signal };
    return (this.#after = await lookAgain(this.#sources.detector, request));
  }

  async ask(): Promise<Proof> {
    return (this.#answer = await this.#ask());
  }

  async #ask(): Promise<Proof> {
    const { issue, before, openChecks } = this.#repair;
    const { guards } = this.#sources;
    const patience = Math.max(-1, ...before.map(({ settleMs }) => settleMs ?? -1));
    if (patience >= 0) return this.#askRepeatedly(patience);
    await this.#waitUntil(this.#definition?.settleMs ?? settleMsOf(issue, guards));
    return proofOf(issue, before, await this.read(), openChecks);
  }

  /** A check of the host program sees what systemd cannot: it may stay bad for a while, and be right only for a moment. */
  async #askRepeatedly(patienceMs: number): Promise<Proof> {
    const { issue, before, openChecks } = this.#repair;
    let proof: Proof;
    let inARow = 0;
    const everyMs = Math.min(EVERY_MS, patienceMs / 2);
    // A first ok is confirmed, also by a check that takes longer than the time to settle.
    const needed = Math.max(2, ...before.map(({ recoverAfter }) => recoverAfter ?? 0));
    do {
      await this.#sources.clock.sleep(everyMs, this.#signal);
      proof = proofOf(issue, before, await this.read(), openChecks);
      inARow = proof.status === 'ok' ? inARow + 1 : 0;
    } while ((inARow > 0 && inARow < needed) || (inARow === 0 && this.#passedMs() < patienceMs));
    return proof;
  }

  async #waitUntil(ms: number): Promise<void> {
    const left = ms - this.#passedMs();
    if (left > 0) await this.#sources.clock.sleep(left, this.#signal);
  }

  #passedMs(): number {
    return this.#sources.clock.monotonic() - this.#actedAt;
  }
}

/** The time that the repair has to work, that the checks and a job of it may take, and that of a reading. */
function verifyMsOf(
  { issue, before }: Repair,
  definition: ActionDefinition | undefined,
  guards: Guards,
): number {
  const patience = Math.max(0, ...before.map(({ settleMs }) => settleMs ?? 0));
  const settleMs = Math.max(
    definition?.settleMs ?? settleMsOf(issue, guards),
    ...Object.values(guards.settleMs),
  );
  return settleMs + patience + DEADLINES.unlimitedMs + DEADLINES.readMs;
}

const STATUSES: readonly unknown[] = ['fixed', 'ineffective', 'unknown', 'pending', 'pending-reboot'];

/** What an action of the host program answers may be anything. */
function expectVerification(answer: unknown): Verification {
  const { status, reason } = (answer ?? {}) as Partial<Verification>;
  if (STATUSES.includes(status) && typeof reason === 'string') return answer as Verification;
  throw new TypeError('`verify` gave no `status` and `reason`');
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
  // Away from the threshold, on whichever side of it the issue lies, by more than a reading wavers.
  const distance = (value: number): number => Math.abs(value - before.threshold!);
  return distance(after.value) - distance(before.value) > 0.03 * Math.abs(before.threshold);
}
