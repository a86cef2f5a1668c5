import { unknown, type Reading, type Unknown } from '../reading.js';
import { reasonOf } from './reason.js';

/** How long to wait, and how many calls may hang at the same time. */
export interface SlowCallsOptions {
  /** Milliseconds until a call counts as late. */
  readonly timeoutMs: number;
  /** Calls under way at once. Each that hangs holds a thread of Node's pool, which has four. Default 2. */
  readonly atOnce?: number;
}

interface Call<T> {
  readonly name: string;
  readonly work: () => Promise<T>;
  started: boolean;
  answer: Promise<Reading<T>>;
  /** What everyone gets from the moment the time was up until the call comes back. */
  late?: Unknown;
  settle: (reading: Reading<T>) => void;
}

const ENDED = Object.freeze(unknown('the reading was ended before an answer came'));

/**
 * Calls that may hang for ever, each under a name. A name has at most one call under way: who asks meanwhile
 * waits for the same answer, or, when the time is up, gets unknown at once. So a dead server delays one
 * reading, once.
 */
export class SlowCalls<T> {
  #timeoutMs: number;
  #atOnce: number;
  #calls = new Map<string, Call<T>>();
  #running = 0;

  constructor({ timeoutMs, atOnce = 2 }: SlowCallsOptions) {
    this.#timeoutMs = timeoutMs;
    this.#atOnce = atOnce;
  }

  /** Never throws and never rejects: an error of the call is unknown, with its message. */
  run(name: string, work: () => Promise<T>, signal?: AbortSignal): Reading<T> | Promise<Reading<T>> {
    if (signal?.aborted) return ENDED;
    const known = this.#calls.get(name);
    if (known?.late) return known.late;
    if (!known && this.#stuck()) {
      return unknown(`${name} was not asked: other file systems do not answer, and threads are few`);
    }
    const { answer } = known ?? this.#begin(name, work);
    return signal ? unlessAborted(answer, signal) : answer;
  }

  /** Gives up waiting, so that no timer keeps the process alive. Calls under way cannot be taken back. */
  close(): void {
    for (const call of this.#calls.values()) this.#giveUp(call, `${call.name} did not answer before the end`);
  }

  #stuck(): boolean {
    let late = 0;
    for (const call of this.#calls.values()) if (call.late) late++;
    return late >= this.#atOnce;
  }

  #begin(name: string, work: () => Promise<T>): Call<T> {
    let resolve!: (reading: Reading<T>) => void;
    const answer = new Promise<Reading<T>>((done) => (resolve = done));
    const timer = setTimeout(
      () => this.#giveUp(call, `${name} did not answer within ${this.#timeoutMs / 1000} s`),
      this.#timeoutMs,
    );
    const settle = (reading: Reading<T>) => {
      clearTimeout(timer);
      resolve(reading);
    };
    const call: Call<T> = { name, work, started: false, answer, settle };
    this.#calls.set(name, call);
    this.#startNext();
    return call;
  }

  #giveUp(call: Call<T>, reason: string): void {
    if (call.late) return;
    const late = unknown(reason);
    call.settle(late);
    // One that still stood in the queue holds nothing up.
    if (call.started) call.late = late;
    else this.#calls.delete(call.name);
  }

  #startNext(): void {
    for (const call of this.#calls.values()) {
      if (this.#running >= this.#atOnce) return;
      if (!call.started) void this.#start(call);
    }
  }

  async #start(call: Call<T>): Promise<void> {
    call.started = true;
    this.#running++;
    let reading: Reading<T>;
    try {
      reading = await call.work();
    } catch (error) {
      reading = unknown(reasonOf(error));
    }
    this.#running--;
    this.#calls.delete(call.name);
    call.settle(reading);
    this.#startNext();
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
