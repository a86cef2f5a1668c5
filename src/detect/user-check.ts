import { realClock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Snapshot } from '../model/snapshot.js';
import type { ComponentVerdict, Heals, Verdict } from '../model/issue.js';
import { isPending } from '../base/pending.js';
import { within } from '../base/within.js';
import { span } from '../base/format.js';
import { DEFAULT_CHECK_SETTLE_MS, DEFAULT_CHECK_TIMEOUT_MS, healsOf, type Check } from './check.js';

/** Runs one check of the host program within its time limit, and never two runs at once. */
export class CheckRunner {
  readonly check: Check;
  readonly #heals: Heals | undefined;
  /** Resolves with the answer, or with `unknown` at the time limit. */
  #current: Promise<ComponentVerdict> | undefined;
  /** Resolves when the check itself has ended, which may be after its time limit. */
  #ended: Promise<unknown> | undefined;
  #answer: Verdict | undefined;
  #verdict: ComponentVerdict | undefined;
  /** The last bad verdict. */
  found: ComponentVerdict | undefined;

  constructor(check: Check) {
    this.check = check;
    this.#heals = healsOf(check);
  }

  /**
   * Returns the verdict of the check; `unknown` when it throws, is late, is busy, or returns an invalid verdict. An earlier
   * run that has not ended is waited for with `fresh`; otherwise its answer is shared while it is within its time limit: a
   * new run would not answer earlier.
   */
  run(snapshot: Snapshot, signal?: AbortSignal, fresh = false): ComponentVerdict | Promise<ComponentVerdict> {
    if (this.#ended === undefined) return this.#start(snapshot, signal);
    if (fresh) return this.#rerun(snapshot, signal);
    return this.#current ?? this.#unknown('is still busy with an earlier run');
  }

  #start(snapshot: Snapshot, signal: AbortSignal | undefined): ComponentVerdict | Promise<ComponentVerdict> {
    const context = new CheckContext();
    try {
      const answer = this.check.run(snapshot, context);
      return isPending(answer)
        ? this.#inTime(Promise.resolve(answer), context, signal)
        : this.#judged(answer);
    } catch (error) {
      return this.#unknown(`threw: ${messageOf(error)}`);
    }
  }

  /** Waits for the earlier run, at most for its time limit. */
  async #rerun(snapshot: Snapshot, signal: AbortSignal | undefined): Promise<ComponentVerdict> {
    while (this.#ended !== undefined) {
      const before = this.#current;
      if (before === undefined || signal?.aborted) return this.#unknown('has not ended since an earlier run');
      await before;
    }
    return this.#start(snapshot, signal);
  }

  #inTime(
    answer: Promise<Verdict>,
    context: CheckContext,
    signal: AbortSignal | undefined,
  ): Promise<ComponentVerdict> {
    const settled = answer.then(
      (verdict) => this.#judged(verdict),
      (error: unknown) => this.#unknown(`threw: ${messageOf(error)}`),
    );
    const current = this.#withinLimit(settled, context, signal).finally(() => {
      if (this.#current === current) this.#current = undefined;
    });
    this.#current = current;
    this.#ended = settled;
    void settled.finally(() => (this.#ended = undefined));
    return current;
  }

  async #withinLimit(
    settled: Promise<ComponentVerdict>,
    context: CheckContext,
    signal: AbortSignal | undefined,
  ): Promise<ComponentVerdict> {
    const ms = this.check.timeoutMs ?? DEFAULT_CHECK_TIMEOUT_MS;
    const limit = { ms, clock: realClock, signal };
    const late = `did not answer within ${span(ms)}`;
    const stopped = 'was ended before it answered';
    try {
      return await within({ ...limit, late, stopped }, () => settled);
    } catch (error) {
      context.abort();
      return this.#unknown(messageOf(error));
    }
  }

  /** Validates the answer; reading it may throw. */
  #judged(answer: Verdict): ComponentVerdict {
    try {
      // A frozen answer cannot have changed: the verdict is the same.
      if (this.#verdict && answer === this.#answer) return this.#verdict;
      const problem = nonsense(answer);
      if (problem) return this.#unknown(`returned an invalid verdict: ${problem}`);
      const verdict: ComponentVerdict = Object.freeze(Object.assign({}, answer, this.#about()));
      this.#answer = Object.isFrozen(answer) ? answer : undefined;
      this.#verdict = verdict;
      if (verdict.status === 'bad') this.found = verdict;
      return verdict;
    } catch (error) {
      return this.#unknown(`returned an invalid verdict: ${messageOf(error)}`);
    }
  }

  /** `why` follows the name of the check. */
  #unknown(why: string): ComponentVerdict {
    return { status: 'unknown', reason: `The check \`${this.check.name}\` ${why}`, ...this.#about() };
  }

  #about(): Omit<ComponentVerdict, keyof Verdict> {
    const { name, component, type, settleMs = DEFAULT_CHECK_SETTLE_MS, failAfter, recoverAfter } = this.check;
    return {
      ...{ check: name, component, type, settleMs },
      ...(failAfter === undefined ? {} : { failAfter }),
      ...(recoverAfter === undefined ? {} : { recoverAfter }),
      ...(this.#heals ? { heals: this.#heals } : {}),
    };
  }
}

/** Second argument of a check. The signal is created on access: it costs more than most checks. */
class CheckContext {
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  abort(): void {
    (this.#controller ??= new AbortController()).abort();
  }
}

/** Returns what is wrong with a verdict; `undefined` if it is valid. */
function nonsense(verdict: unknown): string | undefined {
  if (typeof verdict !== 'object' || verdict === null) return `${messageOf(verdict)} is not a verdict`;
  const { status, reason, severity, value, threshold, valueUnit, clearsAt, evidence, log } =
    verdict as Record<string, unknown>;
  if (status !== 'ok' && status !== 'bad' && status !== 'unknown') return `status ${messageOf(status)}`;
  if (typeof reason !== 'string') return 'no reason';
  if (severity !== undefined && ![1, 2, 3, 4].includes(severity as number))
    return `severity ${messageOf(severity)}`;
  if (valueUnit !== undefined && typeof valueUnit !== 'string') return `valueUnit ${messageOf(valueUnit)}`;
  for (const number of [value, threshold, clearsAt]) {
    if (number !== undefined && !Number.isFinite(number))
      return `${messageOf(number)} is not a finite number`;
  }
  for (const [name, lines] of Object.entries({ evidence, log })) {
    if (lines !== undefined && !(Array.isArray(lines) && lines.every((line) => typeof line === 'string')))
      return `${name} that is not a list of lines`;
  }
  return undefined;
}
