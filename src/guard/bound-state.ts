import { boundGenerations, boundRecord } from './bound-parts.js';
import { Bounds, LATEST } from './bounded.js';
import { DAY, type Guards } from './guards.js';
import type { Approval, GuardState } from './state.js';

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
    // Never dropped: a person paused. Only how long ago can be wrong.
    pauses: Object.fromEntries(
      Object.entries(loaded.pauses).map(([reason, since]) => [
        bounds.name(reason, 'pauses'),
        bounds.past(since, `pauses.${reason}`),
      ]),
    ),
    approvals: bounds.list(loaded.approvals, 'approvals', (approval, path) =>
      boundApproval(approval, path, bounds),
    ),
    intents: bounds.list(loaded.intents, 'intents', at),
    generations: boundGenerations(loaded.generations, bounds, now),
    ...(undo && {
      undo: bounds.list(undo, 'undo', (entry, path) => ({
        ...at(entry, path),
        until: bounds.until(entry.until, postponedMs, `${path}.until`),
      })),
    }),
  };
  return { state, now, found: bounds.found };
}

/** An answer whose time cannot be true is not used: the approval is pending again, and expires as any other. */
function boundApproval(approval: Approval, path: string, bounds: Bounds): Approval {
  if (bounds.isPast(approval.askedAt)) return approval;
  return { ...approval, askedAt: bounds.past(approval.askedAt, `${path}.askedAt`), answer: 'waiting' };
}

/**
 * Steady time at which a state goes on: the wall clock, or when it was saved, if that is later. A wall clock may have
 * gone back; but then something was recorded in the day before the state was saved, or that time is not believed:
 * it would end every wait.
 */
function resumedAt(state: GuardState, wall: number): number {
  const { savedAt } = state;
  if (savedAt <= wall || savedAt > LATEST) return wall;
  const last = Math.max(0, ...timesOf(state).filter((at) => at <= savedAt));
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
