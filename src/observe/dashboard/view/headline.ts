import { BEING_REPAIRED, type Explanation } from '../../../report/explain.js';
import type { EngineStatus } from '../../../report/status.js';
import { Severity } from '../../../model/issue.js';
import { span } from '../../../base/format.js';
import { counted } from '../../../report/counted.js';
import { headlineWith } from './bounds.js';
import type { Headline } from './view.js';

/** Added to three intervals before a missing cycle counts as a failure, in milliseconds. */
const GRACE_MS = 10_000;

/** Returns why the readings cannot be trusted to be current; `undefined` when they can. */
export function notMonitoring({
  closed,
  lastFailure,
  lastLook,
  monitoring,
}: EngineStatus): string | undefined {
  if (closed) return 'The engine has been closed.';
  if (lastFailure)
    return `Reading the host failed ${span(lastFailure.agoMs)} ago: ${full(lastFailure.error)}`;
  if (!monitoring) return undefined;
  const silentMs = lastLook?.agoMs ?? monitoring.forMs;
  const limit = 3 * monitoring.intervalMs + GRACE_MS;
  return silentMs > limit
    ? `The engine checks every ${span(monitoring.intervalMs)}, but the last check was ${span(silentMs)} ago.`
    : undefined;
}

/** Returns the state in one sentence, with what happens next in another. Pure. */
export function headlineOf(status: EngineStatus, explained: readonly Explanation[]): Headline {
  const blind = notMonitoring(status);
  if (blind !== undefined) return plain('bad', 'The engine cannot read this host.', blind);
  if (status.lastLook === undefined)
    return plain(
      'unknown',
      'No readings yet.',
      'The first check is running, or monitoring has not been started.',
    );
  if (status.approvals.length > 0) return approvalsFirst(status, explained);
  if (status.storm)
    return plain(
      'bad',
      'Many services failed at once.',
      'They probably share one cause: find it first. Nothing is repaired until no further service fails for a while.',
    );
  const severe = explained.filter(({ issue }) => issue.severity > Severity.LOW);
  if (severe.length > 0) return openIssues(status, severe);
  return healthy(status, explained.length);
}

const plain = (tone: Headline['tone'], sentence: string, detail: string): Headline =>
  headlineWith({ tone, lead: sentence, names: [], detail });

function approvalsFirst(status: EngineStatus, explained: readonly Explanation[]): Headline {
  const { approvals } = status;
  const waiting = new Set(approvals.map(({ component }) => component));
  const others = explained.filter(
    ({ issue, component }) => issue.severity > Severity.LOW && !waiting.has(component),
  );
  return headlineWith({
    tone: others.some(({ issue }) => issue.severity >= Severity.HIGH) ? 'bad' : 'note',
    lead:
      approvals.length === 1
        ? 'A repair is awaiting your approval'
        : `${approvals.length} repairs are awaiting your approval`,
    names: [...waiting].sort(),
    detail: others.length === 0 ? '' : `${counted(others.length, 'more issue')}: ${fatesOf(others, status)}`,
  });
}

function openIssues(status: EngineStatus, explained: readonly Explanation[]): Headline {
  const sorted = [...explained].sort(worstFirst);
  const tone = (sorted[0]?.issue.severity ?? 0) >= Severity.HIGH ? 'bad' : 'note';
  const names = [...new Set(sorted.map(({ component }) => component))];
  return headlineWith({
    tone,
    lead: counted(sorted.length, 'open issue'),
    names,
    detail: capital(fatesOf(sorted, status)),
  });
}

/** Possible next steps for an issue, in the order of the sentence. */
const FATES = [
  'planned only (dry run)',
  'needing attention',
  'being repaired',
  'queued',
  'waiting for the next check',
  'blocked',
] as const;

/** Returns what happens to issues, counted: `1 being repaired, 2 blocked.` */
function fatesOf(explained: readonly Explanation[], { components, dryRun }: EngineStatus): string {
  const known = new Map(components.map((about) => [about.component, about]));
  const fates = explained.map(({ component, blockedBy, next }): (typeof FATES)[number] => {
    if (known.get(component)?.needsHuman) return 'needing attention';
    if (next === BEING_REPAIRED) return 'being repaired';
    if (known.get(component)?.inHand) return 'queued';
    if (blockedBy !== undefined) return 'blocked';
    return dryRun ? 'planned only (dry run)' : 'waiting for the next check';
  });
  const counts = FATES.flatMap((fate) => {
    const times = fates.filter((one) => one === fate).length;
    return times === 0 ? [] : [explained.length === 1 ? fate : `${times} ${fate}`];
  });
  return `${counts.join(', ')}.`;
}

function healthy(
  { verdicts, acts, timestamp, components, lostReadings }: EngineStatus,
  notes: number,
): Headline {
  const unknown = verdicts.filter((verdict) => verdict.status === 'unknown').length;
  const brief = verdicts.filter((verdict) => verdict.status === 'bad').length - notes;
  const said: string[] = [];
  if (brief > 0)
    said.push(
      `${counted(brief, 'reading')} above the threshold, but not yet for long enough to be an issue.`,
    );
  if (notes > 0) said.push(`${counted(notes, 'note')} below; no action needed.`);
  if (unknown > 0) said.push(`${counted(unknown, 'reading')} unavailable.`);
  const last = acts.at(-1);
  if (last) {
    const agoMs = timestamp.getTime() - last.timestamp.getTime();
    said.push(`Last repair ${span(Math.max(0, agoMs))} ago.`);
  } else said.push('No repair was needed in the last 24 hours.');
  if (components.length === 0 && verdicts.length === 0)
    return plain('unknown', 'Nothing is monitored.', 'No check is enabled.');
  if (unknown > 0 && unknown === verdicts.length)
    return plain('unknown', 'No reading is available.', said.join(' '));
  return plain(
    lostReadings.some(({ listed }) => listed) ? 'unknown' : 'ok',
    unknown > 0 ? 'Everything that could be read is healthy.' : 'All healthy.',
    said.join(' '),
  );
}

/** Compares issues: the most severe first, then by name, so that equal ones keep their places from view to view. */
export const worstFirst = (a: Explanation, b: Explanation): number =>
  b.issue.severity - a.issue.severity ||
  compare(a.component, b.component) ||
  compare(a.issue.type, b.issue.type);

/** Compares by code units: the same on every machine, and faster than a locale. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Returns a sentence with its full stop. */
const full = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);
