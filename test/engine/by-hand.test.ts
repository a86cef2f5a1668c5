import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IssueInput } from '../../src/model/issue.js';
import type { HealingAction } from '../../src/model/plan.js';
import { failedUnit, mountReading, unitReading } from '../../src/testing/index.js';
import { issueOf, unitTargetOf } from '../make.js';
import { benchOf } from '../make-engine.js';

const byHand = (more: Partial<IssueInput> = {}): IssueInput => {
  const { timestamp: _timestamp, ...rest } = issueOf(more);
  return { ...rest, ...(more.timestamp ? { timestamp: more.timestamp } : {}) };
};

describe('healIssue', () => {
  it('accepts a manually created issue, dates it, reads again and acts', async () => {
    const bench = benchOf(
      { units: [failedUnit()] },
      { fake: { act: () => bench.host.setUnit('nginx', unitReading()) } },
    );
    const result = await bench.done(bench.engine.healIssue(byHand()));
    expect(result).toMatchObject({ outcome: 'fixed', issue: { component: 'nginx' } });
    expect(result.issue.timestamp).toBeInstanceOf(Date);
    expect(result.issue.timestamp.getTime()).toBeLessThanOrEqual(bench.clock.now());
  });

  it('does nothing if the component is ok when read again', async () => {
    const bench = benchOf({ units: [unitReading()] }, { services: ['nginx'] });
    expect(await bench.done(bench.engine.healIssue(byHand()))).toMatchObject({
      outcome: 'skipped',
      blockedBy: 'already-healthy',
    });
  });

  it.each(['nginx', 'nginx.service'])('accepts the unit name %s', async (component) => {
    const bench = benchOf({ units: [failedUnit()] });
    expect(await bench.done(bench.engine.healIssue(byHand({ component })))).toMatchObject({
      outcome: 'ineffective',
    });
  });

  it('treats the component `disk` as the file system of the Nix store', async () => {
    const store = mountReading({ mountPoint: '/nix/store', device: '8:2', percent: 97 });
    const bench = benchOf({ mounts: [mountReading(), store] });
    const result = await bench.done(
      bench.engine.healIssue(byHand({ type: 'resource', component: 'disk', metricValue: 97, threshold: 90 })),
    );
    expect(result).toMatchObject({
      actionTaken: 'clean_nix_store',
      plan: { parameters: { path: '/nix/store' } },
    });
    expect(result.blockedBy).not.toBe('already-healthy');
  });

  it('does not act on a unit that systemd does not know', async () => {
    const bench = benchOf({ units: [] }, { executor: undefined });
    const result = await bench.done(bench.engine.healIssue(byHand({ component: 'nope' })));
    expect(result).toMatchObject({ outcome: 'skipped', success: false });
    expect(result.error).toContain('nope.service');
  });

  it('fails with a sentence for an invalid unit name', async () => {
    const bench = benchOf({}, { executor: undefined });
    const result = await bench.done(bench.engine.healIssue(byHand({ component: '../etc; reboot' })));
    expect(result).toMatchObject({ outcome: 'failed', success: false });
    expect(result.error).toContain('systemd unit name');
  });

  it('starts at the rung given in the issue', async () => {
    const asked: unknown[] = [];
    const resolver = {
      getAction: ({ attempt }: { attempt?: number }) => {
        asked.push(attempt);
        return { action: 'x', parameters: {} };
      },
    };
    const bench = benchOf({ units: [failedUnit()] }, { resolver });
    await bench.done(bench.engine.healIssue(byHand({ attempt: 2 })));
    expect(asked[0]).toBe(2);
  });

  it.each([
    [
      { ...byHand(), severity: 5 },
      'Expected `issue.severity` to be a severity from 1 (LOW) to 4 (CRITICAL), got `5` (number)',
    ],
    [{ ...byHand(), severity: 'HIGH' }, 'Expected `issue.severity`'],
    [{ ...byHand(), type: 'services' }, 'did you mean `service`?'],
    [{ ...byHand(), component: '' }, 'Expected `issue.component` to be a non-empty string'],
    [
      { ...byHand(), metricValue: NaN },
      'Expected `issue.metricValue` to be a finite number, got `NaN` (number)',
    ],
    [{ ...byHand(), threshold: undefined }, 'Expected `issue.threshold`'],
    [{ ...byHand(), description: 7 }, 'Expected `issue.description`'],
    [{ ...byHand(), timestamp: new Date(NaN) }, 'Expected `issue.timestamp` to be a valid Date'],
    [{ ...byHand(), timestamp: '2025-01-01' }, 'Expected `issue.timestamp`'],
    [{ ...byHand(), attempt: -1 }, 'Expected `issue.attempt`'],
    [{ ...byHand(), attempt: 0.5 }, 'Expected `issue.attempt`'],
    [{ ...byHand(), evidence: 'x' }, 'Expected `issue.evidence`'],
    [null, 'Expected `issue` to be an object'],
    ['nginx', 'Expected `issue` to be an object'],
  ])('refuses %j', async (issue, message) => {
    const bench = benchOf();
    await expect(bench.engine.healIssue(issue as never)).rejects.toThrow(message);
    await expect(bench.engine.healIssuesBatch([byHand(), issue as never])).rejects.toThrow(
      message.replace('`issue', '`issues[1]'),
    );
    expect(bench.executor.planned).toEqual([]);
  });

  it("never modifies the caller's issue, and does not follow its changes", async () => {
    const evidence = ['a line'];
    const issue = Object.freeze(byHand({ evidence }));
    const bench = benchOf({ units: [failedUnit()] });
    const result = await bench.done(bench.engine.healIssue(issue));
    evidence.push('another line');
    expect(result.issue.evidence).toEqual(['a line']);
    expect(Object.isFrozen(result.issue)).toBe(true);
  });
});

describe('healIssuesBatch', () => {
  it('returns no results for no issues', async () => {
    expect(await benchOf().engine.healIssuesBatch([])).toEqual([]);
  });

  it('refuses an argument that is not a list', async () => {
    await expect(benchOf().engine.healIssuesBatch(byHand() as never)).rejects.toThrow(
      'Expected `issues` to be an array',
    );
  });

  it('acts by severity, then by dependency, and returns results in the given order', async () => {
    const names = ['app', 'web', 'db', 'cron'];
    const needs: Record<string, string[]> = { app: ['db.service'], web: ['app.service'] };
    const units = names.map((name) => failedUnit({ name }));
    const plan = ({ parameters }: HealingAction) => {
      const name = parameters.service as string;
      return { targets: [unitTargetOf({ id: `${name}.service`, needs: needs[name] ?? [] })] };
    };
    const bench = benchOf({ units }, { fake: { plan } });
    const severities = { app: 3, web: 3, db: 3, cron: 4 } as const;
    const issues = names.map((component) =>
      byHand({ component, severity: severities[component as keyof typeof severities] }),
    );
    const results = await bench.done(bench.engine.healIssuesBatch(issues));
    expect(results.map(({ issue }) => issue.component)).toEqual(names);
    expect(bench.executor.executed.map(({ parameters }) => parameters.service)).toEqual([
      'cron',
      'db',
      'app',
      'web',
    ]);
  });

  it('heals duplicates once, with the same result for each', async () => {
    const bench = benchOf({ units: [failedUnit(), failedUnit({ name: 'redis' })] });
    const results = await bench.done(
      bench.engine.healIssuesBatch([
        byHand(),
        byHand({ component: 'redis' }),
        byHand({ description: 'again' }),
      ]),
    );
    expect(results.map(({ issue }) => issue.component)).toEqual(['nginx', 'redis', 'nginx']);
    expect(results[0]?.outcome).toBe(results[2]?.outcome);
    expect(bench.executor.executed).toHaveLength(2);
  });

  it('treats nginx and nginx.service as duplicates', async () => {
    const bench = benchOf({ units: [failedUnit()] });
    const results = await bench.done(
      bench.engine.healIssuesBatch([byHand(), byHand({ component: 'nginx.service' })]),
    );
    expect(results).toHaveLength(2);
    expect(bench.executor.executed).toHaveLength(1);
  });

  it('returns one result for each issue in the given order, whatever is given', async () => {
    const issue = fc
      .record({
        component: fc.constantFrom('a', 'b', 'c', 'memory', 'cpu', 'load', 'disk:/', 'nope', 'system:state'),
        severity: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const),
        type: fc.constantFrom('service' as const, 'resource' as const, 'system' as const),
      })
      .map((more) => byHand(more));
    await fc.assert(
      fc.asyncProperty(fc.array(issue, { maxLength: 8 }), async (issues) => {
        const units = ['a', 'b', 'c'].map((name) => failedUnit({ name }));
        const bench = benchOf({ units, cpu: { percent: 85, cpus: 4 } });
        const results = await bench.done(bench.engine.healIssuesBatch(issues));
        const key = ({ type, component }: { type: string; component: string }) => `${type} ${component}`;
        expect(results.map((result) => key(result.issue))).toEqual(issues.map(key));
        await bench.engine.close();
      }),
      { numRuns: 60 },
    );
  });
});
