import { beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/memory/ledger.js';
import { recordAct } from '../../src/memory/record-act.js';
import { EMPTY_STATE, recordOf, type GuardState } from '../../src/memory/state.js';
import { memoryStore, type Store } from '../../src/memory/store.js';
import { DEFAULT_GUARDS as guards } from '../../src/model/guards.js';
import { Counts } from '../../src/report/counts.js';
import { fakeClock, recordingLogger } from '../../src/testing/index.js';
import { Relapses } from '../../src/watch/record-relapse.js';
import { issueOf } from '../make.js';

const MINUTE = 60_000;
const ISSUE = issueOf({ check: 'services' });

// Loads the modules that each first look loads.
beforeAll(() => fakeClock().advance(0));

/** Records relapses with a ledger in which nginx was repaired at the start, and the issue opens a minute later. */
async function made({ dryRun = false, fails = false } = {}) {
  const clock = fakeClock();
  const fixedAt = clock.now();
  const memory = memoryStore();
  const act = {
    ...{ at: fixedAt, component: 'nginx', action: 'restart_service', scope: 'host' as const },
    ...{ outcome: 'fixed' as const, words: 'as read again' },
  };
  const about = { chance: 0, check: 'services', bootId: 'boot' };
  await memory.save({ ...recordAct(EMPTY_STATE, act, guards, about), savedAt: fixedAt });
  const saves: GuardState[] = [];
  const store: Store = {
    load: (options) => memory.load(options),
    save: (state) => {
      saves.push(state);
      return fails ? Promise.reject(new Error('no space left')) : memory.save(state);
    },
  };
  const logger = recordingLogger();
  const ledger = new Ledger({ store, clock, logger });
  await ledger.open(dryRun);
  await clock.advance(MINUTE);
  const told: [string, unknown][] = [];
  const emit = (name: string, event: unknown) => void told.push([name, event]);
  const counts = new Counts();
  const relapses = new Relapses({ ledger, guards, bootId: 'boot', clock, emit, logger }, counts);
  const relapsesOnRecord = () => recordOf(ledger.state, 'nginx').relapses;
  return { relapses, ledger, clock, fixedAt, told, counts, saves, logger, relapsesOnRecord };
}

describe('an issue that opens soon after its repair', () => {
  it('is recorded, counted and reported as a relapse, with the time since the repair', async () => {
    const { relapses, ledger, fixedAt, told, counts, relapsesOnRecord } = await made();
    relapses.opened(ISSUE);
    expect(told).toEqual([['issue:relapsed', { issue: ISSUE, action: 'restart_service', afterMs: MINUTE }]]);
    expect(counts.read().issuesRelapsed).toBe(1);
    expect(relapsesOnRecord()).toBe(1);
    expect(ledger.state.acts).toMatchObject([{ at: fixedAt, relapsed: true }]);
  });

  it('is a relapse only once for one repair', async () => {
    const { relapses, told, counts, relapsesOnRecord } = await made();
    relapses.opened(ISSUE);
    relapses.opened(ISSUE);
    expect([told.length, counts.read().issuesRelapsed, relapsesOnRecord()]).toEqual([1, 1, 1]);
  });

  it.each([
    ['of another component', issueOf({ component: 'redis', check: 'services' })],
    ['of another check', issueOf({ check: 'http' })],
  ])('is no relapse if it is %s', async (_what, issue) => {
    const { relapses, told, counts, saves, relapsesOnRecord } = await made();
    relapses.opened(issue);
    await relapses.write();
    expect([told, counts.read().issuesRelapsed, relapsesOnRecord(), saves]).toEqual([[], 0, 0, []]);
  });
});

describe('a relapse', () => {
  it('is saved once, before the next repair', async () => {
    const { relapses, saves } = await made();
    relapses.opened(ISSUE);
    expect(saves).toEqual([]);
    await relapses.write();
    await relapses.write();
    expect(saves.map((state) => recordOf(state, 'nginx').relapses)).toEqual([1]);
  });

  it('that a dry run saw is recorded in the state that is loaded afterwards, and reported only once', async () => {
    const { relapses, ledger, clock, saves, told, counts, relapsesOnRecord } = await made({ dryRun: true });
    relapses.opened(ISSUE);
    // Too long after the repair for a relapse that is first seen now.
    await clock.advance(15 * MINUTE);
    await ledger.open(false);
    expect(relapsesOnRecord()).toBe(0);
    await relapses.write();
    expect(relapsesOnRecord()).toBe(1);
    expect(saves.map((state) => recordOf(state, 'nginx').relapses)).toEqual([1]);
    expect([told.length, counts.read().issuesRelapsed]).toEqual([1, 1]);
  });

  it('is recorded in memory only while this engine does not hold the state', async () => {
    const { relapses, saves, relapsesOnRecord } = await made({ dryRun: true });
    relapses.opened(ISSUE);
    await relapses.write();
    expect([relapsesOnRecord(), saves]).toEqual([1, []]);
  });

  it('that cannot be saved is logged, and stops no look', async () => {
    const { relapses, logger, relapsesOnRecord } = await made({ fails: true });
    relapses.opened(ISSUE);
    await relapses.write();
    expect(logger.lines).toMatchObject([
      { level: 'error', message: 'A relapse could not be recorded: no space left' },
    ]);
    expect(relapsesOnRecord()).toBe(1);
  });

  it('is waited for like an ineffective repair, with a share that is left to chance', async () => {
    const { relapses, ledger, fixedAt } = await made();
    relapses.opened(ISSUE);
    const wait = recordOf(ledger.state, 'nginx').backoff['restart_service']!.until - fixedAt;
    // `random()` of the fake clock is 0.5.
    expect(wait).toBe(guards.backoff.firstMs * (1 + guards.backoff.jitter * 0.5));
  });
});
