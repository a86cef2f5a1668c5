import { STEP_MS, type Curve } from '../view/hour.js';
import { clock, span, withUnit } from './words.js';

/** What a curve shows, in words: the chart for whoever does not see it. */
export function inWords({ times, values, threshold, unit }: Curve, now: number): string {
  const known = values.flatMap((value, index) =>
    value === null ? [] : [{ value, at: times[index] ?? now }],
  );
  const [first] = known;
  if (first === undefined) return 'Nothing was read within the last hour.';
  const least = Math.min(...known.map(({ value }) => value));
  const most = known.reduce((best, one) => (one.value > best.value ? one : best));
  const range =
    withUnit(least, unit) === withUnit(most.value, unit)
      ? `At ${withUnit(least, unit)}`
      : `From ${withUnit(least, unit)} to ${withUnit(most.value, unit)} at ${clock(most.at, now)}`;
  const over = known.filter(({ value }) => threshold !== null && value > threshold);
  const since = `within ${span(Math.max(1_000, now - first.at))}`;
  if (over.length === 0) return `${range}, ${since}.`;
  return `${range}, ${since}; over its threshold last at ${clock(over.at(-1)?.at ?? now, now)}.`;
}

/** Times and values with a hole wherever nothing was read for long, so that no line is drawn across it. */
export function withHoles({ times, values }: Curve): { times: number[]; values: (number | null)[] } {
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? STEP_MS;
  const hole = Math.max(3 * usual, 3 * STEP_MS);
  const out: { times: number[]; values: (number | null)[] } = { times: [], values: [] };
  for (const [index, time] of times.entries()) {
    const before = times[index - 1];
    if (before !== undefined && time - before > hole) {
      out.times.push(before + 1);
      out.values.push(null);
    }
    out.times.push(time);
    out.values.push(values[index] ?? null);
  }
  return out;
}
