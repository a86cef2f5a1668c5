import { unknown, type Reading, type Unknown } from '../../model/reading.js';
import { reasonOf } from './reason.js';

/** How long to wait, and how long an answer counts. */
export interface SlowCallsOptions {
  /** Milliseconds until a call counts as late. */
  readonly timeoutMs: number;
  /** For so many milliseconds after a call began its answer counts, and nothing is asked anew. Default 60,000. */
  readonly keepMs?: number;
  /** Milliseconds that only go forward. Default `performance.now`. */
  readonly monotonic?: () => number;
}

/** Asks. The signal ends a call that came too late. */
type Work<T> = (signal: AbortSignal) => Promise<T>;

interface Call<T> {
  readonly name: string;
  readonly begun: number;
  readonly answer: Promise<Reading<T>>;
  readonly settle: (reading: Reading<T>) => void;
  readonly end: AbortController;
  /** What everyone gets from the moment the time was up until the call comes back. */
  late?: Unknown;
}

const ENDED = Object.freeze(unknown('the reading was ended before an answer came'));
const KEEP_MS = 60_000;

/**
 * Calls that may hang for ever, each under a name. A name has at most one call under way: who asks meanwhile waits for
 * the same answer, or, when the time is up, gets unknown at once. An answer counts for a while. So a dead server delays
 * one reading in a minute, and no other server.
 */
export class SlowCalls<T> {
  readonly #timeoutMs: number;
  readonly #keepMs: number;
  readonly #monotonic: () => number;
  readonly #calls = new Map<string, Call<T>>();
  readonly #kept = new Map<string, { readonly begun: number; readonly reading: Reading<T> }>();

  constructor({ timeoutMs, keepMs = KEEP_MS, monotonic = () => performance.now() }: SlowCallsOptions) {
    this.#timeoutMs = timeoutMs;
    this.#keepMs = keepMs;
    this.#monotonic = monotonic;
  }

  /** Never throws and never rejects: an error of the call is unknown, with its message. */
  run(name: string, work: Work<T>, signal?: AbortSignal): Reading<T> | Promise<Reading<T>> {
    if (signal?.aborted) return ENDED;
    const known = this.#calls.get(name);
    if (known?.late) return known.late;
    const kept = this.#kept.get(name);
    if (!known && kept && this.#monotonic() - kept.begun < this.#keepMs) return kept.reading;
    const { answer } = known ?? this.#begin(name, work);
    return signal ? unlessAborted(answer, signal) : answer;
  }

  /** Forgets the answers of all names but these. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#kept.keys()) if (!names.has(name)) this.#kept.delete(name);
  }

  /** Ends all calls and forgets all answers, so that no timer keeps the process alive. */
  close(): void {
    for (const call of this.#calls.values()) this.#giveUp(call, `${call.name} did not answer before the end`);
    this.#kept.clear();
  }

  #begin(name: string, work: Work<T>): Call<T> {
    let resolve!: (reading: Reading<T>) => void;
    const answer = new Promise<Reading<T>>((done) => (resolve = done));
    const timer = setTimeout(
      () => this.#giveUp(call, `${name} did not answer within ${this.#timeoutMs / 1000} s`),
      this.#timeoutMs,
    );
    const settle = (reading: Reading<T>): void => {
      clearTimeout(timer);
      this.#kept.set(name, { begun: call.begun, reading });
      resolve(reading);
    };
    const call: Call<T> = { name, begun: this.#monotonic(), answer, settle, end: new AbortController() };
    this.#calls.set(name, call);
    void this.#ask(call, work);
    return call;
  }

  #giveUp(call: Call<T>, reason: string): void {
    if (call.late) return;
    call.late = unknown(reason);
    call.settle(call.late);
    call.end.abort();
  }

  async #ask(call: Call<T>, work: Work<T>): Promise<void> {
    let reading: Reading<T>;
    try {
      reading = await work(call.end.signal);
    } catch (error) {
      reading = unknown(reasonOf(error));
    }
    this.#calls.delete(call.name);
    // An answer that came too late is known to be old.
    if (!call.late) call.settle(reading);
  }
}

function unlessAborted<T>(answer: Promise<Reading<T>>, signal: AbortSignal): Promise<Reading<T>> {
  return new Promise((resolve) => {
    const end = () => resolve(ENDED);
    signal.addEventListener('abort', end, { once: true });
    void answer.then((reading) => {
      signal.removeEventListener('abort', end);
      resolve(reading);
    });
  });
}
