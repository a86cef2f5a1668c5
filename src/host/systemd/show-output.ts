import type { UnitProperties } from './unit-facts.js';

/** Splits the output of `systemctl show` into units: blocks of `Key=Value` lines, separated by an empty line. */
export function showBlocks(text: string): readonly ReadonlyMap<string, string>[] {
  const blocks: Map<string, string>[] = [];
  for (const part of text.split(/\n{2,}/)) {
    const block = new Map<string, string>();
    for (const line of part.split('\n')) {
      const equals = line.indexOf('=');
      if (equals > 0) block.set(line.slice(0, equals), line.slice(equals + 1));
    }
    if (block.size > 0) blocks.push(block);
  }
  return blocks;
}

/** Wraps the properties of a unit from `systemctl show` in UTC. An invalid value counts as missing. */
export function shownProperties(block: ReadonlyMap<string, string>): UnitProperties {
  const text = (name: string): string => block.get(name) ?? '';
  return {
    text,
    words: (name) => shownWords(text(name)),
    flag: (name) => text(name) === 'yes',
    count: (name) => (/^\d{1,15}$/.test(text(name)) ? Number(text(name)) : 0),
    moment: (name) => shownMoment(text(name)),
    span: (name) => shownSpan(text(name)),
  };
}

/** Parses a list: systemctl prints a word with a backslash in quotes, and escapes the backslash. */
export function shownWords(text: string): readonly string[] {
  return (text.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? []).map((word) =>
    /^".*"$/.test(word) ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word,
  );
}

/** Parses a time such as `Mon 2026-11-23 19:17:52 UTC` or `@1795461472` into milliseconds; 0 for none. */
export function shownMoment(text: string): number {
  const seconds = /^@(\d{1,12})(?:\.\d*)?$/.exec(text)?.[1];
  if (seconds !== undefined) return Number(seconds) * 1000;
  const date = /^(?:[A-Z][a-z]{2} )?(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?) UTC$/.exec(text);
  const parsed = date ? Date.parse(`${date[1]}T${date[2]}Z`) : NaN;
  return Number.isNaN(parsed) ? 0 : parsed;
}

const MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  month: 2_629_800_000,
  y: 31_557_600_000,
};

/** Parses a time span such as `1min 30s` into milliseconds; `Infinity` for `infinity` and for an invalid span. */
export function shownSpan(text: string): number {
  if (text === '0') return 0;
  let sum = 0;
  for (const part of text.split(' ')) {
    const [, amount, unit] = /^(\d{1,12}(?:\.\d{1,9})?)([a-z]+)$/.exec(part) ?? [];
    const factor = Object.hasOwn(MS, unit ?? '') ? MS[unit!]! : NaN;
    sum += Number(amount) * factor;
  }
  return Number.isNaN(sum) ? Infinity : sum;
}
