import { messageOf } from '../errors.js';
import type { Snapshot } from '../host/snapshot.js';
import type { ComponentVerdict, Heals, Verdict } from '../issue.js';
import { isPending } from '../pending.js';
import { span } from '../words.js';
import { DEFAULT_CHECK_TIMEOUT_MS, healsOf, type Check } from './check.js';

/** Runs one check of the host program, within its time, and never twice at once. */
export class CheckRunner {
  readonly check: Check;
  readonly #heals: Heals | undefined;
  #busy = false;
  #answer: Verdict | undefined;
  #verdict: ComponentVerdict | undefined;
  #found: ComponentVerdict | undefined;

  constructor(check: Check) {
    this.check = check;
    this.#heals = healsOf(check);
  }

  /** The last bad verdict. */
  get found(): ComponentVerdict | undefined {
    return this.#found;
  }

  /** The check's verdict; `unknown` when it throws, is late, is still at its last run, or answers nonsense. */
  run(snapshot: Snapshot, signal?: AbortSignal): ComponentVerdict | Promise<ComponentVerdict> {
    const { name } = this.check;
    if (this.#busy) return this.#unknown(`The check \`${name}\` is still busy with an earlier cycle`);
    const context = new CheckContext();
    try {
      const answer = this.check.run(snapshot, context);
      return isPending(answer)
        ? this.#inTime(Promise.resolve(answer), context, signal)
        : this.#judged(answer);
    } catch (error) {
      return this.#unknown(`The check \`${name}\` threw: ${messageOf(error)}`);
    }
  }

  async #inTime(
    answer: Promise<Verdict>,
    context: CheckContext,
    signal: AbortSignal | undefined,
  ): Promise<ComponentVerdict> {
    const limit = this.check.timeoutMs ?? DEFAULT_CHECK_TIMEOUT_MS;
    this.#busy = true;
    const settled = answer.then(
      (verdict) => this.#judged(verdict),
      (error: unknown) => this.#unknown(`The check \`${this.check.name}\` threw: ${messageOf(error)}`),
    );
    void settled.finally(() => (this.#busy = false));
    let giveUp = (_why: string): void => undefined;
    const late = new Promise<ComponentVerdict>((resolve) => {
      giveUp = (why) => {
        resolve(this.#unknown(`The check \`${this.check.name}\` ${why}`));
        context.abort();
      };
    });
    const onAbort = (): void => giveUp('was ended before it answered');
    const timer = setTimeout(() => giveUp(`did not answer within ${span(limit)}`), limit);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    try {
      return await Promise.race([settled, late]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #judged(answer: Verdict): ComponentVerdict {
    // What a check froze, it cannot have changed: the same answer again is the same verdict.
    if (this.#verdict && answer === this.#answer) return this.#verdict;
    const problem = nonsense(answer);
    if (problem) return this.#unknown(`The check \`${this.check.name}\` answered nonsense: ${problem}`);
    const verdict: ComponentVerdict = Object.freeze(Object.assign({}, answer, this.#about()));
    this.#answer = Object.isFrozen(answer) ? answer : undefined;
    this.#verdict = verdict;
    if (verdict.status === 'bad') this.#found = verdict;
    return verdict;
  }

  #unknown(reason: string): ComponentVerdict {
    return { status: 'unknown', reason, ...this.#about() };
  }

  #about(): Pick<ComponentVerdict, 'check' | 'component' | 'type' | 'heals'> {
    const { name, component, type } = this.check;
    return { check: name, component, type, ...(this.#heals ? { heals: this.#heals } : {}) };
  }
}

/** What a check is given beside the snapshot. The signal is made for those that take it: it costs more than most checks. */
class CheckContext {
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  abort(): void {
    (this.#controller ??= new AbortController()).abort();
  }
}

/** What is wrong with a verdict, if anything is. */
function nonsense(verdict: unknown): string | undefined {
  if (typeof verdict !== 'object' || verdict === null) return `${String(verdict)} is not a verdict`;
  const { status, reason, severity, value, threshold, clearsAt, evidence } = verdict as Record<
    string,
    unknown
  >;
  if (status !== 'ok' && status !== 'bad' && status !== 'unknown') return `status ${String(status)}`;
  if (typeof reason !== 'string') return 'no reason';
  if (severity !== undefined && ![1, 2, 3, 4].includes(severity as number))
    return `severity ${String(severity)}`;
  for (const number of [value, threshold, clearsAt]) {
    if (number !== undefined && !Number.isFinite(number)) return `${String(number)} is not a finite number`;
  }
  const lines =
    evidence === undefined || (Array.isArray(evidence) && evidence.every((line) => typeof line === 'string'));
  return lines ? undefined : 'evidence that is not a list of lines';
}
