import type { Capability } from '../../execute/executor.js';
import type { Paint } from './paint.js';

const MARKS = { available: '✓', unavailable: '✗', unknown: '?' } as const;
const PAINTS = { available: 'good', unavailable: 'bad', unknown: 'doubt' } as const;
const WORDS = {
  available: '',
  unavailable: 'cannot be carried out here: ',
  unknown: 'not known: ',
} as const;

/** One line for each action: whether it can be carried out here, and how or why not. */
export function capabilityLines(capabilities: readonly Capability[], paint: Paint): string[] {
  const width = Math.max(...capabilities.map(({ action }) => action.length));
  return capabilities.map(
    ({ action, status, reason }) =>
      `${paint[PAINTS[status]](MARKS[status])} ${action.padEnd(width)}  ${WORDS[status]}${inSentence(status, reason)}`,
  );
}

/** A sentence behind a colon goes on in lower case, unless it begins with a name or an abbreviation. */
const inSentence = (status: Capability['status'], reason: string): string =>
  status !== 'available' && /^[A-Z][a-z]+ /.test(reason)
    ? `${reason[0]!.toLowerCase()}${reason.slice(1)}`
    : reason;
