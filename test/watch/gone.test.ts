import { describe, expect, it } from 'vitest';
import { Severity, type Issue } from '../../src/index.js';
import { failedUnit, mountReading, unitReading } from '../../src/testing/index.js';
import { benchOf, type Bench, type BenchOptions } from '../make-engine.js';

const ROOT = mountReading();
const FULL = mountReading({ mountPoint: '/data', device: '8:2', percent: 97 });
const issues = ({ told }: Bench) => told.filter((line) => line.startsWith('issue:'));
const diskOnly: BenchOptions = { enabledChecks: ['disk'] };

describe('a component that is no longer read', () => {
  it('is gone, and never cleared: an unmounted file system', async () => {
    const bench = benchOf({ mounts: [ROOT, FULL] }, diskOnly);
    await bench.engine.detectAndHeal();
    bench.host.set({ mounts: [ROOT] });
    await bench.engine.detectAndHeal();
    expect(issues(bench)).toEqual(['issue:opened disk:/data', 'issue:gone disk:/data']);
    expect(bench.logger.lines.map(({ message }) => message)).toContain(
      'disk:/data is gone: it can no longer be read, and its issue is closed without proof',
    );
    expect(bench.engine.status().issues).toEqual([]);
    expect(bench.engine.getMetrics()).toMatchObject({ issuesDetected: 1, issuesResolved: 0 });
    await bench.engine.close();
  });

  it.each([
    ['well', mountReading({ mountPoint: '/data', device: '8:2', percent: 50 }), 'issue:cleared disk:/data'],
    ['as full as before', FULL, undefined],
    [
      'unknown',
      mountReading({ mountPoint: '/data', device: '8:2', space: { unknown: 'it hangs' } }),
      undefined,
    ],
  ])('is not gone while it is read, and is %s', async (_, mount, told) => {
    const bench = benchOf({ mounts: [ROOT, FULL] }, diskOnly);
    await bench.engine.detectAndHeal();
    bench.host.set({ mounts: [ROOT, mount] });
    await bench.engine.detectAndHeal();
    expect(issues(bench)).toEqual(['issue:opened disk:/data', ...(told === undefined ? [] : [told])]);
    await bench.engine.close();
  });

  it('is not gone while nothing can be read, but is gone beside another one that hangs', async () => {
    const bench = benchOf({ mounts: [ROOT, FULL] }, diskOnly);
    await bench.engine.detectAndHeal();
    bench.host.set({ mounts: { unknown: 'no table' } });
    await bench.engine.detectAndHeal();
    expect(issues(bench)).toEqual(['issue:opened disk:/data']);
    const hung = mountReading({ mountPoint: '/nfs', device: '0:9', space: { unknown: 'it hangs' } });
    bench.host.set({ mounts: [ROOT, hung] });
    await bench.engine.detectAndHeal();
    expect(issues(bench).at(-1)).toBe('issue:gone disk:/data');
    await bench.engine.close();
  });

  it('stays an open issue if its mount point has a threshold', async () => {
    const bench = benchOf(
      { mounts: [ROOT, FULL] },
      { ...diskOnly, mounts: { levels: { '/data': { percent: 95 } } } },
    );
    await bench.engine.detectAndHeal();
    bench.host.set({ mounts: [ROOT] });
    await bench.engine.detectAndHeal();
    expect(issues(bench)).toEqual(['issue:opened disk:/data']);
    expect(bench.engine.status().issues).toMatchObject([
      { severity: Severity.HIGH, description: 'Nothing is mounted on /data, which `mounts.levels` names' },
    ]);
    bench.host.set({ mounts: [ROOT, mountReading({ mountPoint: '/data', device: '8:2' })] });
    await bench.engine.detectAndHeal();
    expect(issues(bench).at(-1)).toBe('issue:cleared disk:/data');
    await bench.engine.close();
  });

  it('is gone in monitoring as well, with its request for approval', async () => {
    const bench = benchOf(
      { mounts: [ROOT, FULL] },
      { ...diskOnly, fake: { plan: () => ({ approval: 'a person' }) } },
    );
    const monitoring = bench.engine.startMonitoring(60);
    await bench.done(bench.clock.advance(1_000));
    expect(bench.engine.status().approvals).toHaveLength(1);
    bench.host.set({ mounts: [ROOT] });
    await bench.done(bench.clock.advance(60_000));
    expect(issues(bench)).toEqual(['issue:opened disk:/data', 'issue:gone disk:/data']);
    expect(bench.engine.status().approvals).toEqual([]);
    await bench.engine.stopMonitoring();
    await monitoring;
    await bench.engine.close();
  });

  it('is no success of a repair: a file system that was unmounted during it is not reported as fixed', async () => {
    const bench = benchOf(
      { mounts: [ROOT, FULL] },
      { ...diskOnly, fake: { act: () => bench.host.set({ mounts: [ROOT] }) } },
    );
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ success: false, outcome: 'failed' });
    await bench.engine.detectAndHeal();
    expect(issues(bench)).toEqual(['issue:opened disk:/data', 'issue:gone disk:/data']);
    expect(bench.engine.getMetrics()).toMatchObject({ issuesResolved: 0 });
    await bench.engine.close();
  });
});

describe('an unlisted unit, which is read only while it has a problem,', () => {
  const next = async (after: Parameters<typeof unitReading>[0] | undefined): Promise<string | undefined> => {
    const bench = benchOf({ units: [failedUnit({ name: 'job' })] }, { enabledChecks: ['services'] });
    await bench.engine.detectAndHeal({ dryRun: true });
    bench.host.set({ units: after === undefined ? [] : [unitReading({ name: 'job', ...after })] });
    await bench.engine.detectAndHeal({ dryRun: true });
    await bench.engine.close();
    return issues(bench)[1];
  };

  it('is cleared when it runs', async () => {
    expect(await next({})).toBe('issue:cleared job');
  });

  it('is gone when systemd does not know it any more', async () => {
    expect(await next(undefined)).toBe('issue:gone job');
  });

  it('is cleared when it is inactive, which is ok for an unlisted unit', async () => {
    expect(await next({ activeState: 'inactive', subState: 'dead' })).toBe('issue:cleared job');
  });

  it('stays open while it is in transition', async () => {
    expect(await next({ activeState: 'activating', subState: 'start', job: 'start' })).toBeUndefined();
  });
});

it('a custom detector with `detectIssues` alone clears an issue that it does not return', async () => {
  const issue: Issue = {
    ...{ type: 'service', severity: 3, description: 'it is down', component: 'part', check: 'mine' },
    ...{ metricValue: 0, threshold: 1, timestamp: new Date(0) },
  };
  let found: readonly Issue[] = [issue];
  const bench = benchOf({}, { detector: { detectIssues: () => Promise.resolve(found) } });
  await bench.engine.detectAndHeal();
  found = [];
  await bench.engine.detectAndHeal();
  expect(issues(bench)).toEqual(['issue:opened part', 'issue:cleared part']);
  await bench.engine.close();
});

it('a custom detector that lists all its readings makes a missing component gone', async () => {
  const verdict = (component: string, status: 'ok' | 'bad') =>
    ({ check: 'mine', type: 'service', component, status, reason: `it is ${status}` }) as const;
  let found = [verdict('a', 'ok'), verdict('b', 'bad')];
  const detector = { detectIssues: () => Promise.resolve([]), inspect: () => Promise.resolve(found) };
  const bench = benchOf({}, { detector });
  await bench.engine.detectAndHeal();
  found = [verdict('a', 'ok')];
  await bench.engine.detectAndHeal();
  expect(issues(bench)).toEqual(['issue:opened b', 'issue:gone b']);
  await bench.engine.close();
});
