import { distance } from 'fastest-levenshtein';
import { invalid, SelfHealingError } from './errors.js';

/** Returns the error for an invalid option: its name, what was expected and the value. */
export function refusal(option: string, expected: string, got: unknown): SelfHealingError {
  return invalid(`Expected \`${option}\` to be ${expected}, got ${describeOption(got)}`);
}

/** Throws unless the value is a number from `min` to `max`, both included. */
export function expectNumber(option: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  const range = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
  throw refusal(option, `a number ${range}`, value);
}

export function expectBoolean(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw refusal(option, 'true or false', value);
}

export function expectSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw refusal('signal', 'an AbortSignal', signal);
}

export function expectText(option: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw refusal(option, 'a non-empty string', value);
}

export function expectFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw refusal(option, 'a function', value);
}

/** Throws unless the value is an object, but not one of JavaScript's own kinds (`Map`, `Promise`, …), which hold no options. */
export function expectObject(option: string, value: unknown): Record<string, unknown> {
  const kind = kindOf(value);
  if (typeof value === 'object' && value !== null && (kind === 'Object' || !(kind in globalThis)))
    return value as Record<string, unknown>;
  throw refusal(option, 'an object', value);
}

const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

export function expectArray(option: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw refusal(option, 'an array', value);
}

export function expectStrings(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw refusal(option, 'an array of strings', value);
  for (const [index, entry] of value.entries()) expectText(`${option}[${index}]`, entry);
  return value as string[];
}

export function expectMethods(option: string, value: unknown, methods: readonly string[]): void {
  const holder = value as Record<string, unknown> | null | undefined;
  const missing = methods.find((method) => typeof holder?.[method] !== 'function');
  if (missing !== undefined) throw refusal(option, `an object with a method \`${missing}\``, value);
}

/** Throws unless the value is a known word; the message suggests the nearest one. */
export function expectOneOf(option: string, value: unknown, known: readonly string[], noun: string): string {
  if (typeof value === 'string' && known.includes(value)) return value;
  const meant = typeof value === 'string' ? meantBy(value, known) : undefined;
  const hint = meant === undefined ? `; known: ${known.join(', ')}` : `: did you mean \`${meant}\`?`;
  const got = typeof value === 'string' ? `\`${value.slice(0, 60)}\`` : describeOption(value);
  throw invalid(`Unknown ${noun} ${got} in \`${option}\`${hint}`);
}

/** Returns the only known word that a word begins, else the nearest one. */
function meantBy(word: string, known: readonly string[]): string | undefined {
  const longer = word === '' ? [] : known.filter((one) => one.startsWith(word));
  return longer.length === 1 ? longer[0] : nearest(word, known);
}

export function expectKnownKeys(option: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) expectOneOf(option, key, known, 'option');
}

/** Returns the known word that is nearest to a misspelled one, if any is near enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  let best: string | undefined;
  // Two swapped letters have distance 2.
  let least = Math.max(word.length < 5 ? 1 : 2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const steps = distance(plain(word), plain(candidate));
    if (steps < least) [best, least] = [candidate, steps];
  }
  return best;
}

/** Returns a value with its type, shortened to one line. */
function describeOption(value: unknown): string {
  if (value === undefined || value === null) return `\`${String(value)}\``;
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (value instanceof Promise) return 'a Promise: is an `await` missing?';
  let text: string | undefined;
  try {
    text = typeof value === 'object' ? JSON.stringify(value) : undefined;
  } catch {
    text = undefined;
  }
  text ??= typeof value === 'string' ? JSON.stringify(value) : String(value);
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return `\`${short}\` (${typeof value === 'object' ? kindOf(value).toLowerCase() : typeof value})`;
}
