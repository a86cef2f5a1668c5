import type { Clock } from '../base/clock.js';

/** Maximum number of components in one look; the others follow in the next one. */
const MOST_AT_ONCE = 64;

/**
 * Looks between two cycles: at the first component at once, at those that follow soon after together a little later. So
 * a flapping unit costs a bounded number of looks. Returns the promise of a round of looks. `look` never rejects.
 */
export function createWaker(
  look: (components: ReadonlySet<string>) => Promise<void>,
  apartMs: number,
  clock: Clock,
  signal: AbortSignal,
): (component: string) => Promise<void> {
  const waiting = new Set<string>();
  let round: Promise<void> | undefined;

  async function lookWhileAnyWait(): Promise<void> {
    while (waiting.size > 0 && !signal.aborted) {
      const components = new Set([...waiting].slice(0, MOST_AT_ONCE));
      for (const component of components) waiting.delete(component);
      await look(components);
      await clock.sleep(apartMs, signal).catch(() => undefined);
    }
    round = undefined;
  }

  return (component) => {
    waiting.add(component);
    return (round ??= lookWhileAnyWait());
  };
}
