import { BEING_REPAIRED, type Explanation } from '../../../report/explain.js';
import type { EngineStatus } from '../../../report/status.js';
import { Severity } from '../../../model/issue.js';
import { span } from '../../../base/format.js';
import type { Headline } from './view.js';

/** An engine that has not looked for three intervals, and at least for this long, has stopped looking. */
const GRACE_MS = 10_000;

/** Why nothing that is shown can be trusted to be so now; `undefined` when it can. */
export function notLooking({ closed, lastFailure, lastLook, monitoring }: EngineStatus): string | undefined {
  if (closed) return 'The engine has been closed.';
  if (lastFailure)
    return `The last look at the host went wrong ${span(lastFailure.agoMs)} ago: ${lastFailure.error}.`;
  if (!monitoring) return undefined;
  const silentMs = lastLook?.agoMs ?? monitoring.forMs;
  const most = 3 * monitoring.intervalMs + GRACE_MS;
  return silentMs > most
    ? `The engine looks every ${span(monitoring.intervalMs)}, and has not looked for ${span(silentMs)}.`
    : undefined;
}

/** How everything stands, in one sentence, and what comes next in another. Pure. */
export function headlineOf(status: EngineStatus, explained: readonly Explanation[]): Headline {
  const blind = notLooking(status);
  if (blind !== undefined)
    return { tone: 'bad', sentence: 'The engine does not see the host.', detail: blind };
  if (status.lastLook === undefined)
    return {
      tone: 'unknown',
      sentence: 'Nothing has been read yet.',
      detail: 'The first look is under way, or nobody has asked for one.',
    };
  if (status.storm)
    return {
      tone: 'bad',
      sentence: 'Many services failed at once.',
      detail: 'That is one cause, not many: nothing is repaired until it is calm. Look for what they share.',
    };
  const counted = explained.filter(({ issue }) => issue.severity > Severity.LOW);
  if (counted.length > 0) return trouble(status, counted);
  if (status.approvals.length > 0) return asking(status);
  return well(status, explained.length);
}

function trouble(status: EngineStatus, explained: readonly Explanation[]): Headline {
  const sorted = [...explained].sort((a, b) => b.issue.severity - a.issue.severity);
  const [worst] = sorted;
  const tone = (worst?.issue.severity ?? 0) >= Severity.HIGH ? 'bad' : 'note';
  const names = sorted.map(({ component }) => component);
  if (worst !== undefined && sorted.length === 1)
    return { tone, sentence: full(worst.issue.description), detail: fateOf(worst, status) };
  return {
    tone,
    sentence: `${sorted.length} things are wrong: ${listed(names)}.`,
    detail: fatesOf(sorted, status),
  };
}

/** What becomes of one issue. */
function fateOf(one: Explanation, { approvals, components }: EngineStatus): string {
  const { component, next } = one;
  if (approvals.some((asked) => asked.component === component)) return 'Its repair waits for your word.';
  const known = components.find((about) => about.component === component);
  if (known?.needsHuman) return 'Repairs did not help: it needs a human.';
  if (next === BEING_REPAIRED) return full(next);
  return one.blockedBecause === undefined ? full(next) : `Not acted on: ${full(one.blockedBecause)}`;
}

/** What becomes of several, counted. */
function fatesOf(explained: readonly Explanation[], { approvals, components }: EngineStatus): string {
  const waiting = new Set(approvals.map(({ component }) => component));
  const known = new Map(components.map((about) => [about.component, about]));
  const fates = explained.map(({ component, blockedBy, next }) => {
    if (waiting.has(component)) return 'waits for your word';
    if (known.get(component)?.needsHuman) return 'needs a human';
    if (next === BEING_REPAIRED) return 'is being healed';
    return blockedBy === undefined ? 'has its turn next' : 'is held back';
  });
  const order = [
    'waits for your word',
    'needs a human',
    'is being healed',
    'has its turn next',
    'is held back',
  ];
  const counted = order.flatMap((fate) => {
    const times = fates.filter((one) => one === fate).length;
    return times === 0 ? [] : [`${times} ${times === 1 ? fate : plural(fate)}`];
  });
  return `${counted.join(', ')}.`;
}

const plural = (fate: string): string =>
  fate
    .replace(/^is /, 'are ')
    .replace(/^has its turn/, 'have their turn')
    .replace(/^(wait|need)s/, '$1');

/** `a, b and 3 more`. */
function listed(names: readonly string[]): string {
  if (names.length <= 3) return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
  return `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

function asking({ approvals }: EngineStatus): Headline {
  const [first] = approvals;
  return {
    tone: 'note',
    sentence:
      approvals.length === 1
        ? 'A repair waits for your word.'
        : `${approvals.length} repairs wait for your word.`,
    detail: first ? `${first.action} for ${first.component}: ${full(first.reason)}` : '',
  };
}

function well(
  { verdicts, acts, timestamp, components, lostReadings }: EngineStatus,
  remarks: number,
): Headline {
  const unknown = verdicts.filter((verdict) => verdict.status === 'unknown').length;
  const bad = verdicts.filter((verdict) => verdict.status === 'bad').length;
  const said: string[] = [];
  if (bad - remarks > 0)
    said.push(
      `${bad - remarks} of the readings ${bad - remarks === 1 ? 'is' : 'are'} over a threshold, but not for long enough to count.`,
    );
  if (remarks > 0)
    said.push(`${remarks} ${remarks === 1 ? 'remark is' : 'remarks are'} below; nothing has to be done.`);
  if (unknown > 0) said.push(`${unknown} ${unknown === 1 ? 'thing is' : 'things are'} not known.`);
  const last = acts.at(-1);
  if (last) {
    const agoMs = timestamp.getTime() - last.timestamp.getTime();
    said.push(
      `The last repair was ${span(Math.max(0, agoMs))} ago: ${last.action} for ${last.component}, ${last.outcome}.`,
    );
  } else said.push('Nothing had to be repaired within the last day.');
  if (components.length === 0 && verdicts.length === 0)
    return { tone: 'unknown', sentence: 'Nothing is being watched.', detail: 'No check is enabled.' };
  if (unknown > 0 && unknown === verdicts.length)
    return { tone: 'unknown', sentence: 'Nothing could be read.', detail: said.join(' ') };
  return {
    tone: lostReadings.some(({ listed }) => listed) ? 'unknown' : 'ok',
    sentence: unknown > 0 ? 'All that could be read is well.' : 'All is well.',
    detail: said.join(' '),
  };
}

/** A sentence with its full stop. */
export const full = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);
