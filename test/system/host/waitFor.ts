import { setTimeout as sleep } from 'node:timers/promises';

/** Calls the predicate every 50 ms until it holds. One that throws does not hold; its last error is the cause. */
export async function waitFor(
  description: string,
  predicate: () => Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      if (await predicate()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(50);
  } while (performance.now() < deadline);
  throw new Error(`Waited ${timeoutMs} ms in vain: ${description}`, { cause });
}
