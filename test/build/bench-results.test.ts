import { describe, expect, it } from 'vitest';

interface Stamp {
  readonly commit: string;
  readonly machine: Readonly<Record<string, string | number>>;
}
interface Result {
  readonly stamp: Stamp;
  readonly size: 'quick' | 'usual' | 'full';
  readonly data: object;
}
interface Bench {
  readonly targets: (
    results: Readonly<Record<string, Result>>,
    now: Stamp,
  ) => readonly { readonly what: string; readonly part: string; readonly verdict: string }[];
}
const file = '../../bench/targets.mjs';
const { targets } = (await import(file)) as Bench;

const machine = { cpu: 'CPU', cores: 2, memoryGiB: 4, kernel: 'linux 6.1 x64', node: 'v20.20.2' };
const here: Stamp = { commit: 'abcdef0123', machine };
const NEVER = 1e-9;
/** Every goal of a part is met by it. */
const data = {
  rows: ['look', 'cycle', 'fourIssues', 'resolution', 'node', 'gauges', 'daemon-1', 'daemon-60'].map(
    (id) => ({
      ...{ id, perSecond: 1e12, perCpuSecond: 1e12, cpuPercent: NEVER, privateKiB: NEVER },
    }),
  ),
  ratios: { lookOfGauges: 1, gaugesOfFloor: 1, gaugesOfPsutil: 9 },
  heap: { look: 1, growthBytes: 0, growthCycles: 1 },
  imported: { root: { cpuMs: NEVER }, heavy: [] },
  quickHeal: { ratio: 1 },
  ...{ known: { p50: NEVER, p99: NEVER }, cleared: { max: NEVER, late: 0 }, firstBegun: { p50: NEVER } },
  curves: ['units: a', 'units: one', 'instances', 'file systems', 'checks'].map((what) => ({
    what,
    exponent: 1,
  })),
};
const PARTS = ['speed', 'start', 'steady', 'latency', 'growth'];
const results = (stamp: Stamp, size: Result['size'] = 'usual', all: object = data) =>
  Object.fromEntries(PARTS.map((part) => [part, { stamp, size, data: all }]));
const verdicts = (...given: Parameters<Bench['targets']>) => [
  ...new Set(targets(...given).map(({ verdict }) => verdict)),
];

describe('the goals of the benchmark', () => {
  it('are met by a result of this commit on this machine', () => {
    expect(verdicts(results(here), here)).toEqual(['met']);
  });

  it.each([
    ['another commit', { ...here, commit: '0123abcdef' }, here],
    ['the same commit with changes', { ...here, commit: 'abcdef0123 with changes' }, here],
    ['a clean commit, while there are changes', here, { ...here, commit: 'abcdef0123 with changes' }],
    ['another CPU', { ...here, machine: { ...machine, cpu: 'other' } }, here],
    ['more cores', { ...here, machine: { ...machine, cores: 64 } }, here],
    ['another kernel', { ...here, machine: { ...machine, kernel: 'linux 6.2 x64' } }, here],
    ['another Node', { ...here, machine: { ...machine, node: 'v24.0.0' } }, here],
  ])('are never met by a result of %s, whose origin is shown', (_, stamp, now) => {
    for (const verdict of verdicts(results(stamp), now)) {
      expect(verdict).toMatch(/not a result of this commit/);
      expect(verdict).toContain(
        `measured on ${stamp.commit}, ${stamp.machine['cores']} × ${stamp.machine['cpu']}`,
      );
      expect(verdict).not.toMatch(/\bmet\b/);
    }
  });

  it('are not met by what was run with changes, or outside of git', () => {
    for (const commit of ['abcdef0123 with changes', 'an unknown commit']) {
      const now = { ...here, commit };
      expect(verdicts(results(now), now).join()).not.toMatch(/\bmet\b/);
    }
  });

  it('name the part that was not run, and have no verdict where a figure is missing', () => {
    for (const { part, verdict } of targets({}, here))
      expect(verdict).toBe(`not measured: npm run bench -- ${part}`);
    for (const { verdict } of targets(results(here, 'usual', {}), here))
      expect(verdict).toMatch(/^not measured/);
  });

  it('that need a steady state have no verdict in short form', () => {
    const short = targets(results(here, 'quick'), here);
    const open = short.filter(({ verdict }) => verdict !== 'met');
    expect(open.map(({ what }) => what)).toContain('CPU of the daemon, a cycle a second');
    for (const { verdict } of open) expect(verdict).toMatch(/^no verdict/);
  });
});
