import { describe, expect, it } from 'vitest';
import {
  judgeHolder,
  OLD_MS,
  parseHolder,
  thisHolder,
  watchAfter,
  type Watch,
} from '../../src/memory/lock-holder.js';

const ME = { pid: 10, began: '500', bootId: 'boot', machine: 'm1', pidns: '401', thread: 0 };
const OTHER = { ...ME, pid: 20, began: '700', token: 't' };
/** Content of a lock as written by versions up to 0.1. */
const OLD_FORMAT = { pid: 20, began: '700', bootId: 'boot', token: 't' };
const RUNS = { exists: true, began: '700' };
const GONE = { exists: false, began: '' };
const REUSED = { exists: true, began: '999' };
const UNREADABLE = { exists: true, began: '' };

describe('a lock holder', () => {
  it.each([
    ['runs here', OTHER, RUNS, 'alive'],
    ['has ended', OTHER, GONE, 'dead'],
    ['has ended and its process id was reused', OTHER, REUSED, 'dead'],
    ['runs, and its start cannot be read', OTHER, UNREADABLE, 'alive'],
    ['runs, and could not read its own start', { ...OTHER, began: '' }, REUSED, 'alive'],
    ['ran before the last boot', { ...OTHER, bootId: 'before' }, RUNS, 'dead'],
    ['runs on another machine', { ...OTHER, bootId: 'b2', machine: 'm2' }, GONE, 'unknown'],
    ['runs on another machine without a boot id', { ...OTHER, bootId: '', machine: 'm2' }, GONE, 'unknown'],
    ['is in another pid namespace', { ...OTHER, pidns: '402' }, GONE, 'unknown'],
    [
      'is in another pid namespace with a process id that runs here',
      { ...OTHER, pidns: '402' },
      RUNS,
      'unknown',
    ],
    [
      'has the same process id and start in another pid namespace',
      { ...ME, pidns: '402', token: 't' },
      RUNS,
      'unknown',
    ],
    ['is in a container that shares our processes', { ...OTHER, machine: 'm2' }, RUNS, 'alive'],
    ['was in a container that shares our processes', { ...OTHER, machine: 'm2' }, GONE, 'dead'],
    ['of version 0.1 runs', OLD_FORMAT, RUNS, 'alive'],
    ['of version 0.1 has ended', OLD_FORMAT, GONE, 'dead'],
    ['of version 0.1 ran before the last boot', { ...OLD_FORMAT, bootId: 'before' }, RUNS, 'dead'],
    [
      'of version 0.1 is this process',
      { ...OLD_FORMAT, pid: 10, began: '500' },
      { ...RUNS, began: '500' },
      'alive',
    ],
    [
      'is another thread of this process',
      { ...ME, thread: 3, token: 't' },
      { ...RUNS, began: '500' },
      'unknown',
    ],
    [
      'is this process, which does not hold the lock',
      { ...ME, token: 't' },
      { ...RUNS, began: '500' },
      'dead',
    ],
  ])('that %s is %4$s', (_what, holder, seen, verdict) => {
    expect(judgeHolder(holder, ME, { seen, isHeldHere: false })).toBe(verdict);
  });

  it('in this process is alive while its lock is in use', () => {
    const seen = { exists: true, began: '500' };
    expect(judgeHolder({ ...ME, token: 't' }, ME, { seen, isHeldHere: true })).toBe('alive');
  });

  it('of this process on Linux has a boot id, pid namespace, machine id and start time', () => {
    const { bootId, machine, pidns, began } = thisHolder();
    if (process.platform === 'linux') expect([bootId, machine, pidns, began]).not.toContain('');
  });

  it.each([
    '',
    'null',
    '[]',
    '{"pid":1}',
    ...[0, -1, 1.5, 1e308, '7', null].map((pid) => JSON.stringify({ ...OTHER, pid })),
    JSON.stringify({ ...OTHER, machine: 7 }),
    JSON.stringify({ ...OTHER, began: null }),
    JSON.stringify({ ...OTHER, thread: 'x' }),
  ])('is not read from %s', (text) => {
    expect(parseHolder(text)).toBeUndefined();
  });
});

describe('the heartbeat of a lock holder', () => {
  const looks = (...steps: readonly (readonly [at: number, text: string])[]): Watch | undefined =>
    steps.reduce<Watch | undefined>((watch, [at, text]) => watchAfter(watch, text, at), undefined);

  it('that was never read before is not old', () => {
    expect(looks([1e9, 'a'])?.unchangedMs).toBe(0);
  });

  it('is old after 60 s without a change', () => {
    expect(looks([0, 'a'], [20_000, 'a'], [40_000, 'a'], [59_999, 'a'])?.unchangedMs).toBeLessThan(OLD_MS);
    expect(looks([0, 'a'], [20_000, 'a'], [40_000, 'a'], [60_000, 'a'])?.unchangedMs).toBe(OLD_MS);
  });

  it('is recent again after each change', () => {
    expect(looks([0, 'a'], [30_000, 'a'], [59_000, 'b'], [80_000, 'b'])?.unchangedMs).toBe(21_000);
  });

  it('does not become old in one long pause, in which this process may have been frozen', () => {
    expect(looks([0, 'a'], [3_600_000, 'a'])?.unchangedMs).toBeLessThan(OLD_MS);
  });
});
