import { STEP_MS, type Curve } from '../view/hour.js';
import { clock, number, span, withUnit } from './words.js';

/** Describes a curve in a sentence, for readers who do not see the chart. */
export function inWords({ times, values, threshold, unit }: Curve, now: number): string {
  const known = values.flatMap((value, index) =>
    value === null ? [] : [{ value, at: times[index] ?? now }],
  );
  const [first] = known;
  if (first === undefined) return 'No reading in the last hour.';
  const least = Math.min(...known.map(({ value }) => value));
  const peak = known.reduce((best, one) => (one.value > best.value ? one : best));
  const length = span(Math.max(1_000, now - first.at));
  if (number(peak.value) === number(least)) return `Steady at ${withUnit(least, unit)} for ${length}.`;
  const range = `${number(least)}–${withUnit(peak.value, unit)}`;
  const over = known.filter(({ value }) => threshold !== null && value > threshold).at(-1);
  const above = over === undefined ? '' : `; last above threshold ${clock(over.at, now)}`;
  return `Last ${length}: ${range} (peak ${clock(peak.at, now)})${above}.`;
}

/** Returns times and values with a gap where readings are missing, so that no line is drawn across it. */
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
