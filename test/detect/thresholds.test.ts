import { cpus } from 'node:os';
import { describe, expect, it } from 'vitest';
import { SimpleDetector } from '../../src/detect/detector.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { fakeHost } from '../../src/testing/index.js';

const detector = () => new SimpleDetector({ host: fakeHost() });

describe('the thresholds', () => {
  it('are 80, 85 and 90 percent and twice the number of CPUs by default', () => {
    expect({ ...detector().thresholds }).toEqual({
      cpuPercent: 80,
      memoryPercent: 85,
      diskPercent: 90,
      loadAverage: 2 * cpus().length,
    });
  });

  it('fall back to the defaults for keys that a replaced object lacks', () => {
    const it = detector();
    it.thresholds = { cpuPercent: 10, diskPercent: 20 };
    it.thresholds = { memoryPercent: 50 };
    expect(it.thresholds).toMatchObject({ cpuPercent: 80, memoryPercent: 50, diskPercent: 90 });
  });

  it('can be assigned one by one, and are validated then', () => {
    const it = detector();
    it.thresholds.cpuPercent = 70;
    expect(it.thresholds.cpuPercent).toBe(70);
    expect(() => (it.thresholds.cpuPercent = NaN)).toThrow(
      'Expected `cpuPercent` to be a number from 0 to 100, got `NaN` (number)',
    );
    expect(it.thresholds.cpuPercent).toBe(70);
  });

  it.each([
    ['cpuPercent', 101],
    ['memoryPercent', -1],
    ['diskPercent', '90'],
    ['loadAverage', NaN],
    ['loadAverage', Infinity],
    ['loadAverage', -0.1],
    ['cpuPercent', null],
  ])('refuse a %s of %s', (key, value) => {
    const it = detector();
    expect(() => (it.thresholds = { [key]: value })).toThrow(`Expected \`${key}\` to be a number`);
    expect(() => Object.assign(it.thresholds, { [key]: value })).toThrow(
      `Expected \`${key}\` to be a number`,
    );
  });

  it('suggest the closest option for an unknown one', () => {
    const sentence = 'Unknown option `cpu_percent` in `thresholds`: did you mean `cpuPercent`?';
    const wrong: object = { cpu_percent: 70 };
    expect(() => thresholdValues(wrong)).toThrow(sentence);
    expect(() => (detector().thresholds = wrong)).toThrow(sentence);
    expect(() => Object.assign(detector().thresholds, wrong)).toThrow(sentence);
    expect(() => new SimpleDetector({ thresholds: wrong, host: fakeHost() })).toThrow(sentence);
  });

  it.each([null, 80, [80], 'high'])('refuse %s instead of an object', (value) => {
    expect(() => (detector().thresholds = value as never)).toThrow('Expected `thresholds` to be an object');
  });

  it("never modify the caller's object, and do not follow its changes", () => {
    const mine = { cpuPercent: 70 };
    const it = detector();
    it.thresholds = mine;
    it.thresholds.cpuPercent = 60;
    expect(mine).toEqual({ cpuPercent: 70 });
    mine.cpuPercent = 5;
    expect(it.thresholds.cpuPercent).toBe(60);
  });

  it('have their defaults for keys that are undefined', () => {
    const it = detector();
    it.thresholds = { cpuPercent: undefined, memoryPercent: 50 } as never;
    expect(it.thresholds).toMatchObject({ cpuPercent: 80, memoryPercent: 50 });
  });

  it('have no value under an unknown name', () => {
    expect((detector().thresholds as unknown as Record<string, unknown>).swapPercent).toBeUndefined();
  });

  it('are validated, too, when they are defined as properties', () => {
    const { thresholds } = detector();
    Object.defineProperty(thresholds, 'cpuPercent', { value: 60 });
    expect(thresholds.cpuPercent).toBe(60);
    expect(() => Object.defineProperty(thresholds, 'cpuPercent', { value: 101 })).toThrow(
      'Expected `cpuPercent` to be a number from 0 to 100, got `101`',
    );
    expect(() => Object.defineProperty(thresholds, 'cpu_percent', { value: 60 })).toThrow(
      'Unknown option `cpu_percent` in `thresholds`: did you mean `cpuPercent`?',
    );
    expect(thresholds.cpuPercent).toBe(60);
  });

  it('refuse an infinite load with the smallest value that is allowed', () => {
    expect(() => (detector().thresholds.loadAverage = Infinity)).toThrow(
      'Expected `loadAverage` to be a number of at least 0',
    );
  });

  it('cannot be deleted', () => {
    const it = detector();
    expect(() => delete (it.thresholds as { cpuPercent?: number }).cpuPercent).toThrow(TypeError);
  });
});
