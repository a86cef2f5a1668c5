import { describe, expect, it } from 'vitest';
import { Slots } from '../../src/repair/slots.js';

const claim = (names: readonly string[], scope: 'host' | 'process' = 'host') =>
  ({ scope, alone: false, names, starts: [], stopsIfUp: [] }) as const;
const owner = (component: string) => ({ component, action: 'mend' });
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

/** Slots whose work ends on request. */
function bench() {
  let now = 0;
  const slots = new Slots(() => now);
  const ends = new Map<string, () => void>();
  const begun: string[] = [];
  const waited: Record<string, boolean> = {};
  const take = (component: string, names: readonly string[], scope: 'host' | 'process' = 'host') =>
    slots.take(claim(names, scope), owner(component), (had) => {
      begun.push(component);
      waited[component] = had;
      return new Promise<void>((done) => ends.set(component, done));
    });
  const end = async (component: string) => (ends.get(component)?.(), turns());
  return { slots, take, end, begun, waited, at: (ms: number) => void (now = ms) };
}

describe('a repair that waits for a slot', () => {
  it('names the one that holds its unit, since when that runs, and not another that runs longer', async () => {
    const { slots, take, end, at, begun, waited } = bench();
    at(5);
    void take('a', ['a']);
    at(7);
    void take('b', ['b']);
    void take('c', ['b', 'c']);
    expect(slots.waitsFor('c')).toEqual({ ...owner('b'), claim: claim(['b']), since: 7 });
    expect(slots.waitsFor('b')).toBeUndefined();
    expect(slots.waitsFor('nobody')).toBeUndefined();
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    expect(waited).toEqual({ a: false, b: false, c: true });
    expect(slots.waitsFor('c')).toBeUndefined();
  });

  it('names one that waits before it for the same unit, which does not run yet', () => {
    const { slots, take } = bench();
    void take('a', ['x']);
    void take('b', ['x', 'y']);
    void take('c', ['y']);
    expect(slots.waitsFor('c')).toMatchObject(owner('b'));
    expect(slots.waitsFor('c')?.since).toBeUndefined();
  });

  it('is not overtaken by a later one that needs the same unit when another place becomes free', async () => {
    const { take, begun, end } = bench();
    void take('a', ['x']);
    void take('other', ['z']);
    void take('b', ['x', 'y']);
    void take('c', ['y']);
    await end('other');
    expect(begun).toEqual(['a', 'other']);
    await end('a');
    expect(begun).toEqual(['a', 'other', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'other', 'b', 'c']);
  });

  it('names the first that runs when it only waits for a place', () => {
    const { slots, take } = bench();
    for (const name of ['a', 'b', 'c', 'd', 'e']) void take(name, [name]);
    expect(slots.waitsFor('e')).toMatchObject(owner('a'));
  });

  it('does not take a place of the other scope', async () => {
    const { take, begun, end } = bench();
    for (const name of ['a', 'b', 'c', 'd']) void take(name, [name]);
    for (const name of ['p', 'q', 'r', 's', 't']) void take(name, [name], 'process');
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'p', 'q', 'r', 's']);
    await end('a');
    expect(begun).not.toContain('t');
    await end('p');
    expect(begun).toContain('t');
  });
});

describe('a repair that waits for those of the units that it needs', () => {
  it('goes on at once when there are none', async () => {
    const { slots } = bench();
    await slots.waitForNeeded('a', [], new Promise(() => undefined));
    expect(slots.waitsFor('a')).toBeUndefined();
  });

  it('names the one that runs, or else the first, until they have ended', async () => {
    const { slots, take } = bench();
    let done = (): void => undefined;
    const ended = new Promise<void>((resolve) => (done = resolve));
    const waiting = slots.waitForNeeded('a', [owner('b'), owner('c')], ended);
    expect(slots.waitsFor('a')).toEqual(owner('b'));
    void take('c', ['c']);
    expect(slots.waitsFor('a')).toMatchObject({ ...owner('c'), since: 0 });
    done();
    await waiting;
    expect(slots.waitsFor('a')).toBeUndefined();
  });

  it('goes on after one of them has failed', async () => {
    const { slots } = bench();
    const failed = Promise.reject(new Error('no'));
    await expect(slots.waitForNeeded('a', [owner('b')], failed)).rejects.toThrow('no');
    expect(slots.waitsFor('a')).toBeUndefined();
  });
});

describe('idle slots', () => {
  it('are not so while one repair runs', async () => {
    const { slots, take, end } = bench();
    void take('a', ['x']);
    let isIdle = false;
    const idle = slots.idle().then(() => (isIdle = true));
    await turns();
    expect(isIdle).toBe(false);
    await end('a');
    await idle;
  });

  it('are so at once when nothing runs, and otherwise when the last one has ended', async () => {
    const { slots, take, end } = bench();
    await slots.idle();
    const order: string[] = [];
    void take('a', ['x']);
    void take('b', ['x']);
    const idle = Promise.all([slots.idle(), slots.idle()]).then(() => order.push('idle'));
    await end('a');
    expect(order).toEqual([]);
    await end('b');
    await idle;
    expect(order).toEqual(['idle']);
  });
});
