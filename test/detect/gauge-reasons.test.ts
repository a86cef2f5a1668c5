import { describe, expect, it } from 'vitest';
import { GAUGE_CHECKS } from '../../src/detect/built-in.js';
import { CPU_CHECK, judgeCpu } from '../../src/detect/cpu.js';
import { clearingLevelOf, judgeDisks, mountOf } from '../../src/detect/disk.js';
import { judgeLoad, LOAD_CHECK } from '../../src/detect/load.js';
import { judgeMemory, MEMORY_CHECK } from '../../src/detect/memory.js';
import { MountRules } from '../../src/detect/mount-rules.js';
import { clearingLevel, isCleared } from '../../src/detect/percent.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { VerdictList } from '../../src/detect/verdict-list.js';
import { rulesOf } from '../../src/model/built-in-checks.js';
import { Severity } from '../../src/model/issue.js';
import { healthySnapshot, memoryReading, mountReading } from '../../src/testing/index.js';

const NO_RULES = new MountRules();
const because = { unknown: 'it hangs' };
const usage = (percent: number) => ({ used: percent, available: 100 - percent, percent });

describe('the reason of a verdict on the CPU', () => {
  it('names CPU time taken by the hypervisor from 1 percent on', () => {
    const words = (stealPercent?: number) =>
      judgeCpu({ percent: 95, cpus: 2, ...(stealPercent === undefined ? {} : { stealPercent }) }, 80).reason;
    const taken = (share: string) =>
      `CPU use is 95.0 % of 2 CPUs (${share} % are taken by the hypervisor for other machines), threshold 80.0 %`;
    expect([words(1), words(1.5)]).toEqual([taken('1.0'), taken('1.5')]);
    for (const share of [undefined, 0, 0.9])
      expect(words(share)).toBe('CPU use is 95.0 % of 2 CPUs, threshold 80.0 %');
  });

  it('says that a value is an upper bound', () => {
    expect(judgeCpu({ percent: 95, cpus: 2, atMost: true }, 80).reason).toBe(
      'CPU use is at most 95.0 % of 2 CPUs, threshold 80.0 %',
    );
  });

  it.each([
    [1, '1 CPU'],
    [2, '2 CPUs'],
    [0.5, '0.5 CPUs'],
    [1.2345, '1.23 CPUs'],
  ])('names the limit of the control group, of %d CPUs', (limitCpus, limit) => {
    expect(judgeCpu({ percent: 95, cpus: 8, limitCpus }, 80).reason).toBe(
      `CPU use of this process's control group is 95.0 % of its limit of ${limit}, threshold 80.0 %`,
    );
  });
});

describe('the verdict on the load', () => {
  it('has the load and the threshold with two decimals in its reason, and the number of CPUs', () => {
    const words = (cpus: number) => judgeLoad({ one: 8.256, cpus }, 2.346).reason;
    expect(words(4)).toBe('Load average is 8.26 on 4 CPUs, threshold 2.35');
    expect(words(1)).toBe('Load average is 8.26 on 1 CPU, threshold 2.35');
  });

  it('clears 5 percent of the threshold below it', () => {
    expect(judgeLoad({ one: 1, cpus: 4 }, undefined).clearsAt).toBeCloseTo(7.6, 9);
    expect(judgeLoad({ one: 1, cpus: 4 }, 20).clearsAt).toBeCloseTo(19, 9);
  });
});

it('the reason of a verdict on memory names huge pages, if any are reserved', () => {
  const words = (reservedBytes?: number) =>
    judgeMemory(
      {
        ...{ ...memoryReading(90), totalBytes: 2 ** 30, availableBytes: 2 ** 20 },
        ...(reservedBytes === undefined ? {} : { reservedBytes }),
      },
      85,
    ).reason;
  const plain = 'Memory is 90.0 % used, 1.0 MiB of 1.0 GiB left';
  expect(words(2 ** 21)).toBe(`${plain} (2.0 MiB more are reserved as huge pages), threshold 85.0 %`);
  for (const none of [undefined, 0]) expect(words(none)).toBe(`${plain}, threshold 85.0 %`);
});

describe('the checks that compare a gauge', () => {
  it('read the part of the snapshot that the table of built-in checks names', () => {
    for (const [name, { part }] of GAUGE_CHECKS) expect([name, part]).toEqual([name, rulesOf(name)?.part]);
  });

  it('are over a threshold only above it, for the fast path, too', () => {
    const levels = thresholdValues({ cpuPercent: 50, memoryPercent: 50, loadAverage: 3 });
    const over = (value: number, one: number) => {
      const gauges = {
        ...healthySnapshot(),
        ...{ cpu: { percent: value, cpus: 2 }, memory: memoryReading(value), load: { one, cpus: 2 } },
      };
      return [CPU_CHECK, MEMORY_CHECK, LOAD_CHECK].map((check) => check.isOver(gauges, levels, NO_RULES));
    };
    expect([over(50, 3), over(51, 3.1)]).toEqual([Array(3).fill(false), Array(3).fill(true)]);
    const load = (one: number) =>
      LOAD_CHECK.isOver({ ...healthySnapshot(), load: { one, cpus: 2 } }, thresholdValues(), NO_RULES);
    expect([load(4), load(4.1)]).toEqual([false, true]);
  });
});

describe('a file system with rules', () => {
  const verdictsWith = (rules: MountRules, percent: number) => {
    const list = new VerdictList();
    list.begin();
    judgeDisks([mountReading({ space: usage(percent) })], 80, list, rules);
    return list.end();
  };

  it('that names another one clears 5 points below the threshold', () => {
    const rules = new MountRules({ levels: { '/data': { percent: 50 } } });
    expect(verdictsWith(rules, 60)[0]).toMatchObject({ component: 'disk:/', threshold: 80, clearsAt: 75 });
  });

  it('is critical above the middle between its level and 100 percent', () => {
    const rules = new MountRules({ levels: { '/': { percent: 50 } } });
    expect(verdictsWith(rules, 75)[0]).toMatchObject({ status: 'bad', severity: Severity.HIGH });
    expect(verdictsWith(rules, 75.1)[0]).toMatchObject({ status: 'bad', severity: Severity.CRITICAL });
  });
});

it('the file system that holds a path is found in any order of the mounts', () => {
  for (const order of [
    ['/', '/nix', '/nix/store'],
    ['/nix/store', '/nix', '/'],
  ]) {
    const mounts = order.map((mountPoint) => mountReading({ mountPoint }));
    expect(mountOf('/nix/store/x', mounts)?.mountPoint).toBe('/nix/store');
    expect(mountOf('/home', mounts)?.mountPoint).toBe('/');
  }
});

describe('the level at which an issue of a file system clears', () => {
  const rules = new MountRules({ levels: { '/data': { percent: 50 } } });
  const data = { mountPoint: '/data', space: usage(60) };

  it('is 5 points below its own level, or below the threshold where it has none', () => {
    expect(clearingLevelOf(mountReading(data), 90, rules)).toBe(45);
    expect(clearingLevelOf(mountReading({ ...data, mountPoint: '/' }), 90, rules)).toBe(85);
    expect(clearingLevelOf(mountReading(data), 90)).toBe(85);
  });

  it('is 5 points below the threshold while its size is not known', () => {
    expect(clearingLevelOf(mountReading({ ...data, space: because }), 90, rules)).toBe(85);
  });

  it('is never below 0', () => {
    expect([clearingLevel(90), clearingLevel(3)]).toEqual([85, 0]);
  });
});

it.each([
  ['is below its level', { status: 'ok', value: 74, clearsAt: 75 }, true],
  ['is at its level', { status: 'ok', value: 75, clearsAt: 75 }, false],
  ['is above its level', { status: 'ok', value: 76, clearsAt: 75 }, false],
  ['is 0, though its level is 0', { status: 'ok', value: 0, clearsAt: 0 }, true],
  ['is 1, and its level is 0', { status: 'ok', value: 1, clearsAt: 0 }, false],
  ['has no level', { status: 'ok', value: 99 }, true],
  ['has no value', { status: 'ok', clearsAt: 75 }, true],
  ['is bad', { status: 'bad', value: 74, clearsAt: 75 }, false],
  ['is unknown', { status: 'unknown' }, false],
] as const)('an issue whose value %s clears or not: %j, %s', (_what, verdict, clears) => {
  expect(isCleared({ ...verdict, reason: '' })).toBe(clears);
});
