import { count } from '../base/format.js';
import { boundGenerations, boundRecord } from './bound-parts.js';
import { Bounds, LATEST, LONGEST_LIST } from './bounds.js';
import { DAY, type Guards } from '../model/guards.js';
import { approvalId } from './approvals.js';
import type { Approval, GuardState, Undo } from './state.js';

/** The most undos that are kept: far more than an engine leaves. */
const MOST_UNDOS = 100;

/**
 * Bounds every time and count of a state that was loaded, so that none of them can switch a guard off or block for
 * ever. What cannot be true counts as just happened, or is dropped.
 *
 * @param wall The wall clock, in milliseconds since the epoch.
 * @returns The state, the steady time that it goes on at, and the paths of what was out of bounds.
 */
export function boundState(
  loaded: GuardState,
  wall: number,
  guards: Guards,
): { readonly state: GuardState; readonly now: number; readonly found: readonly string[] } {
  const now = resumedAt(loaded, wall);
  const bounds = new Bounds(now);
  if (loaded.savedAt < 0 || loaded.savedAt > now) bounds.note('savedAt');
  const at = <T extends { readonly at: number }>(entry: T, path: string): T => ({
    ...entry,
    at: bounds.past(entry.at, `${path}.at`),
  });
  const postponedMs = guards.backoff.maxMs;
  const { storm, undo } = loaded;
  const state: GuardState = {
    ...loaded,
    savedAt: bounds.isPast(loaded.savedAt) ? loaded.savedAt : now,
    // What is dropped of these is not a clean slate.
    cautious: loaded.cautious || Object.keys(loaded.components).length > LONGEST_LIST,
    components: bounds.map(loaded.components, 'components', (record, path) =>
      boundRecord(record, path, bounds, guards),
    ),
    acts: bounds.list(loaded.acts, 'acts', (act, path) => ({
      ...at(act, path),
      component: bounds.name(act.component, path),
      action: bounds.name(act.action, path),
      words: bounds.name(act.words, path),
    })),
    storm: storm && {
      ...storm,
      since: bounds.past(storm.since, 'storm.since'),
      lastFailure: bounds.past(storm.lastFailure, 'storm.lastFailure'),
    },
    // Never dropped, but for those that are too many to count: a person paused. Only how long ago can be wrong.
    pauses: Object.fromEntries(
      bounds
        .list(Object.entries(loaded.pauses), 'pauses', (entry) => entry)
        .map(([reason, since]) => [bounds.name(reason, 'pauses'), bounds.past(since, `pauses.${reason}`)]),
    ),
    approvals: bounds.list(loaded.approvals, 'approvals', boundApproval(bounds)),
    intents: bounds.list(loaded.intents, 'intents', at),
    generations: boundGenerations(loaded.generations, bounds, now),
    ...(undo && {
      undo: bounds.list(undo, 'undo', boundUndos(bounds, postponedMs)),
    }),
  };
  return { state, now, found: bounds.found };
}

/**
 * Bounds the approvals one after the other. An answer whose time cannot be true is not used: the approval is pending
 * again, and expires as any other. An id belongs to one digest, from which it is made; others are dropped, because a
 * person who approves one plan means that plan alone.
 */
function boundApproval(bounds: Bounds): (approval: Approval, path: string) => Approval | undefined {
  const ids = new Set<string>();
  return (approval, path) => {
    const { id, digest, askedAt } = approval;
    if (id !== approvalId(digest) || ids.has(id)) return bounds.note(path);
    ids.add(id);
    if (bounds.isPast(askedAt)) return approval;
    return { ...approval, askedAt: bounds.past(askedAt, `${path}.askedAt`), answer: 'waiting' };
  };
}

/** Drops what is undone by an earlier entry, and what is more than an engine ever leaves: each of them is an act. */
function boundUndos(bounds: Bounds, postponedMs: number): (undo: Undo, path: string) => Undo | undefined {
  const known = new Set<string>();
  return (undo, path) => {
    const act = JSON.stringify([undo.component, undo.action, undo.parameters]);
    if (known.has(act) || known.size >= MOST_UNDOS) return bounds.note(path);
    known.add(act);
    return {
      ...undo,
      at: bounds.past(undo.at, `${path}.at`),
      until: bounds.until(undo.until, postponedMs, `${path}.until`),
    };
  };
}

/**
 * Steady time at which a state goes on: the wall clock, or when it was saved, if that is later. A wall clock may have
 * gone back; but then something was recorded in the day before the state was saved, or that time is not believed:
 * it would end every wait.
 */
function resumedAt(state: GuardState, wall: number): number {
  const { savedAt } = state;
  if (savedAt <= wall || savedAt > LATEST) return wall;
  // A loop: a call has room for some hundred thousand arguments.
  let last = 0;
  for (const at of timesOf(state)) if (at <= savedAt && at > last) last = at;
  return savedAt - last <= DAY ? savedAt : Math.max(wall, last);
}

/** Times of what was recorded. All were in the past when the state was saved. */
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

/** Paths that a warning names. */
const SHOWN = 3;

/** Returns the warning about values that were out of bounds. */
export function outOfBoundsWarning(found: readonly string[]): string {
  const shown = found.slice(0, SHOWN).map((path) => (path.length > 80 ? `${path.slice(0, 80)}…` : path));
  const more = found.length > SHOWN ? `, …` : '';
  return `The state has ${count(found.length)} value${found.length === 1 ? '' : 's'} out of bounds, which were clamped or dropped: ${shown.join(', ')}${more}`;
}
