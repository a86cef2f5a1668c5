import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeCpu } from '../../src/detect/cpu.js';
import { judgeDisks as judgeDisksInto, mountOf } from '../../src/detect/disk.js';
import { judgeLoad } from '../../src/detect/load.js';
import { judgeMemory } from '../../src/detect/memory.js';
import { VerdictList } from '../../src/detect/verdict-list.js';
import type { Gauges } from '../../src/model/snapshot.js';
import { Severity } from '../../src/model/issue.js';
import { memoryReading, mountReading } from '../../src/testing/index.js';

const { MEDIUM, HIGH, CRITICAL } = Severity;
const because = { unknown: 'the file is gone' };
const judgeDisks = (...[mounts, threshold]: [Gauges['mounts'], number]) => {
  const list = new VerdictList();
  judgeDisksInto(mounts, threshold, list);
  return list.end();
};
const load = (one: number, cpus = 4) => ({ one, five: 1, fifteen: 1, cpus });

describe('CPU usage', () => {
  it.each([
    [80, 'ok', undefined],
    [80.1, 'bad', MEDIUM],
    [90, 'bad', MEDIUM],
    [90.1, 'bad', HIGH],
  ])('of %d %% with a threshold of 80 %% is %s', (percent, status, severity) => {
    const verdict = judgeCpu({ percent, cpus: 4 }, 80);
    expect(verdict).toMatchObject({ status, value: percent, threshold: 80, clearsAt: 75 });
    if (severity) expect(verdict.severity).toBe(severity);
  });

  it('is in the reason with its numbers', () => {
    expect(judgeCpu({ percent: 97.25, cpus: 1 }, 80).reason).toBe(
      'CPU use is 97.3 % of 1 CPU, threshold 80.0 %',
    );
    expect(judgeCpu({ percent: 95, cpus: 2, stealPercent: 40 }, 80).reason).toBe(
      'CPU use is 95.0 % of 2 CPUs (40.0 % are taken by the hypervisor for other machines), threshold 80.0 %',
    );
  });
});

describe('memory usage', () => {
  it.each([
    [85, 'ok', undefined],
    [86, 'bad', MEDIUM],
    [95, 'bad', MEDIUM],
    [95.5, 'bad', HIGH],
  ])('of %d %% with a threshold of 85 %% is %s', (percent, status, severity) => {
    const verdict = judgeMemory(memoryReading(percent), 85);
    expect(verdict).toMatchObject({ status, value: percent, threshold: 85, clearsAt: 80 });
    if (severity) expect(verdict.severity).toBe(severity);
  });

  it('is reported as that of the control group if it is', () => {
    expect(judgeMemory({ ...memoryReading(90), scope: 'cgroup' }, 85).reason).toContain('control group');
  });
});

describe('disk usage', () => {
  it.each([
    [90, 'ok', undefined],
    [91, 'bad', HIGH],
    [95, 'bad', HIGH],
    [95.5, 'bad', CRITICAL],
  ])('of %d %% of bytes or inodes with a threshold of 90 %% is %s', (percent, status, severity) => {
    const verdicts = judgeDisks([mountReading({ mountPoint: '/var', percent, inodesPercent: percent })], 90);
    expect(verdicts.map(({ component }) => component)).toEqual(['disk:/var', 'inodes:/var']);
    for (const verdict of verdicts) {
      expect(verdict).toMatchObject({ check: 'disk', type: 'resource', status, threshold: 90, clearsAt: 85 });
      if (severity) expect(verdict.severity).toBe(severity);
    }
  });

  it('has no verdict on inodes if the file system has no fixed number of them', () => {
    const verdicts = judgeDisks([mountReading({ inodes: { unknown: 'btrfs has none' } })], 90);
    expect(verdicts.map(({ component }) => component)).toEqual(['disk:/']);
  });

  it('is unknown for a mount that does not answer, and judged for the others', () => {
    const hung = mountReading({ mountPoint: '/nfs', space: because, inodes: because });
    const verdicts = judgeDisks([hung, mountReading({ percent: 97 })], 90);
    expect(verdicts.map(({ component, status }) => `${component} ${status}`)).toEqual([
      'disk:/nfs unknown',
      'inodes:/nfs unknown',
      'disk:/ bad',
      'inodes:/ ok',
    ]);
  });

  it('has a verdict on whether a file system is writable: HIGH if it broke, ok if it is read-only by design', () => {
    const writes = (status: 'ok' | 'bad' | 'by-design') => ({ status, reason: `it is ${status}` });
    const full = { percent: 99, inodesPercent: 99 };
    const verdicts = judgeDisks(
      [
        mountReading({ ...full, writes: writes('by-design') }),
        mountReading({ mountPoint: '/data', device: '8:2', writes: writes('bad') }),
        mountReading({ mountPoint: '/var', device: '8:3', writes: writes('ok') }),
      ],
      90,
    );
    expect(verdicts.map(({ component, status }) => `${component} ${status}`)).toEqual([
      'readonly:/ ok',
      ...['disk:/data ok', 'inodes:/data ok', 'readonly:/data bad'],
      ...['disk:/var ok', 'inodes:/var ok', 'readonly:/var ok'],
    ]);
    expect(verdicts[3]).toEqual({
      ...{ check: 'disk', type: 'resource', component: 'readonly:/data' },
      ...{ status: 'bad', severity: HIGH, reason: 'it is bad' },
    });
  });

  it('is one unknown verdict if the mounts could not be listed', () => {
    expect(judgeDisks(because, 90)).toEqual([
      { check: 'disk', type: 'resource', component: 'disk', status: 'unknown', reason: 'the file is gone' },
    ]);
  });
});

describe('the load average', () => {
  it.each([
    [8, 'ok', undefined],
    [8.5, 'bad', MEDIUM],
    [16, 'bad', MEDIUM],
    [16.5, 'bad', HIGH],
  ])('of %d on 4 CPUs is %s, because the threshold is twice the number of CPUs', (one, status, severity) => {
    const verdict = judgeLoad(load(one), undefined);
    expect(verdict).toMatchObject({ status, value: one, threshold: 8 });
    if (severity) expect(verdict.severity).toBe(severity);
  });

  it('is compared with the configured threshold', () => {
    expect(judgeLoad(load(3), 2)).toMatchObject({ status: 'bad', severity: MEDIUM, threshold: 2 });
    expect(judgeLoad(load(5), 2)).toMatchObject({ status: 'bad', severity: HIGH });
  });
});

describe('an unknown reading', () => {
  it('never becomes bad, and keeps its reason', () => {
    const verdicts = [
      judgeCpu(because, 80),
      judgeMemory(because, 85),
      judgeLoad(because, undefined),
      ...judgeDisks(because, 90),
      ...judgeDisks([mountReading({ space: because, inodes: because })], 90),
    ];
    for (const verdict of verdicts)
      expect(verdict).toMatchObject({ status: 'unknown', reason: 'the file is gone' });
  });
});

describe('the verdict for any reading and any threshold', () => {
  const percent = fc.double({ min: 0, max: 100, noNaN: true });

  it('is bad exactly if the value is above the threshold, whichever resource it is', () => {
    fc.assert(
      fc.property(percent, percent, (value, threshold) => {
        const expected = value > threshold ? 'bad' : 'ok';
        const verdicts = [
          judgeCpu({ percent: value, cpus: 2 }, threshold),
          judgeMemory(memoryReading(value), threshold),
          ...judgeDisks([mountReading({ percent: value, inodesPercent: value })], threshold),
          judgeLoad(load(value), threshold),
        ];
        for (const verdict of verdicts) expect(verdict.status).toBe(expected);
      }),
    );
  });

  it('never becomes milder as the value grows', () => {
    fc.assert(
      fc.property(percent, percent, percent, (a, b, threshold) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const rank = (value: number) => {
          const { status, severity = 0 } = judgeCpu({ percent: value, cpus: 2 }, threshold);
          return status === 'bad' ? severity : 0;
        };
        expect(rank(low)).toBeLessThanOrEqual(rank(high));
      }),
    );
  });
});

describe('mountOf', () => {
  const mounts = ['/', '/nix', '/nix/store', '/var', '/variety'].map((mountPoint) =>
    mountReading({ mountPoint }),
  );
  it.each([
    ['/nix/store', '/nix/store'],
    ['/nix/storehouse', '/nix'],
    ['/var/lib', '/var'],
    ['/variety/x', '/variety'],
    ['/home', '/'],
  ])('returns for %s the file system at %s', (path, mountPoint) => {
    expect(mountOf(path, mounts)?.mountPoint).toBe(mountPoint);
  });

  it('returns nothing if nothing is mounted above', () => {
    expect(mountOf('/home', [mountReading({ mountPoint: '/var' })])).toBeUndefined();
  });
});
