import type { Worker } from 'node:worker_threads';
import type { Check } from '../detect/check.js';
import { expectFunction, expectMethods, refusal } from '../base/expect.js';
import type { Verdict } from '../model/issue.js';
import { withinLimit } from './deadline.js';
import { verdictOfFailure } from './failure.js';
import { bad, expectOptions, makeCheck, ok, type CommonOptions, type RunContext } from './make.js';
import { text, type CheckRule } from './rules.js';

/** Options of {@link worker}. */
export interface WorkerOptions extends CommonOptions {
  /** Returns the worker thread as it is now; `undefined` when there is none. */
  readonly worker: () => Worker | undefined;
  /** Message that the worker answers with any message, which shows that it is not stuck. Default: it is not asked. */
  readonly ping?: unknown;
  /** Returns whether a message of the worker is the answer. Default: each is. */
  readonly isPong?: (message: unknown) => boolean;
  /** Its name. Default `worker`. */
  readonly name?: string;
}

const WORKER_RULE: CheckRule = {
  keys: {
    name: text,
    worker: (name, value) => {
      if (typeof value !== 'function') throw refusal(name, 'a function that returns the worker', value);
    },
    ping: () => undefined,
    isPong: expectFunction,
  },
  needs: ['worker'],
};

/**
 * Makes a check of a worker thread of this program: it is there, and answers.
 *
 * @example
 * ```js
 * import { Worker } from 'node:worker_threads';
 * import { worker } from '@luminous-nix/self-healing/checks';
 *
 * let current;
 * const start = () => void (current = new Worker('./queue.mjs'));
 * const queue = worker({ name: 'queue', worker: () => current, ping: 'ping', heals: start });
 * ```
 */
export function worker(options: WorkerOptions): Check {
  expectOptions('worker', WORKER_RULE, options);
  const { name = 'worker' } = options;
  return makeCheck(options, {
    ...{ name, type: 'service' },
    run: (context) => judge(name, options, context),
  });
}

async function judge(
  what: string,
  options: WorkerOptions,
  { signal, timeoutMs }: RunContext,
): Promise<Verdict> {
  const { ping, isPong = () => true } = options;
  const current = options.worker();
  if (current === undefined) return bad(`${what} is not there`);
  expectMethods('worker', current, ['postMessage', 'on']);
  // One that has ended has no number.
  if (current.threadId < 0) return bad(`${what} has ended`);
  if (ping === undefined) return ok(`${what} runs`);
  let listen: ((message: unknown) => void) | undefined;
  let ended: (() => void) | undefined;
  const start = performance.now();
  try {
    const answered = await withinLimit(
      timeoutMs,
      signal,
      () =>
        new Promise<boolean>((resolve) => {
          listen = (message) => isPong(message) && resolve(true);
          ended = () => resolve(false);
          current.on('message', listen);
          current.on('exit', ended);
          current.postMessage(ping);
        }),
    );
    const took = { value: performance.now() - start, valueUnit: 'ms' };
    return answered ? ok(`${what} answers`, took) : bad(`${what} has ended`);
  } catch (error) {
    return verdictOfFailure(what, error);
  } finally {
    if (listen) current.off('message', listen);
    if (ended) current.off('exit', ended);
  }
}
