import { describe, expect, it } from 'vitest';
import { SelfHealingError } from '../../src/base/errors.js';
import { ownedStore } from '../../src/memory/owned-store.js';
import { EMPTY_STATE } from '../../src/memory/state.js';
import { memoryStore, type Store } from '../../src/memory/store.js';
import { fakeClock } from '../../src/testing/index.js';

const forever = new Promise<never>(() => undefined);
const late = (what: string) => ({
  code: 'timeout',
  message: `\`store.${what}\` did not answer within 10 s`,
});
const stuck = (what: string) => ({
  code: 'timeout',
  message: `\`store.${what}\` has not answered an earlier call: it is not called again`,
});

/** A store of which some functions are replaced, and the clock of its deadlines. */
function storeWith(change: Partial<Store>) {
  const clock = fakeClock();
  return { clock, store: ownedStore({ ...memoryStore(), ...change }, clock) };
}
/** Rejection of a call that is still pending when 10 s have passed. */
async function after10s(clock: ReturnType<typeof fakeClock>, call: unknown): Promise<unknown> {
  const rejection = Promise.resolve(call).then(
    () => 'no rejection',
    (error: unknown) => error,
  );
  await clock.advance(10_000);
  return rejection;
}

describe('a store that an engine uses', () => {
  it('loads and saves what the store has, and has its path if there is one', async () => {
    const { store } = storeWith({ path: '/x/state.json' });
    await store.save({ ...EMPTY_STATE, savedAt: 5 });
    expect(await store.load()).toEqual({ ...EMPTY_STATE, savedAt: 5 });
    expect(store.path).toBe('/x/state.json');
    expect(storeWith({}).store).not.toHaveProperty('path');
  });

  it('tells the store that a load is for a dry run', async () => {
    const options: unknown[] = [];
    const { store } = storeWith({ load: (given) => Promise.resolve(void options.push(given)) });
    await store.load({ readOnly: true });
    expect(options).toEqual([{ readOnly: true }]);
  });

  it('can be closed, also if it has nothing to close', async () => {
    let closings = 0;
    await storeWith({ close: () => void (closings += 1) }).store.close?.();
    expect(closings).toBe(1);
    await expect(storeWith({}).store.close?.()).resolves.toBeUndefined();
  });
});

describe('a store that fails', () => {
  it('names itself in an error of its load, and keeps the cause', async () => {
    const cause = new Error('no route to host');
    const { store } = storeWith({ load: () => Promise.reject(cause) });
    await expect(store.load()).rejects.toMatchObject({
      message: '`store.load` failed: no route to host',
      cause,
    });
  });

  it('keeps the code of an error of the library', async () => {
    const locked = new SelfHealingError('locked', 'Another engine holds the state');
    await expect(storeWith({ load: () => Promise.reject(locked) }).store.load()).rejects.toBe(locked);
  });

  it.each(['load', 'save', 'close'] as const)(
    'rejects if its `%s` throws instead of rejecting',
    async (name) => {
      const { store } = storeWith({
        [name]: () => {
          throw new Error('EIO');
        },
      });
      const call = async () => (name === 'save' ? store.save(EMPTY_STATE) : store[name]?.());
      await expect(call()).rejects.toThrow('EIO');
    },
  );

  it('rejects with an error, whatever it throws', async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    const { store } = storeWith({ save: () => Promise.reject('EIO') });
    await expect(store.save(EMPTY_STATE)).rejects.toBeInstanceOf(Error);
  });
});

describe('a store that does not answer', () => {
  it.each(['load', 'save', 'close'] as const)('fails a `%s` after ten seconds', async (name) => {
    const { store, clock } = storeWith({ [name]: () => forever });
    const call = name === 'save' ? store.save(EMPTY_STATE) : store[name]?.();
    expect(await after10s(clock, call)).toMatchObject(late(name));
  });

  it('is not asked to save again: the first state may still be written, over the second', async () => {
    let saves = 0;
    let answer: () => void = () => undefined;
    const save = () => ((saves += 1), new Promise<void>((resolve) => void (answer = resolve)));
    const { store, clock } = storeWith({ save });
    expect(await after10s(clock, store.save(EMPTY_STATE))).toMatchObject(late('save'));
    await expect(store.save(EMPTY_STATE)).rejects.toMatchObject(stuck('save'));
    expect(saves).toBe(1);
    answer();
    await new Promise(setImmediate);
    const next = store.save(EMPTY_STATE);
    answer();
    await expect(next).resolves.toBeUndefined();
  });

  it('is asked to load once if it is a file, and up to eight times if it is not', async () => {
    const loadsOf = async (change: Partial<Store>) => {
      let loads = 0;
      const { store, clock } = storeWith({ ...change, load: () => ((loads += 1), forever) });
      for (let tries = 0; tries < 10; tries += 1) await after10s(clock, store.load());
      return loads;
    };
    expect([await loadsOf({ path: '/x/state.json' }), await loadsOf({})]).toEqual([1, 8]);
  });

  it('is asked to save once while that does not end', async () => {
    let saves = 0;
    const { store, clock } = storeWith({ save: () => ((saves += 1), forever) });
    for (let tries = 0; tries < 3; tries += 1) await after10s(clock, store.save(EMPTY_STATE));
    expect(saves).toBe(1);
  });

  it('can be closed while it loads and saves', async () => {
    let closings = 0;
    const { store, clock } = storeWith({
      ...{ path: '/x', load: () => forever, save: () => forever, close: () => void (closings += 1) },
    });
    await after10s(clock, Promise.all([store.load(), store.save(EMPTY_STATE)]));
    await store.close?.();
    expect(closings).toBe(1);
  });
});

describe('a store that ends its load after it was closed', () => {
  it('is closed again, so that no lock is left', async () => {
    const steps: string[] = [];
    let answer: (state: undefined) => void = () => undefined;
    const { store } = storeWith({
      load: () => new Promise((resolve) => void (answer = resolve)),
      close: () => Promise.resolve(void steps.push('closed')),
    });
    const loading = store.load();
    await store.close?.();
    steps.push('loaded');
    answer(undefined);
    await loading;
    expect(steps).toEqual(['closed', 'loaded', 'closed']);
  });

  it('ends its load only after it is closed again', async () => {
    const steps: string[] = [];
    let answer: (state: undefined) => void = () => undefined;
    const { store } = storeWith({
      load: () => new Promise((resolve) => void (answer = resolve)),
      close: async () => {
        await new Promise(setImmediate);
        steps.push('closed');
      },
    });
    const loading = store.load();
    await store.close?.();
    answer(undefined);
    await loading;
    steps.push('loaded');
    expect(steps).toEqual(['closed', 'closed', 'loaded']);
  });

  it('has its state all the same, if it has nothing to close', async () => {
    let answer: (state: typeof EMPTY_STATE) => void = () => undefined;
    const { store } = storeWith({ load: () => new Promise((resolve) => void (answer = resolve)) });
    const loading = store.load();
    await store.close?.();
    answer(EMPTY_STATE);
    expect(await loading).toBe(EMPTY_STATE);
  });

  it('is closed once if the load ended before', async () => {
    let closings = 0;
    const { store } = storeWith({ close: () => void (closings += 1) });
    await store.load();
    expect(closings).toBe(0);
    await store.close?.();
    expect(closings).toBe(1);
  });
});
