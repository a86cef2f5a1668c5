import type { Headline } from './view.js';

/** Characters of one text in a view; a reason or a log line may be much longer. */
const TEXT = 1_000;
/** Characters of the plain text of an explanation. */
export const EXPLANATION = 4_000;
/** Entries of one list in a view: lines of evidence, steps, targets. */
const ENTRIES = 40;
/** Characters of a name in a headline; pages show the whole name in a tooltip. */
const NAME = 40;
/** Names in a headline. */
const NAMES = 3;

/** Returns a text of at most `limit` characters, which says how long the whole one is. */
export function cut(text: string, limit = TEXT): string {
  if (text.length <= limit) return text;
  return `${whole(text.slice(0, limit))}… (cut: ${text.length.toLocaleString('en')} characters in all)`;
}

/** Returns at most 40 entries, each cut. */
export const cutAll = (entries: readonly string[]): string[] =>
  entries.length <= ENTRIES
    ? entries.map((entry) => cut(entry))
    : [...entries.slice(0, ENTRIES).map((entry) => cut(entry)), `… (${entries.length - ENTRIES} more)`];

/** Returns a long name with its middle left out: the end of a unit or of a path tells most. */
export function shortName(name: string, limit = NAME): string {
  if (name.length <= limit) return name;
  const half = Math.floor((limit - 1) / 2);
  return `${whole(name.slice(0, half))}…${name.slice(-half).replace(/^[\uDC00-\uDFFF]/, '')}`;
}

/** Removes half a character from the end of a text. */
const whole = (text: string): string => text.replace(/[\uD800-\uDBFF]$/, '');

/** Makes a headline: `2 open issues: memory and nginx.` */
export function headlineWith({
  tone,
  lead,
  names,
  detail,
}: Pick<Headline, 'tone' | 'lead' | 'names' | 'detail'>): Headline {
  const shown = names.slice(0, NAMES);
  const more = names.length - shown.length;
  const short = shown.map((name) => shortName(name));
  const list =
    more > 0
      ? `${short.join(', ')} and ${more} more`
      : short.length < 2
        ? short.join('')
        : `${short.slice(0, -1).join(', ')} and ${short.at(-1)}`;
  return {
    tone,
    lead: cut(lead),
    names: shown,
    more,
    sentence: list === '' ? cut(lead) : `${lead}: ${list}.`,
    detail: cut(detail),
  };
}
