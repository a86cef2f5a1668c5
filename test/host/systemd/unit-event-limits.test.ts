import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unitPath } from '../../../src/host/systemd/dbus-properties.js';
import { createUnitEvents, type UnitStates } from '../../../src/host/systemd/unit-events.js';
import type { UnitSignal } from '../../../src/host/systemd/unit-signal.js';
import { isUnknown } from '../../../src/model/reading.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Events with a test clock; `answer` is what systemd returns next. */
function made(units?: readonly string[], relistMs?: number) {
  const told: string[] = [];
  const asked: unknown[] = [];
  let answer: UnitStates | Error = { units: [], isFollowed: true };
  const events = createUnitEvents({
    followStates(names) {
      asked.push(names);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    now: () => Date.now(),
    relistMs,
  });
  const set = (states: Readonly<Record<string, string>> | Error, isFollowed = true): void => {
    if (states instanceof Error) answer = states;
    else {
      const found = Object.entries(states).map(([name, activeState]) => ({
        ...{ name, activeState, path: unitPath(name) },
      }));
      answer = { units: found, isFollowed };
    }
  };
  const watch = () =>
    events.watch(units, {
      unitInTrouble: (unit) => void told.push(unit),
      listening: (state) => void told.push(isUnknown(state) ? state.unknown : 'listening'),
    });
  /** Lets this time pass, and returns what was reported in it. */
  const after = async (ms: number): Promise<string[]> => {
    await vi.advanceTimersByTimeAsync(ms);
    return told.splice(0);
  };
  return { events, set, watch, after, asked };
}
const ONE = { 'a.service': 'failed', 'b.service': 'inactive', 'c.service': 'active' };

describe('the events of units', () => {
  it.each([
    [
      'named ones that failed or stopped',
      ['a.service', 'b.service', 'c.service'],
      ['a.service', 'b.service'],
    ],
    ['any that failed', undefined, ['a.service']],
  ])('report at first %s', async (_, units, down) => {
    const { set, watch, after, asked } = made(units);
    set(ONE);
    watch();
    expect(await after(0)).toEqual(['listening', ...down]);
    expect(asked).toEqual([units]);
  });

  it('report a unit again only after it was up, or if its changes are not signalled', async () => {
    const { set, watch, after } = made();
    set(ONE);
    watch();
    await after(0);
    expect(await after(30_000)).toEqual([]);
    set({});
    expect(await after(30_000)).toEqual([]);
    set(ONE, false);
    expect(await after(30_000)).toEqual(['a.service']);
    expect(await after(1_000)).toEqual(['a.service']);
  });

  it.each([
    [undefined, true, 30_000],
    [undefined, false, 1_000],
    [400, true, 400],
    [400, false, 400],
  ])(
    'come from a list read every so often: interval %s, followed %s: %i ms',
    async (relist, followed, ms) => {
      const { set, watch, after, asked } = made(undefined, relist);
      set({}, followed);
      watch();
      await after(ms - 1);
      expect(asked).toHaveLength(1);
      await after(1);
      expect(asked).toHaveLength(2);
    },
  );

  it('resume after a loss, which is reported once, by attempts that become rarer', async () => {
    const { set, watch, after, asked } = made(undefined, 700);
    set(ONE);
    watch();
    await after(0);
    set(new Error('gone'));
    expect(await after(700)).toEqual(['gone']);
    for (const wait of [250, 500, 700, 700]) {
      const before = asked.length;
      expect(await after(wait - 1)).toEqual([]);
      expect(asked).toHaveLength(before);
      expect(await after(1)).toEqual([]);
      expect(asked).toHaveLength(before + 1);
    }
    set(ONE);
    expect(await after(700)).toEqual(['listening', 'a.service']);
    set(new Error('again'));
    expect(await after(700)).toEqual(['again']);
    const before = asked.length;
    await after(250);
    expect(asked).toHaveLength(before + 1);
  });

  it('are lost with the connection, and asked for again soon', async () => {
    const { events, watch, after, asked } = made();
    watch();
    await after(0);
    events.lost('the bus has ended');
    expect(await after(249)).toEqual(['the bus has ended']);
    expect(asked).toHaveLength(1);
    expect(await after(1)).toEqual(['listening']);
    expect(asked).toHaveLength(2);
  });

  it('are not reported as lost before systemd was listened to', async () => {
    const { set, watch, after } = made();
    set(new Error('no systemd'));
    watch();
    expect(await after(10_000)).toEqual([]);
  });

  it.each(['end', 'close'] as const)('stop at the %s, also of a query that is running', async (how) => {
    const { events, set, watch, after, asked } = made();
    set(ONE);
    const end = watch();
    if (how === 'end') end();
    else events.close();
    expect(await after(100_000)).toEqual([]);
    expect(asked).toHaveLength(1);
    events.flooded();
    expect(await after(1_000)).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it('are asked for once more, and no more often, if signals arrive during a query', async () => {
    const { events, watch, after, asked } = made();
    watch();
    for (let count = 0; count < 5; count += 1) events.flooded();
    await after(0);
    expect(asked).toHaveLength(2);
  });

  const changed = (name: string, activeState?: string): UnitSignal => ({
    about: 'unit',
    path: unitPath(name),
    state: activeState === undefined ? undefined : { activeState, subState: '' },
  });

  it('report the unit of a signal by its state, without a query', async () => {
    const any = made();
    any.watch();
    await any.after(0);
    for (const state of ['active', 'inactive', 'failed']) any.events.changed(changed('x.service', state));
    expect(await any.after(0)).toEqual(['x.service']);
    const named = made(['a.service']);
    named.watch();
    for (const name of ['a.service', 'x.service']) named.events.changed(changed(name, 'inactive'));
    expect(await named.after(0), 'before the first answer').toEqual(['a.service', 'listening']);
    named.events.changed(changed('a.service', 'failed'));
    expect(await named.after(0), 'not among the units that were found').toEqual([]);
    expect([any.asked, named.asked]).toEqual([[undefined], [['a.service']]]);
  });

  it('are asked for after a signal without a state, or about everything, but not about a job or a loaded unit', async () => {
    const { events, watch, after, asked } = made();
    watch();
    await after(0);
    for (const about of ['loaded', 'unloaded'] as const) events.changed({ about, path: '/x' });
    events.changed({ about: 'job' });
    await after(0);
    expect(asked).toHaveLength(1);
    events.changed({ about: 'everything' });
    await after(0);
    expect(asked).toHaveLength(2);
    events.changed(changed('x.service'));
    await after(0);
    expect(asked).toHaveLength(3);
  });

  it('are asked for twenty times at once, and then every 20 ms', async () => {
    const { events, watch, after, asked } = made();
    watch();
    for (let count = 0; count < 40; count += 1) {
      events.flooded();
      await after(0);
    }
    expect(asked).toHaveLength(20);
    await after(19);
    expect(asked).toHaveLength(20);
    await after(1);
    expect(asked).toHaveLength(21);
    await after(29_000);
    for (let count = 0; count < 40; count += 1) {
      events.flooded();
      await after(0);
    }
    expect(asked, 'no more are saved up').toHaveLength(41);
  });
});
