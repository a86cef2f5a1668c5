import { createCircumstanceFinder } from '../../../src/host/systemd/circumstances.js';
import type { LastJobs } from '../../../src/host/systemd/unit-causes.js';
import type { UnitFacts, UnitSource } from '../../../src/host/systemd/unit-facts.js';
import { madeSource, madeUnit, type UnitChanges } from './made-units.js';

export const DOWN = 1_000_000;
export const STOPPED: LastJobs = { stopped: true, startFailed: false };
export const DIED: LastJobs = { stopped: false, startFailed: false };
export const NO_START: LastJobs = { stopped: false, startFailed: true };

/** A search with a test clock, on a host with these units. */
export function search(
  others: readonly UnitFacts[] = [],
  {
    own = {},
    journalctl = '/nonexistent/journalctl',
  }: { own?: Partial<UnitSource>; journalctl?: string } = {},
) {
  let time = 0;
  const made = madeSource(others, own);
  const finder = createCircumstanceFinder({ journalctl, now: () => time });
  const find = (units: readonly UnitFacts[], jobs: LastJobs) =>
    finder(units, { source: made.source, jobsOf: () => jobs });
  return {
    ...made,
    find,
    at: (ms: number) => void (time = ms),
    of: async (units: readonly UnitFacts[], jobs = STOPPED) => Object.fromEntries(await find(units, jobs)),
    /** Returns the names of each request since the last time. */
    read: () => made.requests.splice(0).map(({ names }) => names.join(' ')),
  };
}
export const down = (id: string, { links = {}, ...changes }: UnitChanges = {}) =>
  madeUnit(id, {
    ...{ activeState: 'inactive', ...changes },
    links: { upAt: 1_000, exitedAt: DOWN, downAt: DOWN + 10, boundTo: links.dependsOn ?? [], ...links },
  });
export const bound = (changes: UnitChanges = {}) =>
  down('bound.service', {
    ...changes,
    links: { dependsOn: ['base.service'], exitedAt: DOWN + 5, ...changes.links },
  });
export const base = (activeState = 'failed') => down('base.service', { activeState });
