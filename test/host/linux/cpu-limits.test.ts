import { describe, expect, it } from 'vitest';
import { countCpus, CpuWindow, noBound, noCpu, parseCpuTimes } from '../../../src/host/linux/cpu.js';
import { unknownSaying, textOf } from './odd-hosts.js';

/** Readings of the counters user, nice, system, idle, iowait, irq, softirq and steal, at these times. */
function window(cpus = 1) {
  const usage = new CpuWindow();
  return {
    usage,
    at: (ms: number, ...counters: readonly number[]) => {
      usage.counters.fill(0);
      usage.counters.set(counters);
      return usage.take(ms, cpus, noCpu());
    },
  };
}

describe('the window of a CPU usage', () => {
  it('is a hundred milliseconds at least', () => {
    const { at } = window();
    expect(at(0)).toEqual(unknownSaying('this is the first'));
    expect(at(99, 1, 0, 0, 1)).toEqual(unknownSaying('at least 100 ms apart'));
    expect(at(100, 1, 0, 0, 1)).toMatchObject({ percent: 50 });
  });

  it('begins again after it was forgotten', () => {
    const { usage, at } = window();
    at(0);
    at(100, 1, 0, 0, 1);
    usage.forget();
    expect(at(200, 2, 0, 0, 2)).toEqual(unknownSaying('this is the first'));
    expect(at(250, 2, 0, 0, 3)).toEqual(unknownSaying('at least 100 ms apart'));
    expect(at(300, 2, 0, 0, 4)).toMatchObject({ percent: 0 });
  });

  it.each([
    [1, 210],
    [4, 840],
    [0, 210],
  ])(
    'with %i CPUs takes at most %i ticks in a second: twice the time, and a hundred milliseconds',
    (cpus, most) => {
      const first = window(cpus);
      first.at(0);
      expect(first.at(1_000, most)).toMatchObject({ percent: 100, cpus });
      const second = window(cpus);
      second.at(0);
      expect(second.at(1_000, most + 1)).toEqual(unknownSaying('more than the time'));
    },
  );

  it('measures that time from the older of two readings, where it compares with that', () => {
    const { at } = window();
    at(0);
    at(1_000, 100);
    expect(at(1_050, 220)).toMatchObject({ percent: 100 });
    const other = window();
    other.at(0);
    other.at(1_000, 100);
    expect(other.at(1_050, 221)).toEqual(unknownSaying('more than the time'));
  });

  it('measures that time from the reading before, however long the host has run', () => {
    const { at } = window();
    at(1_000_000);
    expect(at(1_001_000, 211)).toEqual(unknownSaying('more than the time'));
  });

  it('has the share of the hypervisor from the first tick on', () => {
    const { at } = window();
    at(0);
    expect(at(1_000, 9, 0, 0, 0, 0, 0, 0, 1)).toMatchObject({ percent: 100, stealPercent: 10 });
  });

  it.each([
    [-4, { percent: 100 }],
    [-5, unknownSaying('went back')],
  ])('allows that a counter of 4 CPUs goes back by %i', (by, expected) => {
    for (const which of [1, 3, 4, 7]) {
      const next = window(4);
      next.at(0, ...Array.from({ length: 8 }, () => 100));
      const counters = [150, 100, 100, 100, 100, 100, 100, 100];
      counters[which] = 100 + by;
      expect(next.at(1_000, ...counters)).toMatchObject(expected);
    }
  });

  it('is unknown if no counter moved, or one only went back', () => {
    const { at } = window();
    at(0, 10);
    expect(at(100, 10)).toEqual(unknownSaying('did not advance'));
    expect(at(200, 9)).toEqual(unknownSaying('did not advance'));
    expect(at(300, 10)).toMatchObject({ percent: 100 });
  });

  it('leaves out idle time and the wait for I/O, and has the share of the hypervisor if there is one', () => {
    const { at } = window();
    at(0);
    expect(at(1_000, 10, 10, 10, 30, 20, 5, 5, 10)).toMatchObject({ percent: 50, stealPercent: 10 });
    expect(at(2_000, 20, 10, 10, 40, 20, 5, 5, 10)).toEqual({
      ...{ percent: 50, cpus: 1, stealPercent: undefined, limitCpus: undefined },
    });
  });

  it('removes the limit and the steal of the reading before', () => {
    const usage = new CpuWindow();
    usage.take(0, 1, noCpu());
    const into = { ...noCpu(), stealPercent: 9, limitCpus: 2 };
    usage.counters.fill(0);
    usage.counters[0] = 1;
    expect(usage.take(100, 1, into)).toEqual({ ...noCpu(), percent: 100, cpus: 1 });
  });
});

describe('the counters in /proc/stat', () => {
  const parse = (text: string, length = text.length) => {
    const counters = new Float64Array(8).fill(7);
    return parseCpuTimes(textOf(text, length), counters) && [...counters];
  };

  it.each<[string, number[] | false]>([
    ['cpu  1 2 3 4 5 6 7 8 9 10\n', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['cpu  1 2 3 4\n', [1, 2, 3, 4, 0, 0, 0, 0]],
    ['cpu  0 0 0 0 0 6 7 8\n', [0, 0, 0, 0, 0, 6, 7, 8]],
    ['cpu  1 2 3\n', false],
    ['cpu0 1 2 3 4\n', false],
    ['cpu', false],
    ['cpx  1 2 3 4\n', false],
  ])('of %j are %j', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it.each([
    ['cpu  1\ncpu0 1\ncpu1 1\nintr 1\ncpu2 1\n', 2],
    ['cpu  1\ncpu9 1\n', 1],
    ['cpu  1\ncpu: 1\ncpu/ 1\n', -1],
    ['cpu  1\ncpu', -1],
    ['cpu  1\n', -1],
  ])('of %j are those of %i CPUs', (text, cpus) => {
    expect(countCpus(textOf(text))).toBe(cpus);
  });

  it('are read from the text only, and not from what follows it in the buffer', () => {
    const text = 'cpu  1\ncpu0';
    expect(countCpus(textOf(text, text.length - 1))).toBe(-1);
    expect(countCpus(textOf(text))).toBe(1);
  });

  it('are filled into empty readings', () => {
    expect(noCpu()).toEqual({ percent: NaN, cpus: 0, stealPercent: undefined, limitCpus: undefined });
    expect(noBound()).toEqual({ ...noCpu(), atMost: true });
  });
});
