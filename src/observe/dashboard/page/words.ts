/** A span of time as one looks at it: `now`, `12 s`, `3 min`, `2 h 5 min`, `3 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long ago something was. */
export const ago = (ms: number): string => (ms < 1_500 ? 'just now' : `${span(ms)} ago`);

/** A time span with the precision that a repair has: `340 ms`, `3.2 s`, `2 min`. */
export const took = (ms: number): string =>
  ms < 1_000
    ? `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1_000).toFixed(1)} s`
      : span(ms);

/** A number as short as it may be: `23.4`, `104`, `0.05`, `1.2 M`. */
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

/** Singular or plural with its number. */
export const many = (count: number, one: string, more = `${one}s`): string =>
  `${count} ${count === 1 ? one : more}`;

/** Time of day where the reader is; with the date when it was another day. */
export function clock(at: number, now: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString('en-GB');
  if (date.toDateString() === new Date(now).toDateString()) return time;
  return `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${time}`;
}
