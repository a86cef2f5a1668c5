import { describe, expect, it, vi } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import { shareOfFirstInterval, UserChecks } from '../../src/detect/user-checks.js';
import { SNAPSHOT_PARTS } from '../../src/model/snapshot.js';
import { healthySnapshot } from '../../src/testing/index.js';

const snapshot = healthySnapshot();
const checkOf = (name: string, more: Partial<Check> = {}): Check => ({
  ...{ name, component: name, type: 'service', parts: [] },
  run: () => ({ status: 'ok', reason: `${name} is well` }),
  ...more,
});
function added(checks: readonly Check[], monotonic?: () => number): UserChecks {
  const all = new UserChecks(monotonic);
  for (const check of checks) all.add(check, []);
  return all;
}

describe('the checks of the host program', () => {
  it('are found by name and by component', () => {
    const checks = added([
      checkOf('a', { component: 'web' }),
      checkOf('b'),
      checkOf('c', { component: 'web' }),
    ]);
    expect(checks.names).toEqual(['a', 'b', 'c']);
    expect([checks.namesFor('web'), checks.namesFor('b'), checks.namesFor('a')]).toEqual([
      ['a', 'c'],
      ['b'],
      [],
    ]);
    expect([checks.runner('a')?.check.name, checks.runner('web')]).toEqual(['a', undefined]);
    expect(new UserChecks().namesFor('web')).toEqual([]);
  });

  it('read the parts that they name, by default all; an unknown check reads none', () => {
    const { parts: _parts, ...whole } = checkOf('whole');
    const checks = added([checkOf('cpu-only', { parts: ['cpu'] }), whole]);
    expect([checks.partsOf('cpu-only'), checks.partsOf('whole'), checks.partsOf('nope')]).toEqual([
      ...[['cpu'], SNAPSHOT_PARTS, []],
    ]);
  });

  it.each([
    ['a name that is reserved', ['cpu', 'x'], 'cpu'],
    ['the name of another', [], 'a'],
  ])('are refused with %s', (_what, taken, name) => {
    const checks = added([checkOf('a')]);
    expect(() => checks.add(checkOf(name), taken)).toThrow('a name that no other check has');
    expect(checks.names).toEqual(['a']);
  });

  it('have the longest of their time limits, and a default one', () => {
    expect(new UserChecks().longestMs).toBe(0);
    expect(added([checkOf('a', { timeoutMs: 10 })]).longestMs).toBe(10);
    expect(added([checkOf('a', { timeoutMs: 10 }), checkOf('b')]).longestMs).toBe(5_000);
    expect(added([checkOf('a', { timeoutMs: 9_000 }), checkOf('b')]).longestMs).toBe(9_000);
  });

  it('run in the order of their names, except those that are skipped or unknown', () => {
    const checks = added([checkOf('a'), checkOf('b', { component: 'web' }), checkOf('c')]);
    const run = (names: string[], skip?: (component: string) => boolean) =>
      (checks.run(names, snapshot, { skip }) as readonly { check: string }[]).map(({ check }) => check);
    expect(run(['c', 'nope', 'a', 'b'])).toEqual(['c', 'a', 'b']);
    expect(run(['a', 'b', 'c'], (component) => component === 'web')).toEqual(['a', 'c']);
    expect(new UserChecks().run(['a'], snapshot, {})).toEqual([]);
  });

  it('return at once if each of them does, and a promise of all if one of them does not', async () => {
    const later = checkOf('later', { run: () => Promise.resolve({ status: 'bad', reason: 'It waits' }) });
    const checks = added([later, checkOf('now')]);
    expect(checks.run(['now'], snapshot, {})).toMatchObject([{ check: 'now' }]);
    const both = checks.run(['later', 'now'], snapshot, {});
    expect(both).toBeInstanceOf(Promise);
    expect(await both).toMatchObject([
      { check: 'later', status: 'bad' },
      { check: 'now', status: 'ok' },
    ]);
  });
});

describe('a check that is not due', () => {
  function due(more: Partial<Check> = {}) {
    const time = { now: 0 };
    const run = vi.fn<Check['run']>(() => ({ status: 'ok', reason: 'It is well' }));
    const checks = added([checkOf('web', { every: 100, run, ...more }), checkOf('plain')], () => time.now);
    return { time, run, checks };
  }

  it('has its last verdict, as a repeated one, until nine tenths of its time have passed', () => {
    const { time, checks } = due();
    expect(checks.known('web')).toBeUndefined();
    void checks.run(['web', 'plain'], snapshot, { recent: true });
    time.now = 89_999;
    expect(checks.known('web')).toMatchObject({ check: 'web', status: 'ok', repeated: true });
    expect([checks.known('plain'), checks.known('nope')]).toEqual([undefined, undefined]);
    time.now = 90_000;
    expect(checks.known('web')).toBeUndefined();
  });

  it.each<[string, object, number]>([
    ['does not run in monitoring', { recent: true }, 1],
    ['runs for a single cycle', {}, 2],
    ['runs for its component', { recent: true, component: 'web' }, 2],
  ])('%s', (_what, request, runs) => {
    const { time, run, checks } = due();
    void checks.run(['web'], snapshot, { recent: true });
    time.now = 5_000;
    const [verdict] = checks.run(['web'], snapshot, request) as readonly { repeated?: boolean }[];
    expect([run.mock.calls.length, verdict?.repeated]).toEqual([runs, runs === 1 ? true : undefined]);
  });

  it('is due at a time that differs from that of every other check, from the second run on', () => {
    const time = { now: 0 };
    const checks = added([checkOf('a', { every: 100 }), checkOf('b', { every: 100 })], () => time.now);
    void checks.run(['a', 'b'], snapshot, { recent: true });
    const isKnownAt = (now: number) => {
      time.now = now;
      return ['a', 'b'].map((name) => checks.known(name) !== undefined);
    };
    const share = shareOfFirstInterval(1);
    expect(share).toBeCloseTo(0.381966, 6);
    expect(isKnownAt(90_000 * share - 1)).toEqual([true, true]);
    expect(isKnownAt(90_000 * share + 1)).toEqual([true, false]);
  });
});

it('the shares of the first interval are a golden section apart', () => {
  expect([0, 1, 2, 3].map((index) => shareOfFirstInterval(index).toFixed(6))).toEqual([
    ...['1.000000', '0.381966', '0.763932', '0.145898'],
  ]);
});
