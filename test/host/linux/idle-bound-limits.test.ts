import { describe, expect, it } from 'vitest';
import { IdleBound } from '../../../src/host/linux/idle-bound.js';
import { createScratch } from '../../../src/host/linux/kept-file.js';
import { temporaryHost } from './odd-hosts.js';

/** Returns the bounds for these texts of `/proc/uptime`, one after the other. */
function bounds(cpus: number, ...texts: readonly string[]) {
  const { root, put } = temporaryHost();
  const bound = new IdleBound(root, createScratch());
  const read = texts.map((text) => {
    if (text === 'close') bound.close();
    else put('proc/uptime', text);
    return text === 'close' ? 'closed' : bound.read(cpus);
  });
  bound.close();
  return read;
}

/** Returns the bound for these seconds, which the kernel truncates to hundredths. */
const bound = (seconds: number, idle: number, cpus = 4) => {
  const total = (seconds + 0.01) * cpus;
  return expect.closeTo((100 * (total - Math.max(0, idle - 0.01))) / total, 6) as number;
};

describe('the upper bound of CPU usage', () => {
  it('needs two readings, which may be of a host that has just started', () => {
    expect(bounds(4, '0.00 0.00\n', '1.00 2.00\n')).toEqual([-1, bound(1, 2)]);
    expect(bounds(4, '10.00 10.00\n', '11.00 12.00\n', '13.00 15.00\n')).toEqual([
      -1,
      bound(1, 2),
      bound(2, 3),
    ]);
  });

  it.each(['', 'x 1.00\n', '2.00\n', '2.00 x\n'])(
    'is unknown for the text %j, which is no reading',
    (text) => {
      expect(bounds(4, '0.00 0.00\n', text, '3.00 6.00\n')).toEqual([-1, -1, bound(3, 6)]);
    },
  );

  it('is unknown without the file', () => {
    expect(new IdleBound(temporaryHost().root, createScratch()).read(4)).toBe(-1);
  });

  it('compares with a reading at least a tenth of a second ago', () => {
    expect(bounds(4, '0.00 0.00\n', '0.09 0.10\n', '0.10 0.20\n')).toEqual([-1, -1, bound(0.1, 0.2)]);
    expect(bounds(4, '0.00 0.00\n', '1.00 2.00\n', '1.05 2.10\n', '1.09 2.20\n', '2.00 4.00\n')).toEqual([
      ...[-1, bound(1, 2), bound(1.05, 2.1), bound(1.09, 2.2), bound(1, 2)],
    ]);
  });

  it('is 100 % without idle time, and unknown if that went back', () => {
    expect(bounds(4, '1.00 5.00\n', '2.00 5.00\n')).toEqual([-1, 100]);
    expect(bounds(4, '1.00 5.00\n', '2.00 4.00\n')).toEqual([-1, -1]);
  });

  it('is unknown if no time has passed since the reading before the last', () => {
    expect(bounds(4, '1.00 1.00\n', '2.00 2.00\n', '1.00 1.00\n')).toEqual([-1, bound(1, 1), -1]);
  });

  it('is unknown if more than the time of all CPUs was idle', () => {
    expect(bounds(1, '0.00 0.00\n', '100.00 102.00\n')).toEqual([-1, 0]);
    expect(bounds(1, '0.00 0.00\n', '100.00 102.03\n')).toEqual([-1, -1]);
    expect(bounds(2, '0.00 0.00\n', '100.00 204.00\n')).toEqual([-1, 0]);
  });

  it('begins again after it was closed', () => {
    expect(bounds(4, '1.00 1.00\n', '2.00 2.00\n', 'close', '3.00 3.00\n', '4.00 5.00\n')).toEqual([
      ...[-1, bound(1, 1), 'closed', -1, bound(1, 2)],
    ]);
  });
});
