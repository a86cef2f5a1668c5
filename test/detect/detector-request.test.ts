import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import { SimpleDetector } from '../../src/detect/detector.js';
import type { InspectRequest } from '../../src/detect/detector-port.js';
import { SNAPSHOT_PARTS } from '../../src/model/snapshot.js';
import { fakeHost, unitReading } from '../../src/testing/index.js';

const checkOn = (component: string, more: Partial<Check> = {}): Check => ({
  ...{ name: 'mine', component, type: 'service', parts: [] },
  run: () => ({ status: 'ok', reason: 'It is well' }),
  ...more,
});
type Options = ConstructorParameters<typeof SimpleDetector>[0];

describe('the request of a detector to its host', () => {
  const requestOf = async (options: Options, request: InspectRequest = {}) => {
    const host = fakeHost();
    await new SimpleDetector({ ...options, host }).inspect(request);
    expect(host.requests).toHaveLength(1);
    return host.requests[0];
  };
  const nothing = { recent: undefined, signal: undefined };

  it('names each part once, and finds failed units', async () => {
    const parts = ['cpu', 'memory', 'mounts', 'load', 'units', 'system'];
    expect(await requestOf({})).toEqual({ parts, units: [], discover: true, ...nothing });
  });

  it('names the listed units, and patterns and mount points only if there are any', async () => {
    const options: Options = { enabledChecks: ['services'], services: ['redis', 'worker@*', 'a.socket'] };
    expect(await requestOf(options)).toEqual({
      ...{ parts: ['units'], units: ['redis.service', 'a.socket'], patterns: ['worker@*.service'] },
      ...{ discover: true, ...nothing },
    });
    const mounts = { levels: { '/data': { percent: 90 } } };
    expect(await requestOf({ enabledChecks: ['disk'], mounts })).toEqual({
      ...{ parts: ['mounts'], units: undefined, discover: false, mountPoints: ['/data'], ...nothing },
    });
  });

  it('asks for no units if only gauges are enabled', async () => {
    expect(await requestOf({ enabledChecks: ['cpu', 'load'] })).toEqual({
      ...{ parts: ['cpu', 'load'], units: undefined, discover: false, ...nothing },
    });
  });

  it('asks for the failed units with the state of the system, though the check of units is disabled', async () => {
    const expected = { parts: ['system', 'units'], units: undefined, discover: true, ...nothing };
    expect(await requestOf({ enabledChecks: ['system'] })).toEqual(expected);
    expect(await requestOf({}, { component: 'system:state' })).toEqual(expected);
  });

  it('asks for no units with the kills of the system', async () => {
    expect(await requestOf({}, { component: 'system:oom' })).toEqual({
      ...{ parts: ['system'], units: undefined, discover: false, ...nothing },
    });
  });

  it('for one unit names that alone, and passes `fresh` on', async () => {
    const services = ['redis', 'worker@*'];
    const unit = { parts: ['units'], units: ['redis.service'], discover: false, ...nothing };
    expect(await requestOf({ services }, { component: 'redis' })).toEqual(unit);
    expect(await requestOf({ services }, { component: 'redis', fresh: true })).toEqual({
      ...unit,
      fresh: true,
    });
    expect(await requestOf({ services }, { fresh: true })).not.toHaveProperty('fresh');
    expect(await requestOf({}, { component: 'cpu', fresh: true })).not.toHaveProperty('fresh');
  });

  it('includes the parts of own checks: all of them by default', async () => {
    const own = (more: Partial<Check>): Options => ({
      checks: [checkOn('x', more)],
      enabledChecks: ['mine'],
    });
    expect((await requestOf(own({})))?.parts).toEqual([]);
    expect((await requestOf(own({ parts: ['load', 'cpu'] })))?.parts).toEqual(['load', 'cpu']);
    const { parts: _parts, ...withoutParts } = checkOn('x');
    expect((await requestOf({ checks: [withoutParts], enabledChecks: ['mine'] }))?.parts).toEqual(
      SNAPSHOT_PARTS,
    );
  });

  it('is the same object while nothing changes, and a new one for another signal, `recent` or choice of checks', async () => {
    const host = fakeHost();
    const detector = new SimpleDetector({ host });
    const { signal } = new AbortController();
    const requests: InspectRequest[] = [{}, {}, { recent: true }, { recent: true }, { recent: true, signal }];
    for (const request of requests) await detector.inspect(request);
    await detector.inspect({ component: 'cpu' });
    await detector.inspect({ recent: true, signal });
    detector.enabledChecks = ['cpu'];
    await detector.inspect({ recent: true, signal });
    const [a, b, c, d, e, ofCpu, f, g] = host.requests;
    expect([a === b, b === c, c === d, d === e, e === f, f === g]).toEqual([
      ...[true, false, true, false, true, false],
    ]);
    expect(c).toMatchObject({ recent: true, signal: undefined });
    expect(e).toMatchObject({ recent: true, signal });
    expect(ofCpu?.parts).toEqual(['cpu']);
    expect(g?.parts).toEqual(['cpu']);
  });
});

describe('the checks that judge one component', () => {
  const checksOn = async (component: string, options: Options, request: InspectRequest = {}) => {
    const host = fakeHost({ units: [unitReading({ name: 'redis' }), unitReading({ name: 'worker@1' })] });
    const verdicts = await new SimpleDetector({ ...options, host }).inspect({ component, ...request });
    return verdicts.map(({ check }) => check);
  };

  it('are those of the program alone for a unit that is not listed, unless they are asked for', async () => {
    const checks = [checkOn('redis')];
    expect(await checksOn('redis', { checks })).toEqual(['mine']);
    expect(await checksOn('redis', { checks, services: ['nginx'] })).toEqual(['mine']);
    expect((await checksOn('redis', { checks }, { check: 'services' })).sort()).toEqual(['mine', 'services']);
    expect(await checksOn('redis', { checks }, { check: 'mine' })).toEqual(['mine']);
  });

  it('are both for a unit that is listed, by its name or by a pattern', async () => {
    const both = ['mine', 'services'];
    const listed = { checks: [checkOn('redis')], services: ['redis'] };
    expect((await checksOn('redis', listed)).sort()).toEqual(both);
    const matched = { checks: [checkOn('worker@1')], services: ['worker@*'] };
    expect((await checksOn('worker@1', matched)).sort()).toEqual(both);
  });

  it('are both for a resource, and those of the program alone for what can be no unit', async () => {
    expect((await checksOn('cpu', { checks: [checkOn('cpu')] })).sort()).toEqual(['cpu', 'mine']);
    expect(await checksOn('my pool', { checks: [checkOn('my pool')], services: ['redis'] })).toEqual([
      'mine',
    ]);
    expect(await checksOn('redis', { checks: [checkOn('other')] })).toEqual(['services']);
  });
});
