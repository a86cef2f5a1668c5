import { expectKnownKeys, refusal } from '../base/expect.js';

export function noParameters(parameters: Readonly<Record<string, unknown>>): Record<string, never> {
  expectKnownKeys('parameters', parameters, []);
  return {};
}

/** An optional absolute path, without `..` in it. */
export function pathParameter(option: string, value: unknown, otherwise: string): string {
  if (value === undefined) return otherwise;
  const absolute =
    typeof value === 'string' && /^\/[^\0\n]*$/.test(value) && !value.split('/').includes('..');
  if (!absolute) throw refusal(option, 'an absolute path', value);
  return value;
}

/** An optional word of lower-case letters. */
export function wordParameter(option: string, value: unknown, otherwise: string): string {
  if (value === undefined) return otherwise;
  if (typeof value !== 'string' || !/^[a-z_]{1,32}$/.test(value))
    throw refusal(option, 'a lower-case word', value);
  return value;
}
