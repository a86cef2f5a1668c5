import { describe, expect, it } from 'vitest';
import {
  failedUnit,
  fakeClock,
  fakeExecutor,
  fakeHost,
  healthySnapshot,
  memoryReading,
  mountReading,
  recordingLogger,
  unitReading,
  unknownSnapshot,
} from '../../src/testing/index.js';

describe('fakeClock', () => {
  it('stands still until it is advanced', async () => {
    const clock = fakeClock({ now: 1_000 });
    expect([clock.now(), clock.monotonic(), clock.random()]).toEqual([1_000, 0, 0.5]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  });

  it('wakes sleepers in the order of their times, each at its time', async () => {
    const clock = fakeClock();
    const woken: string[] = [];
    const sleep = (name: string, ms: number) =>
      clock.sleep(ms).then(() => woken.push(`${name} at ${clock.monotonic()}`));
    void sleep('c', 300);
    void sleep('a', 100);
    void sleep('b', 200);
    void sleep('a2', 100);
    await clock.advance(250);
    expect(woken).toEqual(['a at 100', 'a2 at 100', 'b at 200']);
    expect(clock.sleepers).toBe(1);
    await clock.advance(50);
    expect(woken.at(-1)).toBe('c at 300');
  });

  it('wakes also sleepers that were added while it is advanced', async () => {
    const clock = fakeClock();
    const times: number[] = [];
    void (async () => {
      for (let i = 0; i < 5; i += 1) {
        await clock.sleep(10);
        times.push(clock.monotonic());
      }
    })();
    await clock.advance(35);
    expect(times).toEqual([10, 20, 30]);
    await clock.advance(100);
    expect(times).toEqual([10, 20, 30, 40, 50]);
  });

  it('drops a sleeper whose signal is aborted', async () => {
    const clock = fakeClock();
    const controller = new AbortController();
    const sleep = clock.sleep(10, controller.signal);
    controller.abort(new Error('enough'));
    await expect(sleep).rejects.toThrow('enough');
    expect(clock.sleepers).toBe(0);
  });

  it('can jump like a wall clock: monotonic time continues, and no sleeper is woken', () => {
    const clock = fakeClock({ now: 1_000 });
    void clock.sleep(10);
    clock.jump(-500);
    expect([clock.now(), clock.monotonic(), clock.sleepers]).toEqual([500, 0, 1]);
  });

  it('rejects if a loop sleeps for 0 ms again and again', async () => {
    const clock = fakeClock();
    let on = true;
    void (async () => {
      while (on) await clock.sleep(0);
    })();
    await expect(clock.advance(1)).rejects.toThrow('sleeps for 0 ms again and again');
    on = false;
    await clock.advance(0);
  });

  it('refuses to go back', async () => {
    await expect(fakeClock().advance(-1)).rejects.toThrow(
      'Expected `ms` to be a number of at least 0, got -1',
    );
  });
});

describe('fakeHost', () => {
  it('is healthy by default, and changes on request', () => {
    const host = fakeHost();
    expect(host.read()).toEqual(healthySnapshot());
    host.set({ memory: memoryReading(97) });
    host.set({ cpu: { unknown: 'gone' } });
    expect(host.read()).toMatchObject({ memory: { usedPercent: 97 }, cpu: { unknown: 'gone' } });
  });

  it('returns units like systemd: requested ones in order, by any name, and those with problems on request', () => {
    const ssh = failedUnit({ name: 'ssh', names: ['ssh.service', 'sshd.service'] });
    const host = fakeHost({ units: [ssh, unitReading()] });
    const asked = host.read({ units: ['nginx', 'sshd', 'nope'] }).units;
    expect(asked).toMatchObject({
      asked: [
        { name: 'nginx.service', activeState: 'active' },
        { name: 'sshd.service', id: 'ssh.service', activeState: 'failed' },
        { name: 'nope.service', loadState: 'not-found' },
      ],
      troubled: [],
    });
    expect(host.read({ discover: true }).units).toMatchObject({
      asked: [],
      troubled: [{ id: 'ssh.service' }],
    });
  });

  it('permits changing one unit', () => {
    const host = fakeHost({ units: [failedUnit()] });
    host.setUnit('nginx', unitReading());
    host.setUnit('redis', { activeState: 'activating' });
    expect(host.read({ units: ['nginx', 'redis'] }).units).toMatchObject({
      asked: [{ activeState: 'active' }, { id: 'redis.service', activeState: 'activating' }],
    });
  });

  it('records the requests', () => {
    const host = fakeHost();
    host.read({ parts: ['cpu'] });
    void host.close?.();
    expect(host.requests).toEqual([{ parts: ['cpu'] }]);
    expect(host.closed).toBe(1);
  });

  it('takes its time from a clock', async () => {
    const clock = fakeClock({ now: 5 });
    const host = fakeHost({}, { clock });
    await clock.advance(10);
    expect(host.read().timestamp).toBe(15);
  });
});

describe('the fake readings', () => {
  it('of an unknown host are all unknown', () => {
    const { timestamp: _timestamp, ...parts } = unknownSnapshot('why');
    expect(Object.keys(parts)).toEqual(expect.arrayContaining(['cpu', 'memory', 'mounts', 'units']));
    for (const part of Object.values(parts)) expect(part).toEqual({ unknown: 'why' });
  });

  it('of memory and mounts are consistent', () => {
    expect(memoryReading(75).availableBytes / memoryReading(75).totalBytes).toBeCloseTo(0.25);
    const { space } = mountReading({ percent: 80 });
    expect(space).toMatchObject({ percent: 80 });
  });

  it('of a unit have matching names', () => {
    expect(unitReading({ name: 'a' })).toMatchObject({
      name: 'a.service',
      id: 'a.service',
      names: ['a.service'],
    });
  });
});

describe('fakeExecutor', () => {
  const action = { action: 'x', parameters: { y: 1 } };

  it('records what was planned and executed, and does nothing in a dry run', async () => {
    const executor = fakeExecutor();
    await executor.plan(action);
    await executor.execute(action, { dryRun: true });
    expect(executor.executed).toEqual([]);
    expect(await executor.execute(action)).toMatchObject({ outcome: 'executed', success: true });
    expect(executor.planned).toEqual([action]);
    expect(executor.executed).toEqual([action]);
  });

  it('returns the queued results in order', async () => {
    const executor = fakeExecutor();
    executor.next({ outcome: 'failed', error: 'first' });
    executor.next({ outcome: 'skipped', blockedBy: 'locked', error: 'second' });
    expect(await executor.execute(action)).toMatchObject({
      outcome: 'failed',
      success: false,
      error: 'first',
    });
    expect(await executor.execute(action)).toMatchObject({ outcome: 'skipped', blockedBy: 'locked' });
    expect(await executor.execute(action)).toMatchObject({ outcome: 'executed' });
  });

  it('fails if its callback throws', async () => {
    const executor = fakeExecutor({ act: () => Promise.reject(new Error('no')) });
    expect(await executor.execute(action)).toMatchObject({ outcome: 'failed', error: 'no' });
  });
});

describe('recordingLogger', () => {
  it('keeps every line in order, and by level', () => {
    const logger = recordingLogger();
    logger.info('a');
    logger.error('b');
    logger.info('c');
    expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'info a',
      'error b',
      'info c',
    ]);
    expect(logger.of('info')).toEqual(['a', 'c']);
  });
});
