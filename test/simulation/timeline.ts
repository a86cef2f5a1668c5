import { DAY } from './world.js';
import type { Happening, Week } from './week.js';

/** Reported by name and time; everything else is counted. */
const NOTABLE = ['storm began', 'storm ended', 'blocked: needs-human', 'blocked: storm', 'a person'];

const clockTime = (at: number): string => {
  const minutes = Math.floor((at % DAY) / 60_000);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
};

/** Counts of events, by component. */
export function countsOf(
  happenings: readonly Happening[],
): ReadonlyMap<string, Readonly<Record<string, number>>> {
  const counts = new Map<string, Record<string, number>>();
  for (const { component, what } of happenings) {
    const own = counts.get(component) ?? {};
    own[what] = (own[what] ?? 0) + 1;
    counts.set(component, own);
  }
  return counts;
}

/** Readable week: by day, with a line for each component, and notable events with their time. */
export function timeline({ happenings, explained, cycles }: Week): string {
  const lines = [`Seven days, ${cycles} cycles, on the default numbers`, ''];
  for (let day = 0; day < 7; day += 1) {
    const today = happenings.filter(({ at }) => Math.floor(at / DAY) === day);
    lines.push(`Day ${day + 1}`);
    if (today.length === 0) lines.push('  nothing happened');
    for (const [component, counts] of [...countsOf(today)].sort()) {
      const first = today.find((one) => one.component === component && one.what === 'opened');
      const told = Object.entries(counts).map(([what, times]) => (times === 1 ? what : `${times} × ${what}`));
      lines.push(`  ${first ? clockTime(first.at) : '     '}  ${component.padEnd(10)} ${told.join(', ')}`);
    }
    for (const { at, component, what, words } of today.filter((one) => NOTABLE.includes(one.what))) {
      lines.push(`  ${clockTime(at)}    ${component}: ${what}: ${words}`);
    }
  }
  for (const [moment, text] of Object.entries(explained)) {
    lines.push('', `What explain() says ${moment}:`, text === '' ? 'Nothing is open.' : text);
  }
  lines.push('', 'In all');
  for (const [component, counts] of [...countsOf(happenings)].sort()) {
    lines.push(`  ${component.padEnd(10)} ${JSON.stringify(counts)}`);
  }
  return lines.join('\n');
}
