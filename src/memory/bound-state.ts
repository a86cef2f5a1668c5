import { count } from '../base/format.js';
import { Bounds, LATEST, LONGEST_LIST } from './bounds.js';
import { DAY, type Guards } from '../model/guards.js';
import { approvalId } from './approvals.js';
import type { Generations, SystemRecord } from './generations.js';
import type { Approval, ComponentRecord, GuardState, Undo } from './state.js';

/** Limit of all counters; larger values would make no difference. */
const MOST = 1_000;
/** Limit of undos, far above what an engine leaves. */
const MOST_UNDOS = 100;

/**
 * Bounds every time and count of a loaded state, so that none can disable a guard or block forever. Impossible times
 * are set to now, or their entries dropped.
 *
 * @param wall The wall clock, in milliseconds since the epoch.
 * @returns Also the steady time now, and the paths of the values that were out of bounds.
 */
export function boundState(
  loaded: GuardState,
  wall: number,
  guards: Guards,
): { readonly state: GuardState; readonly now: number; readonly found: readonly string[] } {
  const now = resumedAt(loaded, wall);
  const bounds = new Bounds(now);
  if (loaded.savedAt < 0 || loaded.savedAt > now) bounds.note('savedAt');
  const { storm, undo } = loaded;
  const state: GuardState = {
    ...loaded,
    savedAt: bounds.isPast(loaded.savedAt) ? loaded.savedAt : now,
    // Dropped components must not start with a clean record.
    cautious: loaded.cautious || Object.keys(loaded.components).length > LONGEST_LIST,
    components: bounds.map(loaded.components, 'components', (record, path) =>
      boundRecord(record, path, bounds, guards),
    ),
    acts: bounds.list(loaded.acts, 'acts', (act, path) => ({
      ...bounds.times(act, path, 'at'),
      component: bounds.name(act.component, path),
      action: bounds.name(act.action, path),
      words: bounds.name(act.words, path),
    })),
    storm: storm && bounds.times(storm, 'storm', 'since', 'lastFailure'),
    // A pause is only dropped beyond the list limit; its time may be corrected.
    pauses: Object.fromEntries(
      bounds
        .list(Object.entries(loaded.pauses), 'pauses', (entry) => entry)
        .map(([reason, since]) => [bounds.name(reason, 'pauses'), bounds.past(since, `pauses.${reason}`)]),
    ),
    approvals: bounds.list(loaded.approvals, 'approvals', boundApproval(bounds)),
    intents: bounds.list(loaded.intents, 'intents', (intent, path) => bounds.times(intent, path, 'at')),
    generations: boundGenerations(loaded.generations, bounds),
    ...(undo && { undo: bounds.list(undo, 'undo', boundUndos(bounds, guards.backoff.maxMs)) }),
  };
  return { state, now, found: bounds.found };
}

/** Bounds the record of one component. An open breaker and `needs-human` are kept. */
function boundRecord(
  record: ComponentRecord,
  path: string,
  bounds: Bounds,
  { backoff, breaker }: Guards,
): ComponentRecord {
  const longestMs = backoff.maxMs * (1 + backoff.jitter);
  // The next strike opens the breaker.
  const strikes = (count: number, where: string): number =>
    bounds.count(count, MOST * breaker.attempts, breaker.attempts - 1, where);
  const { fixed } = record;
  // If backoffs had to be dropped, single attempts are allowed until health has lasted.
  const isCut = Object.keys(record.backoff).length > LONGEST_LIST;
  const breakerUntil = record.breakerUntil ?? (isCut ? 0 : null);
  const bounded: ComponentRecord = {
    ...record,
    backoff: bounds.map(record.backoff, `${path}.backoff`, (entry, where) => {
      const begun = bounds.times(entry, where, 'since');
      return {
        ...begun,
        count: bounds.count(entry.count, MOST, MOST, `${where}.count`),
        until: bounds.until(entry.until, longestMs, `${where}.until`, begun.since),
      };
    }),
    failures: bounds.count(record.failures, MOST * breaker.attempts, breaker.attempts, `${path}.failures`),
    strikes: strikes(record.strikes, `${path}.strikes`),
    relapses: bounds.count(record.relapses, MOST, MOST, `${path}.relapses`),
    fixed: fixed && {
      ...bounds.times(fixed, `${path}.fixed`, 'at'),
      strikes: strikes(fixed.strikes, `${path}.fixed.strikes`),
    },
    breakerUntil:
      breakerUntil === null ? null : bounds.until(breakerUntil, breaker.openMs, `${path}.breakerUntil`),
    openings: bounds.list(record.openings, `${path}.openings`, (at, where) => bounds.past(at, where)),
  };
  return bounds.times(bounded, path, 'needsHumanSince', 'healthySince');
}

/** Bounds the record of systems. Evidence with impossible times is dropped; a system marked bad stays so. */
function boundGenerations(generations: Generations, bounds: Bounds): Generations {
  const { systems, lastChange } = generations;
  return {
    ...generations,
    systems: bounds.map(systems, 'generations.systems', (system, path) => boundSystem(system, path, bounds)),
    lastChange: lastChange && bounds.times(lastChange, 'generations.lastChange', 'at'),
  };
}

function boundSystem(system: SystemRecord, path: string, bounds: Bounds): SystemRecord {
  const { now } = bounds;
  const { enteredAt, seenAt, quietSince, blindMs, bad } = system;
  const known = { ...system, bad: bad && bounds.times(bad, `${path}.bad`, 'at') };
  const isTrue = [enteredAt, seenAt, quietSince].every((at) => bounds.isPast(at));
  if (!isTrue || !(blindMs >= 0 && blindMs <= LATEST)) {
    bounds.note(path);
    return { ...known, enteredAt: now, seenAt: now, quietSince: now, blindMs: 0, good: false, units: {} };
  }
  const units = bounds.map(system.units, `${path}.units`, (unit, where) => {
    const times = [unit.activeSince, unit.activeUntil, unit.failedAt];
    return times.every((at) => at === null || bounds.isPast(at)) ? unit : bounds.note(where);
  });
  return { ...known, units };
}

/**
 * Bounds the approvals one by one. An answer with an impossible time is ignored: the approval is pending again. An
 * approval whose id does not match its digest, or is used twice, is dropped: an answer applies to one plan only.
 */
function boundApproval(bounds: Bounds): (approval: Approval, path: string) => Approval | undefined {
  const ids = new Set<string>();
  return (approval, path) => {
    const { id, digest, askedAt } = approval;
    if (id !== approvalId(digest) || ids.has(id)) return bounds.note(path);
    ids.add(id);
    if (bounds.isPast(askedAt)) return approval;
    return { ...bounds.times(approval, path, 'askedAt'), answer: 'waiting' };
  };
}

/** Drops duplicate undos, and those beyond the limit. */
function boundUndos(bounds: Bounds, postponedMs: number): (undo: Undo, path: string) => Undo | undefined {
  const known = new Set<string>();
  return (undo, path) => {
    const act = JSON.stringify([undo.component, undo.action, undo.parameters]);
    if (known.has(act) || known.size >= MOST_UNDOS) return bounds.note(path);
    known.add(act);
    return {
      ...bounds.times(undo, path, 'at'),
      until: bounds.until(undo.until, postponedMs, `${path}.until`),
    };
  };
}

/**
 * Returns the steady time at which a state resumes: the wall clock, or the time of saving if that is later because the
 * wall clock was set back. A later time is only trusted if something was recorded in the day before it, because a wrong
 * one would end every wait.
 */
function resumedAt(state: GuardState, wall: number): number {
  const { savedAt } = state;
  if (savedAt <= wall || savedAt > LATEST) return wall;
  // Not `Math.max(...times)`: the number of arguments is limited.
  let last = 0;
  for (const at of timesOf(state)) if (at <= savedAt && at > last) last = at;
  return savedAt - last <= DAY ? savedAt : Math.max(wall, last);
}

/** Returns the recorded times that were in the past when the state was saved. */
function timesOf({ acts, components, approvals, intents, pauses, storm, generations }: GuardState): number[] {
  return [
    ...[...acts, ...intents].map(({ at }) => at),
    ...Object.values(components).flatMap(({ backoff, openings, fixed, needsHumanSince }) => [
      ...Object.values(backoff).map(({ since }) => since),
      ...openings,
      fixed?.at ?? 0,
      needsHumanSince ?? 0,
    ]),
    ...approvals.map(({ askedAt }) => askedAt),
    ...Object.values(pauses),
    storm?.lastFailure ?? 0,
    ...Object.values(generations.systems).map(({ seenAt }) => seenAt),
  ];
}

/** Number of paths in the warning. */
const SHOWN = 3;

/** Returns the warning about values that were out of bounds. */
export function outOfBoundsWarning(found: readonly string[]): string {
  const shown = found.slice(0, SHOWN).map((path) => (path.length > 80 ? `${path.slice(0, 80)}…` : path));
  return `The state has ${count(found.length)} value${found.length === 1 ? '' : 's'} out of bounds, which were clamped or dropped: ${shown.join(', ')}${found.length > SHOWN ? ', …' : ''}`;
}
