import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import { SimpleDetector } from '../../src/detect/detector.js';
import type { InspectRequest } from '../../src/detect/detector-port.js';
import { isPending } from '../../src/base/pending.js';
import type { Host } from '../../src/host/host.js';
import { failedUnit, fakeClock, fakeHost, systemReading, unitReading } from '../../src/testing/index.js';

const checkOn = (component: string, more: Partial<Check> = {}): Check => ({
  ...{ name: 'mine', component, type: 'service', parts: [] },
  run: () => ({ status: 'ok', reason: 'It is well' }),
  ...more,
});

describe('one look of a detector', () => {
  it('returns at once where the host does, and a promise where the host returns one', async () => {
    const host = fakeHost();
    expect(isPending(new SimpleDetector({ host }).look())).toBe(false);
    const later: Host = { read: (request) => Promise.resolve(host.read(request)) };
    const looked = new SimpleDetector({ host: later, enabledChecks: ['cpu'] }).look();
    expect(isPending(looked)).toBe(true);
    expect(await looked).toMatchObject([{ component: 'cpu', status: 'ok' }]);
  });

  it('refuses an invalid request: `look` throws, `inspect` and `detectIssues` reject', async () => {
    const detector = new SimpleDetector({ host: fakeHost() });
    const request = { componnt: 'cpu' } as InspectRequest;
    const message = 'Unknown option `componnt` in `request`: did you mean `component`?';
    expect(() => detector.look(request)).toThrow(message);
    await expect(detector.inspect(request)).rejects.toThrow(message);
    await expect(detector.detectIssues(request)).rejects.toThrow(message);
    class Inspects extends SimpleDetector {
      override inspect = () => Promise.resolve([]);
    }
    await expect(new Inspects({ host: fakeHost() }).detectIssues(request)).rejects.toThrow(message);
  });

  it('at one component leaves the list of the last full look as it is', async () => {
    const detector = new SimpleDetector({ host: fakeHost() });
    const all = await detector.inspect();
    expect(await detector.inspect({ component: 'cpu' })).toHaveLength(1);
    expect(await detector.inspect()).toBe(all);
  });

  it('applies an overridden `inspect`, and then has no fast path; nor with an overridden `look`', async () => {
    const verdict = { check: 'x', component: 'x', type: 'service', status: 'ok', reason: 'x' } as const;
    class Inspects extends SimpleDetector {
      override inspect = () => Promise.resolve([verdict]);
    }
    class Looks extends SimpleDetector {
      override look = () => [verdict];
    }
    expect(await new Inspects({ host: fakeHost() }).look()).toEqual([verdict]);
    expect(new Inspects({ host: fakeHost() }).glance()).toBeUndefined();
    expect(new Looks({ host: fakeHost() }).glance()).toBeUndefined();
    expect(new SimpleDetector({ host: fakeHost() }).glance()).toBeDefined();
  });

  it.each<[string, number, InspectRequest, number]>([
    ['250 ms at one component reads the host once', 250, { component: 'nginx' }, 1],
    ['251 ms at one component reads it again', 251, { component: 'nginx' }, 2],
    ['5 s at all components reads it once', 5_000, {}, 1],
  ])('of %s, at once or with a promise', async (_case, ms, request, reads) => {
    for (const isLater of [false, true]) {
      let now = 60_000;
      const clock = { ...fakeClock(), monotonic: () => now };
      const host = fakeHost({ units: [unitReading()] });
      const later: Host = { read: (asked) => Promise.resolve(host.read(asked)) };
      const run = () =>
        Promise.resolve().then(() => {
          now += ms;
          return { status: 'ok', reason: 'It is well' } as const;
        });
      const checks = [checkOn('nginx', { run })];
      const detector = new SimpleDetector({
        ...{ host: isLater ? later : host, clock, services: ['nginx'], checks },
      });
      const verdicts = await detector.inspect(request);
      const ofNginx = verdicts.filter(({ component }) => component === 'nginx');
      expect(ofNginx.map(({ check, status }) => `${check} ${status}`).sort()).toEqual([
        'mine ok',
        'services ok',
      ]);
      expect(host.requests).toHaveLength(reads);
      expect(host.requests.at(-1)).toEqual(host.requests[0]);
    }
  });

  it('names a failed unit with the degraded system unless the check of units is enabled, which reports it', async () => {
    const host = fakeHost({ units: [failedUnit()], system: systemReading({ state: 'degraded' }) });
    const reasonWith = async (enabledChecks: string[]) => {
      const verdicts = await new SimpleDetector({ host, enabledChecks }).inspect();
      return verdicts.find(({ component }) => component === 'system:state')?.reason;
    };
    expect(await reasonWith(['services', 'system'])).toMatch(/degraded: each failed unit has its own issue$/);
    expect(await reasonWith(['system'])).toMatch(/degraded: nginx.service failed$/);
  });
});

describe('a detector', () => {
  it('has the host that it was given, and the longest time limit of its custom checks', () => {
    const host = fakeHost();
    const detector = new SimpleDetector({ host });
    expect([detector.host, detector.longestCheckMs]).toEqual([host, 0]);
    expect(detector.addCheck(checkOn('x'))).toBe(detector);
    expect(detector.longestCheckMs).toBe(5_000);
    detector.addCheck(checkOn('y', { name: 'slow', timeoutMs: 9_000 }));
    expect(detector.longestCheckMs).toBe(9_000);
  });

  it.each(['cpu', 'detector', 'mine'])('refuses a second check with the name %s', (name) => {
    const detector = new SimpleDetector({ host: fakeHost(), checks: [checkOn('x')] });
    expect(() => detector.addCheck(checkOn('y', { name }))).toThrow('a name that no other check has');
    expect(detector.enabledChecks.filter((one) => one === 'mine')).toHaveLength(1);
  });

  it('enables a check that is added later, also after the checks were chosen', () => {
    const detector = new SimpleDetector({ host: fakeHost(), enabledChecks: ['cpu'] });
    expect(detector.addCheck(checkOn('x')).enabledChecks).toEqual(['cpu', 'mine']);
    expect(Object.isFrozen(detector.enabledChecks)).toBe(true);
    detector.enabledChecks = ['mine'];
    expect(detector.enabledChecks).toEqual(['mine']);
  });

  it('judges by thresholds that were assigned as a whole, and refuses an unknown one', async () => {
    const host = fakeHost({ cpu: { percent: 50, cpus: 4 } });
    const detector = new SimpleDetector({ host, enabledChecks: ['cpu'], thresholds: { cpuPercent: 49 } });
    expect(await detector.detectIssues()).toHaveLength(1);
    detector.thresholds = { cpuPercent: 51 };
    expect(detector.thresholds.cpuPercent).toBe(51);
    expect(await detector.detectIssues()).toEqual([]);
    expect(() => (detector.thresholds = { cpuPercnt: 5 } as never)).toThrow('did you mean `cpuPercent`?');
    expect(detector.thresholds.cpuPercent).toBe(51);
  });

  it('returns the healer of a check that has a function, with the time of its clock', () => {
    const clock = fakeClock();
    const heals = ({ issue }: { issue: { timestamp: Date } }) => issue.timestamp.getTime();
    const checks = [checkOn('x', { heals }), checkOn('y', { name: 'other' })];
    const detector = new SimpleDetector({ host: fakeHost(), clock, checks });
    const healer = detector.healer('mine');
    expect(healer?.name).toBe('heals() of the check `mine`');
    clock.jump(1_000);
    expect(healer?.run({ signal: new AbortController().signal })).toBe(clock.now());
    expect([detector.healer('other'), detector.healer('nope')]).toEqual([undefined, undefined]);
    expect(() => detector.healer(5 as never)).toThrow('Expected `check` to be the name of a check, got `5`');
  });

  it('reads this machine by default', () => {
    expect(new SimpleDetector().host.read).toBeTypeOf('function');
  });

  it('refuses options by their names', () => {
    expect(() => new SimpleDetector({ checks: 5 as never })).toThrow('Expected `checks` to be an array');
    expect(() => new SimpleDetector({ enabledChecks: 5 as never })).toThrow(
      'Expected `enabledChecks` to be an array of strings',
    );
  });
});
