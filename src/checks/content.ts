import { createHash } from 'node:crypto';
import { refusal } from '../base/expect.js';
import { WrongAnswer } from './failure.js';
import { pattern, texts, type Leaf } from './rules.js';

/** Requirements for a text. */
export interface ContentOptions {
  /** Text that must be there; of a list, each. */
  readonly contains?: string | readonly string[];
  /** Text that must not be there; of a list, none. */
  readonly lacks?: string | readonly string[];
  /** A regular expression, or the source of one, that must match. */
  readonly matches?: string | RegExp;
}

export const CONTENT_KEYS: Readonly<Record<keyof ContentOptions, Leaf>> = {
  contains: texts,
  lacks: texts,
  matches: pattern,
};

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

/** Returns whether the options say anything about content. */
export const looksInside = ({ contains, lacks, matches }: ContentOptions): boolean =>
  contains !== undefined || lacks !== undefined || matches !== undefined;

/** Throws a {@link WrongAnswer} for text that is not as it must be. `where` names it: `its body`. */
export function expectContent(content: string, options: ContentOptions, where: string): void {
  for (const part of listOf(options.contains))
    if (!content.includes(part)) throw new WrongAnswer(`lacks ${quoted(part)} in ${where}`);
  for (const part of listOf(options.lacks))
    if (content.includes(part)) throw new WrongAnswer(`has ${quoted(part)} in ${where}`);
  if (options.matches !== undefined && !matchesPattern(content, options.matches))
    throw new WrongAnswer(`has no match of ${String(options.matches)} in ${where}`);
}

/** Tests a regular expression or the source of one, whatever was matched before. */
export function matchesPattern(content: string, matches: string | RegExp): boolean {
  const source =
    typeof matches === 'string' ? new RegExp(matches) : new RegExp(matches.source, matches.flags);
  return source.test(content);
}

/** Rule of a SHA-256 in hex. */
export const digest: Leaf = (name, value) => {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/i.test(value))
    throw refusal(name, 'a SHA-256 in hex', value);
};

/** Returns the SHA-256 of some bytes, in hex. */
export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const quoted = (value: string): string =>
  JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
