import { describe, expect, it } from 'vitest';
import { PortCalls } from '../../src/base/port-calls.js';
import { fakeClock } from '../../src/testing/index.js';

const never = () => new Promise<never>(() => undefined);

/** Makes a call that is past its deadline, and expects this error. */
async function late(
  calls: PortCalls,
  clock: ReturnType<typeof fakeClock>,
  work: () => Promise<unknown> = never,
) {
  const failed = expect(calls.make('The host', 10, work)).rejects.toMatchObject({
    ...{ code: 'timeout', message: 'The host did not answer within 10 ms' },
  });
  await clock.advance(10);
  await failed;
}

describe('the calls of a port', () => {
  it('return what the port returns, synchronously if it does', async () => {
    const calls = new PortCalls({ clock: fakeClock() });
    expect(calls.make('The host', 10, () => 7)).toBe(7);
    await expect(calls.make('The host', 10, () => Promise.resolve(8))).resolves.toBe(8);
  });

  it('fail with the error of the port', async () => {
    const calls = new PortCalls({ clock: fakeClock() });
    const broken = () => Promise.reject(new Error('no bus'));
    await expect(calls.make('The host', 10, broken)).rejects.toThrow('no bus');
    expect(calls.isStuck).toBe(false);
  });

  it('fail at their deadline, which may grow during the call', async () => {
    const clock = fakeClock();
    const calls = new PortCalls({ clock });
    let limit = 10;
    const failed = expect(calls.make('The host', () => limit, never)).rejects.toThrow(
      'The host did not answer within 30 ms',
    );
    limit = 30;
    await clock.advance(10);
    await clock.advance(19);
    expect(calls.isStuck).toBe(false);
    await clock.advance(1);
    await failed;
  });

  it('end when their signal is aborted, and do not count as hanging then', async () => {
    const stop = new AbortController();
    const calls = new PortCalls({ clock: fakeClock(), signal: stop.signal, mostHanging: 1 });
    const failed = expect(calls.make('The host', 10, never)).rejects.toBe('stop');
    stop.abort('stop');
    await failed;
    expect(calls.isStuck).toBe(false);
  });

  it('are refused while too many are past their deadlines, until one of these ends', async () => {
    const clock = fakeClock();
    const calls = new PortCalls({ clock, mostHanging: 2 });
    let answer = (_value: number): void => undefined;
    await late(calls, clock, () => new Promise<number>((resolve) => (answer = resolve)));
    expect(calls.make('The host', 10, () => 7)).toBe(7);
    await late(calls, clock);
    expect(calls.isStuck).toBe(true);
    expect(() => calls.make('The host', 10, () => 7)).toThrow(
      'The host has not answered an earlier call: it is not called again',
    );
    answer(1);
    await new Promise(setImmediate);
    expect(calls.isStuck).toBe(false);
    expect(calls.make('The host', 10, () => 7)).toBe(7);
    await late(calls, clock);
    expect(calls.isStuck).toBe(true);
  });

  it('are refused after eight hanging ones, where no other number is given', async () => {
    const clock = fakeClock();
    const calls = new PortCalls({ clock });
    for (let call = 0; call < 8; call += 1) {
      expect(calls.isStuck).toBe(false);
      await late(calls, clock);
    }
    expect(calls.isStuck).toBe(true);
  });
});
