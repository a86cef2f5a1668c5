import { describe, expect, it } from 'vitest';
import { BUILT_IN_CHECKS } from '../../src/model/built-in-checks.js';
import { SimpleDetector } from '../../src/detect/detector.js';
import { SelfHealingError } from '../../src/base/errors.js';
import {
  detectorConformance,
  failedUnit,
  fakeClock,
  fakeHost,
  memoryReading,
  mountReading,
  systemReading,
  unitReading,
  type FakeHostParts,
} from '../../src/testing/index.js';

const UNWELL: FakeHostParts = {
  cpu: { percent: 92, cpus: 4 },
  memory: memoryReading(90),
  load: { one: 20, five: 1, fifteen: 1, cpus: 4 },
  mounts: [
    mountReading({ percent: 97 }),
    mountReading({ mountPoint: '/var', device: '8:2', inodesPercent: 93 }),
  ],
  units: [failedUnit(), unitReading({ name: 'redis' })],
  system: systemReading({ state: 'degraded' }),
};
const components = (list: readonly { component: string }[]) => list.map(({ component }) => component);

describe('detectIssues', () => {
  it('returns no issue on a healthy host', async () => {
    expect(await new SimpleDetector({ host: fakeHost() }).detectIssues()).toEqual([]);
  });

  it('returns every issue, without debounce, each frozen and dated', async () => {
    const clock = fakeClock();
    const issues = await new SimpleDetector({ host: fakeHost(UNWELL), clock }).detectIssues();
    expect(issues.map(({ component, severity }) => `${component} ${severity}`)).toEqual([
      'cpu 3',
      'memory 2',
      'disk:/ 4',
      'inodes:/var 3',
      'load 3',
      'nginx 3',
      'system:state 1',
    ]);
    for (const issue of issues) {
      expect(issue.timestamp.getTime()).toBe(clock.now());
      expect(Object.isFrozen(issue)).toBe(true);
    }
  });

  it('returns no issue if nothing can be read', async () => {
    const gone = { unknown: 'gone' };
    const host = fakeHost({ cpu: gone, memory: gone, load: gone, mounts: gone, units: gone, system: gone });
    const detector = new SimpleDetector({ host });
    expect(await detector.detectIssues()).toEqual([]);
    const verdicts = await detector.inspect();
    expect(components(verdicts)).toEqual([
      'cpu',
      'memory',
      'disk',
      'load',
      'services',
      'system:state',
      'system:oom',
    ]);
    for (const verdict of verdicts) expect(verdict).toMatchObject({ status: 'unknown', reason: 'gone' });
  });

  it('reads one component if it is named', async () => {
    const detector = new SimpleDetector({ host: fakeHost(UNWELL) });
    expect(components(await detector.detectIssues({ component: 'nginx' }))).toEqual(['nginx']);
    expect(await detector.detectIssues({ component: 'redis' })).toEqual([]);
  });

  it('uses thresholds that were changed between two runs', async () => {
    const detector = new SimpleDetector({
      host: fakeHost({ cpu: { percent: 50, cpus: 4 } }),
      enabledChecks: ['cpu'],
    });
    expect(await detector.detectIssues()).toEqual([]);
    detector.thresholds.cpuPercent = 40;
    expect(await detector.detectIssues()).toMatchObject([
      { component: 'cpu', threshold: 40, metricValue: 50 },
    ]);
    detector.thresholds = {};
    expect(await detector.detectIssues()).toEqual([]);
  });
});

describe('enabledChecks', () => {
  it('limits the checks that run, and the readings that they request', async () => {
    const host = fakeHost(UNWELL);
    const detector = new SimpleDetector({ host, enabledChecks: ['cpu', 'disk'] });
    expect(components(await detector.inspect())).toEqual([
      'cpu',
      'disk:/',
      'inodes:/',
      'disk:/var',
      'inodes:/var',
    ]);
    expect(host.requests.at(-1)?.parts).toEqual(['cpu', 'mounts']);
  });

  it('may be empty: then no issue is found', async () => {
    const host = fakeHost(UNWELL);
    const detector = new SimpleDetector({ host, enabledChecks: [] });
    expect(await detector.inspect()).toEqual([]);
  });

  it('can be assigned, and contains each name once', () => {
    const detector = new SimpleDetector({ host: fakeHost() });
    detector.enabledChecks = ['disk', 'cpu', 'disk'];
    expect(detector.enabledChecks).toEqual(['disk', 'cpu']);
  });

  it('refuses an unknown check, and keeps the previous value', () => {
    const detector = new SimpleDetector({ host: fakeHost() });
    expect(() => (detector.enabledChecks = ['cpu', 'dsk'])).toThrow(
      'Unknown check `dsk` in `enabledChecks`: did you mean `disk`?',
    );
    expect(detector.enabledChecks).toEqual(BUILT_IN_CHECKS);
  });

  it('is frozen, so that no caller changes the checks of every detector by accident', () => {
    const detector = new SimpleDetector({ host: fakeHost() });
    expect(Object.isFrozen(detector.enabledChecks)).toBe(true);
    detector.enabledChecks = ['cpu'];
    expect(Object.isFrozen(detector.enabledChecks)).toBe(true);
  });
});

describe('services', () => {
  it('without a list, finds every failed unit', async () => {
    const host = fakeHost({
      units: [failedUnit(), failedUnit({ name: 'a.mount', type: '' }), unitReading({ name: 'b' })],
    });
    const issues = await new SimpleDetector({ host, enabledChecks: ['services'] }).detectIssues();
    expect(issues.map(({ component, severity }) => `${component} ${severity}`)).toEqual([
      'nginx 3',
      'a.mount 1',
    ]);
  });

  it('with a list, judges the units in its order, known to systemd or not, and every other failed unit as LOW', async () => {
    const host = fakeHost({
      units: [failedUnit(), failedUnit({ name: 'other' }), unitReading({ name: 'redis' })],
    });
    const detector = new SimpleDetector({
      host,
      services: ['redis', 'nginx', 'nope'],
      enabledChecks: ['services'],
    });
    const verdicts = await detector.inspect();
    expect(verdicts.map(({ component, status }) => `${component} ${status}`)).toEqual([
      'redis ok',
      'nginx bad',
      'nope unknown',
      'other bad',
    ]);
    const issues = await detector.detectIssues();
    expect(issues.map(({ component, severity }) => `${component} ${severity}`)).toEqual([
      'nginx 3',
      'other 1',
    ]);
    expect(issues[1]!.description).toMatch(/it is not listed in `services`$/);
  });

  it('with an empty list, reports failed units with severity LOW at most', async () => {
    const host = fakeHost({ units: [failedUnit()] });
    const detector = new SimpleDetector({ host, services: [], enabledChecks: ['services'] });
    expect(await detector.inspect()).toMatchObject([{ component: 'nginx', severity: 1 }]);
  });

  it('with a pattern, requests it separately from the names, and judges each match as listed', async () => {
    const instance = (name: string) => failedUnit({ name: `worker@${name}.service` });
    const host = fakeHost({ units: [instance('1'), instance('2'), failedUnit({ name: 'worker.service' })] });
    const detector = new SimpleDetector({ host, services: ['worker@*'], enabledChecks: ['services'] });
    const issues = await detector.detectIssues();
    expect(issues.map(({ component, severity }) => `${component} ${severity}`)).toEqual([
      'worker@1 3',
      'worker@2 3',
      'worker 1',
    ]);
    expect(host.requests.at(-1)).toMatchObject({ units: [], patterns: ['worker@*.service'], discover: true });
    expect(await detector.detectIssues({ component: 'worker@2' })).toMatchObject([{ severity: 3 }]);
  });
});

describe('inspect of one component', () => {
  const look = async (component: string, parts = UNWELL, enabledChecks?: string[]) =>
    (await new SimpleDetector({ host: fakeHost(parts), enabledChecks }).inspect({ component })).map(
      (verdict) => `${verdict.component} ${verdict.status}`,
    );

  it.each([
    ['cpu', 'cpu bad'],
    ['memory', 'memory bad'],
    ['load', 'load bad'],
    ['disk:/', 'disk:/ bad'],
    ['inodes:/var', 'inodes:/var bad'],
    ['disk:/var', 'disk:/var ok'],
    ['nginx', 'nginx bad'],
    ['nginx.service', 'nginx bad'],
    ['redis', 'redis ok'],
    ['system:state', 'system:state bad'],
    ['disk:/gone', 'disk:/gone unknown'],
    ['no-such-unit', 'no-such-unit unknown'],
    ['system:oom', 'system:oom ok'],
    ['readonly:/', 'readonly:/ unknown'],
  ])('of %s gives %s', async (component, answer) => {
    expect(await look(component)).toEqual([answer]);
  });

  it('reads `disk` as the file system of the Nix store, and as / if the store has no separate one', async () => {
    const store = mountReading({ mountPoint: '/nix/store', device: '8:9', percent: 99 });
    expect(await look('disk', { mounts: [mountReading(), store] })).toEqual(['disk:/nix/store bad']);
    expect(await look('disk', { mounts: [mountReading()] })).toEqual(['disk:/ ok']);
    expect(await look('inodes', { mounts: [mountReading()] })).toEqual(['inodes:/ ok']);
  });

  it('also runs a check that is not enabled, because an issue may be created manually', async () => {
    expect(await look('cpu', UNWELL, ['disk'])).toEqual(['cpu bad']);
  });

  it('reads no more than it needs', async () => {
    const host = fakeHost(UNWELL);
    await new SimpleDetector({ host }).inspect({ component: 'nginx' });
    expect(host.requests).toMatchObject([{ parts: ['units'], units: ['nginx.service'], discover: false }]);
  });

  it.each([
    [200, 'bad'],
    [5_000, 'ok'],
  ])(
    'reads the host again after a slow check: after %i ms the unit reads %s, though it has recovered',
    async (ms, status) => {
      const clock = fakeClock();
      const host = fakeHost({ units: [failedUnit()] });
      const run = async () => {
        await clock.sleep(ms);
        return { status: 'ok', reason: 'GET / answers 200' } as const;
      };
      const http = { name: 'http', component: 'nginx', type: 'service', parts: [], run } as const;
      const detector = new SimpleDetector({ host, clock, services: ['nginx'], checks: [http] });
      const looked = detector.inspect({ component: 'nginx' });
      host.setUnit('nginx', unitReading({ name: 'nginx.service' }));
      await clock.advance(ms);
      const units = (await looked).filter(({ check }) => check === 'services');
      expect(units.map((verdict) => verdict.status)).toEqual([status]);
    },
  );

  it('returns no verdict for a component without a check', async () => {
    expect(await look('no such thing!')).toEqual([]);
  });
});

describe('an invalid option of the detector', () => {
  it.each([
    [{ treshold: {} }, 'Unknown option `treshold` in `options`: did you mean `thresholds`?'],
    [{ host: {} }, 'Expected `host` to be an object with a method `read`'],
    [{ checks: [{ name: 'x' }], host: fakeHost() }, 'Expected `check.component`'],
    [null, 'Expected `options` to be an object'],
  ])('%o is refused', (options, message) => {
    expect(() => new SimpleDetector(options as never)).toThrow(message);
    expect(() => new SimpleDetector(options as never)).toThrow(SelfHealingError);
  });
});

describe('the conformance suite of detectors', () => {
  describe('on a host with problems', () => {
    it.each(detectorConformance(() => new SimpleDetector({ host: fakeHost(UNWELL) })))('$name', ({ run }) =>
      run(),
    );
  });
  describe('on a healthy host', () => {
    it.each(detectorConformance(() => new SimpleDetector({ host: fakeHost() })))('$name', ({ run }) => run());
  });
});
