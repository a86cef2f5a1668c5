/** Duration without more precision than a reader needs: `12 s`, `3 min`, `2 h 5 min`, `3 d 2 h`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Time since something happened: `just now`, `3 min ago`. */
export const ago = (ms: number): string => (ms < 1_500 ? 'just now' : `${span(ms)} ago`);

/** Duration of a repair: `340 ms`, `3.2 s`, `2 min`. */
export const took = (ms: number): string =>
  ms < 1_000
    ? `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1_000).toFixed(1)} s`
      : span(ms);

/** Short form of a number: `23.4`, `104`, `0.05`, `1.2 M`. */
export function number(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (size >= 1e4) return Math.round(value).toLocaleString('en');
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return value.toFixed(size < 1 ? 2 : 1);
}

/** A value with its unit. */
export const withUnit = (value: number, unit: string): string =>
  unit === '' ? number(value) : `${number(value)} ${unit}`;

/** Number with its noun in singular or plural. */
export const many = (count: number, one: string, more = `${one}s`): string =>
  `${count} ${count === 1 ? one : more}`;

/**
 * Time of day in UTC, as the sentences of the engine and `luminous-healing status` have it, with the date when it was
 * another day: `14:02:10 UTC`. One zone everywhere: readers compare these times with logs of several machines.
 */
export function clock(at: number, now: number): string {
  const time = utcTime(at);
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return `${day(at) === day(now) ? '' : `${day(at)} `}${time} UTC`;
}

/** Time of day in UTC without its zone: `14:02:10`. */
export const utcTime = (at: number): string => new Date(at).toISOString().slice(11, 19);
