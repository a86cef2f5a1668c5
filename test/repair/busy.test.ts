import { describe, expect, it, vi } from 'vitest';
import type { Detector } from '../../src/detect/detector.js';
import { IssueType, Severity, type Issue } from '../../src/model/issue.js';
import { memoryReading, type FakeHostParts } from '../../src/testing/index.js';
import { benchOf, type BenchOptions } from '../make-engine.js';
import { issueOf, verdictOf } from '../make.js';

/** Heals one `MEDIUM` issue; returns its sentence if it has to wait, else its outcome. */
async function healed(
  component: 'memory' | 'cpu' | 'load',
  parts: FakeHostParts,
  { read, ...more }: BenchOptions & { readonly read?: (parts: readonly string[]) => void } = {},
): Promise<string | undefined> {
  const bench = benchOf({ memory: memoryReading(90), cpu: { percent: 88, cpus: 4 }, ...parts }, more);
  const { read: fake } = bench.host;
  vi.spyOn(bench.host, 'read').mockImplementation((request) => {
    read?.(request?.parts ?? []);
    return Promise.resolve(fake(request)) as never;
  });
  const issue: Issue = issueOf({
    ...{ type: IssueType.RESOURCE, severity: Severity.MEDIUM, component, check: component },
  });
  const result = await bench.done(bench.engine.healIssue(issue));
  return result.blockedBy === 'resources-busy' ? result.error : (result.blockedBy ?? result.outcome);
}
const loadOf = (one: number) => ({ load: { one, five: one, fifteen: one, cpus: 4 } });
const HIGH_LOAD = loadOf(9);
const NO_LOAD = { load: { unknown: 'of another scope' } };
const pressureOf = (cpu: { some: number } | { unknown: string }) => ({
  pressure: { cpu, memory: { some: 0, full: 0 }, io: { some: 0, full: 0 } },
});

describe('a MEDIUM repair of the memory', () => {
  it.each<[string, FakeHostParts, string]>([
    ['waits while the load is high', HIGH_LOAD, 'Load average is 9.00 on 4 CPUs, threshold 8.00'],
    ['is made while the load is not high', loadOf(1), 'ineffective'],
    [
      'is made while neither the load nor any pressure is known',
      { ...NO_LOAD, pressure: { unknown: 'no PSI' } },
      'ineffective',
    ],
    [
      'is made while neither the load nor the CPU pressure is known',
      { ...NO_LOAD, ...pressureOf({ unknown: 'no PSI' }) },
      'ineffective',
    ],
    [
      'waits while the load is unknown and the CPU pressure is over 50 %',
      { ...NO_LOAD, ...pressureOf({ some: 51 }) },
      'CPU pressure is 51.0 %, over 50 %, and the load is not known',
    ],
  ])('%s', async (_which, parts, expected) => {
    expect(await healed('memory', parts)).toBe(expected);
  });

  it('is made where no check judges the load', async () => {
    const detector: Detector = {
      detectIssues: async () => [],
      inspect: async (request) =>
        request?.component === 'memory' ? [verdictOf({ component: 'memory', check: 'memory' })] : [],
    };
    expect(await healed('memory', HIGH_LOAD, { detector })).toBe('ineffective');
  });

  it('waits when the pressure cannot be read while the load is unknown', async () => {
    const read = (parts: readonly string[]): void => {
      if (parts.includes('pressure')) throw new Error('EIO');
    };
    expect(await healed('memory', NO_LOAD, { read })).toContain('The load of the host is not known');
  });
});

describe('a MEDIUM repair of a component that makes the load itself', () => {
  it.each(['cpu', 'load'] as const)('does not wait for the load: %s', async (component) => {
    const resolver = { getAction: () => ({ action: 'clear_system_cache', parameters: {} }) };
    expect(await healed(component, HIGH_LOAD, { resolver })).toBe('ineffective');
  });
});
