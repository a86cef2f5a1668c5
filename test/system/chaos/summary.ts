import type { Told } from './engine-service.js';
import type { Injected } from './inject.js';
import type { Start } from './journal.js';

/** Counts of each word, the most frequent first. */
export function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([word, count]) => `${word} ${count}`).join(', ') || 'none';
}

/** Milliseconds from each injected death of a service to its next run. */
export function timesToBack(injected: readonly Injected[], starts: readonly Start[]): number[] {
  const lasting = new Set(['break', 'mask', 'flaky']);
  return injected
    .filter(({ fault }) => !lasting.has(fault.kind))
    .flatMap(({ at, hit }) =>
      hit.flatMap((service) => {
        const back = starts.find(
          (start) => start.service === service && start.kind === 'started' && start.at > at,
        );
        return back ? [back.at - at] : [];
      }),
    )
    .sort((a, b) => a - b);
}

/** Returns the quantile of sorted values. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** Descriptors and memory of each engine that lived long enough: just after its start, and at its end. */
export interface Growth {
  readonly samples: number;
  readonly seconds: number;
  readonly fdsEarly: number;
  readonly fdsLate: number;
  readonly rssEarly: number;
  readonly rssLate: number;
}

/** Resources of each engine after its warm-up, and at the end of its life. */
export function growthOf(told: readonly Told[]): Growth[] {
  const bySize = new Map<number, Told[]>();
  for (const line of told.filter(({ event }) => event === 'sample')) {
    bySize.set(line.pid, [...(bySize.get(line.pid) ?? []), line]);
  }
  return [...bySize.values()]
    .filter((samples) => samples.length >= 8)
    .map((samples) => {
      const [, , ...warm] = samples;
      const half = Math.floor(warm.length / 2);
      const of = (key: 'fds' | 'rss', lines: readonly Told[]) => lines.map((line) => line[key] ?? 0);
      return {
        samples: samples.length,
        seconds: ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)) / 1_000,
        // A temporary child or open file matters at the start, and not at the end.
        fdsEarly: Math.max(...of('fds', warm.slice(0, half))),
        fdsLate: Math.min(...of('fds', warm.slice(-Math.min(half, 5)))),
        rssEarly: Math.max(...of('rss', warm.slice(0, half))),
        rssLate: Math.min(...of('rss', warm.slice(half))),
      };
    });
}
