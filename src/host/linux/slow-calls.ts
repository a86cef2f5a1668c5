import { unknown, type Reading, type Unknown } from '../../model/reading.js';
import { reasonOf } from './reason.js';

export interface SlowCallsOptions {
  readonly timeoutMs: number;
  /** Milliseconds for which an answer is reused, counted from the start of the call. Default 60,000. */
  readonly keepMs?: number;
  /** Monotonic milliseconds. Default `performance.now`. */
  readonly monotonic?: () => number;
}

/** The signal aborts a call that timed out. */
type Work<T> = (signal: AbortSignal) => Promise<T>;

interface Call<T> {
  readonly name: string;
  readonly begun: number;
  readonly answer: Promise<Reading<T>>;
  readonly settle: (reading: Reading<T>) => void;
  readonly end: AbortController;
  /** Result for all callers from the timeout until the call returns. */
  late?: Unknown;
}

const ENDED = Object.freeze(unknown('the reading was ended before an answer came'));
const KEEP_MS = 60_000;

/**
 * Calls that may hang forever, each under a name. Only one call per name runs at a time: further callers share its
 * result, which is unknown after the timeout. Results are reused for `keepMs`, so that a dead server delays one reading
 * per minute, and no other server.
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

  /** Never throws or rejects: a failed call is unknown, with the message of its error. */
  run(name: string, work: Work<T>, signal?: AbortSignal): Reading<T> | Promise<Reading<T>> {
    if (signal?.aborted) return ENDED;
    const known = this.#calls.get(name);
    if (known?.late) return known.late;
    const kept = this.#kept.get(name);
    if (!known && kept && this.#monotonic() - kept.begun < this.#keepMs) return kept.reading;
    const { answer } = known ?? this.#begin(name, work);
    return signal ? unlessAborted(answer, signal) : answer;
  }

  /** Forgets the results of all other names. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#kept.keys()) if (!names.has(name)) this.#kept.delete(name);
  }

  /** Ends all calls, so that no timer keeps the process alive, and forgets all results. */
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
    // A late result is out of date.
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
