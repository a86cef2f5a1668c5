import { describe, expect, it } from 'vitest';
import { SelfHealingError } from '../../src/base/errors.js';
import { Ledger } from '../../src/memory/ledger.js';
import { EMPTY_STATE, FRESH_RECORD, type GuardState } from '../../src/memory/state.js';
import { memoryStore, type Store } from '../../src/memory/store.js';
import { fakeClock, recordingLogger, type FakeClock } from '../../src/testing/index.js';

const HOUR = 3_600_000;

/** Store that records its calls. */
function spiedStore(store: Store = memoryStore()) {
  const loads: boolean[] = [];
  const saves: GuardState[] = [];
  let failure: Error | undefined;
  return {
    loads,
    saves,
    fail: (error?: Error) => void (failure = error),
    store: {
      load: (options?: { readonly readOnly: boolean }) => {
        loads.push(options?.readOnly ?? false);
        return failure ? Promise.reject(failure) : store.load(options);
      },
      save: (state: GuardState) => {
        if (failure) return Promise.reject(failure);
        saves.push(state);
        return store.save(state);
      },
    } satisfies Store,
  };
}

function ledgerOn(store: Store, clock: FakeClock = fakeClock()) {
  const logger = recordingLogger();
  return { ledger: new Ledger({ store, clock, logger }), clock, logger };
}

const pause = (reason: string) => (state: GuardState, now: number) => ({
  ...state,
  pauses: { ...state.pauses, [reason]: now },
});
const locked = new SelfHealingError('locked', 'Another engine (process 7) holds the state');

describe('the steady time', () => {
  it('starts at the wall clock and follows the monotonic clock, however the wall clock jumps', async () => {
    const { ledger, clock } = ledgerOn(memoryStore());
    await ledger.open(false);
    const start = clock.now();
    expect(ledger.now()).toBe(start);
    for (const jump of [HOUR, -5 * HOUR]) {
      clock.jump(jump);
      await clock.advance(1_000);
    }
    expect(ledger.now()).toBe(start + 2_000);
  });

  it.each([
    ['forward: the time in between has passed', HOUR, HOUR],
    ['back: it continues where it stopped', -HOUR, 0],
  ])('never goes back across a restart, if the wall clock has jumped %s', async (_what, jump, passed) => {
    const store = memoryStore();
    const first = ledgerOn(store);
    await first.ledger.open(false);
    await first.ledger.write(pause('backup'));
    const before = first.ledger.now();
    first.clock.jump(jump);
    const second = ledgerOn(store, first.clock);
    await second.ledger.open(false);
    expect(second.ledger.now()).toBe(before + passed);
  });

  it('continues after a dry run in between', async () => {
    const { ledger, clock } = ledgerOn(memoryStore());
    await ledger.open(false);
    await ledger.write(pause('backup'));
    const before = ledger.now();
    clock.jump(HOUR);
    await ledger.open(true);
    await ledger.open(false);
    expect(ledger.now()).toBe(before);
  });
});

describe('the steady time of a clock that has run before', () => {
  it('starts at the wall clock, without a saved state and with one', async () => {
    const clock = fakeClock();
    await clock.advance(HOUR);
    const { ledger } = ledgerOn(memoryStore(), clock);
    expect(ledger.now()).toBe(clock.now());
    const store = memoryStore();
    await store.save({ ...EMPTY_STATE, savedAt: clock.now() - 5 });
    const next = ledgerOn(store, clock).ledger;
    await next.open(false);
    expect(next.now()).toBe(clock.now());
    await clock.advance(HOUR);
    expect(next.now()).toBe(clock.now());
    expect(next.at(HOUR)).toBe(clock.now() - HOUR);
  });
});

describe('the state of an engine', () => {
  it('is loaded once, and written with its time', async () => {
    const { store, loads, saves } = spiedStore();
    const { ledger } = ledgerOn(store);
    await Promise.all([ledger.open(false), ledger.open(false)]);
    await ledger.open(false);
    expect(loads).toEqual([false]);
    await ledger.write(pause('backup'));
    expect(saves).toEqual([{ ...EMPTY_STATE, pauses: { backup: ledger.now() }, savedAt: ledger.now() }]);
  });

  it('is loaded without health that was not monitored', async () => {
    const kept = memoryStore();
    const record = { ...FRESH_RECORD, failures: 2, healthySince: 5, openings: [1] };
    await kept.save({ ...EMPTY_STATE, components: { nginx: record } });
    const { ledger } = ledgerOn(kept);
    await ledger.open(false);
    expect(ledger.state.components).toEqual({ nginx: { ...record, healthySince: null } });
  });

  it('that could not be saved stays in memory, is reported, and is saved with the next one', async () => {
    const { store, saves, fail } = spiedStore();
    const { ledger } = ledgerOn(store);
    await ledger.open(false);
    fail(new Error('EIO'));
    await expect(ledger.write(pause('backup'))).rejects.toThrow('EIO');
    expect(Object.keys(ledger.state.pauses)).toEqual(['backup']);
    fail();
    await ledger.open(true);
    await ledger.open(false);
    await ledger.write(pause('upgrade'));
    expect(Object.keys(saves.at(-1)!.pauses)).toEqual(['backup', 'upgrade']);
  });

  it.each([
    ['an error of the disk', new Error('EIO')],
    ['an error of the library', new SelfHealingError('state-lost', 'it would be too large')],
  ])('stays held after %s while it was saved', async (_what, error) => {
    const { store, fail } = spiedStore();
    const { ledger } = ledgerOn(store);
    await ledger.open(false);
    fail(error);
    await expect(ledger.write(pause('backup'))).rejects.toBe(error);
    expect([ledger.isHeld, ledger.lockedBy]).toEqual([true, undefined]);
  });

  it('is held only once it was loaded to be written', async () => {
    const { ledger } = ledgerOn(memoryStore());
    expect([ledger.isHeld, ledger.isOpen(true)]).toEqual([false, false]);
    await ledger.open(true);
    expect([ledger.isHeld, ledger.isOpen(true), ledger.isOpen(false)]).toEqual([false, true, false]);
    await ledger.open(false);
    expect([ledger.isHeld, ledger.isOpen(true), ledger.isOpen(false)]).toEqual([true, true, true]);
  });

  it('is held if it is opened to be written while a dry run is loading it', async () => {
    const { store, loads } = spiedStore();
    const { ledger } = ledgerOn(store);
    await Promise.all([ledger.open(true), ledger.open(false)]);
    expect([ledger.isHeld, loads]).toEqual([true, [true, false]]);
  });

  it('is loaded without a warning if no value is out of bounds, and with one if a single value is', async () => {
    const warnings = async (savedAt: number) => {
      const store = memoryStore();
      await store.save({ ...EMPTY_STATE, savedAt });
      const { ledger, logger } = ledgerOn(store);
      await ledger.open(false);
      return logger.lines.length;
    };
    expect([await warnings(5), await warnings(-5)]).toEqual([0, 1]);
  });

  it('is written in order, the newest last', async () => {
    const waiting: (() => void)[] = [];
    const saves: GuardState[] = [];
    const save = (state: GuardState) => (saves.push(state), new Promise<void>((done) => waiting.push(done)));
    const { ledger } = ledgerOn({ load: () => Promise.resolve(undefined), save });
    await ledger.open(false);
    const writes = [ledger.write(pause('one')), ledger.write(pause('two'))];
    for (const write of writes) {
      await new Promise(setImmediate);
      waiting.shift()?.();
      await write;
    }
    expect(Object.keys(saves.at(-1)!.pauses)).toEqual(['one', 'two']);
    expect(waiting).toEqual([]);
  });

  it('that has only minor changes is written at the end', async () => {
    const { store, saves } = spiedStore();
    const { ledger } = ledgerOn(store);
    await ledger.open(false);
    ledger.note(pause('backup'));
    expect(saves).toEqual([]);
    await ledger.close();
    expect(saves).toMatchObject([{ pauses: { backup: ledger.now() } }]);
  });
});

describe('the state in a dry run', () => {
  it('is loaded without a lock, and never saved', async () => {
    const { store, loads, saves } = spiedStore();
    const { ledger } = ledgerOn(store);
    await ledger.open(true);
    ledger.note(pause('backup'));
    await ledger.close();
    expect({ loads, saves }).toEqual({ loads: [true], saves: [] });
  });

  it('is locked when the dry run ends, with its content at that time', async () => {
    const { store, loads } = spiedStore();
    const { ledger } = ledgerOn(store);
    await ledger.open(true);
    await store.save({ ...EMPTY_STATE, pauses: { upgrade: 1 } });
    await ledger.open(false);
    expect(loads).toEqual([true, false]);
    expect(ledger.state.pauses).toEqual({ upgrade: 1 });
  });
});

describe('the state that another engine has locked', () => {
  it('only lets this engine observe, which is reported once; the lock is tried again each time', async () => {
    const { store, loads, saves, fail } = spiedStore();
    const { ledger, logger } = ledgerOn(store);
    fail(locked);
    await ledger.open(false);
    expect(logger.lines).toEqual([{ level: 'warn', message: locked.message }]);
    await ledger.open(false);
    expect(ledger.lockedBy).toBe(locked.message);
    expect(ledger.isOpen(false)).toBe(false);
    const [once, other] = [locked, new SelfHealingError('locked', 'Another engine (process 8) holds it')];
    expect(logger.of('warn')).toEqual([once.message]);
    fail(other);
    await ledger.open(false);
    expect(logger.of('warn')).toEqual([once.message, other.message]);
    fail();
    await ledger.open(false);
    expect(ledger.lockedBy).toBeUndefined();
    expect(loads).toHaveLength(4);
    expect(saves).toEqual([]);
  });

  it('is not written at the end', async () => {
    const { store, saves, fail } = spiedStore();
    const { ledger } = ledgerOn(store);
    fail(locked);
    await ledger.open(false);
    fail();
    await ledger.close();
    expect(saves).toEqual([]);
  });

  it('is reported as lost if another engine has taken it over', async () => {
    const { store, saves, fail } = spiedStore();
    const { ledger } = ledgerOn(store);
    await ledger.open(false);
    fail(locked);
    await expect(ledger.write(pause('backup'))).rejects.toThrow('process 7');
    expect(ledger.lockedBy).toBe(locked.message);
    expect(ledger.isOpen(false)).toBe(false);
    fail();
    await ledger.close();
    expect(saves).toEqual([]);
  });
});

describe('an engine that was closed', () => {
  const closed = { code: 'closed' };

  it('neither opens nor writes its state any more, and closes its store each time', async () => {
    const { store, saves } = spiedStore();
    let closings = 0;
    const { ledger } = ledgerOn({ ...store, close: () => void (closings += 1) });
    await ledger.open(false);
    await ledger.close();
    await expect(ledger.save()).rejects.toMatchObject(closed);
    await expect(ledger.write(pause('backup'))).rejects.toMatchObject(closed);
    await ledger.close();
    expect([saves.length, closings]).toEqual([1, 2]);
  });

  it('has closed its store', async () => {
    let isClosed = false;
    const close = () => new Promise(setImmediate).then(() => void (isClosed = true));
    const { ledger } = ledgerOn({ ...spiedStore().store, close });
    await ledger.close();
    expect(isClosed).toBe(true);
  });

  it('before it was opened does not load its state', async () => {
    const { store, loads } = spiedStore();
    const { ledger } = ledgerOn(store);
    await ledger.close();
    await expect(ledger.open(false)).rejects.toMatchObject(closed);
    expect(loads).toEqual([]);
  });

  it('while its state was loading waits for it, and does not hold it', async () => {
    const steps: string[] = [];
    let loaded: (state: undefined) => void = () => undefined;
    const { ledger } = ledgerOn({
      load: () => new Promise((resolve) => void (loaded = resolve)),
      save: () => Promise.resolve(void steps.push('saved')),
      close: () => void steps.push('store closed'),
    });
    const opening = ledger.open(false).catch((error: SelfHealingError) => steps.push(error.code));
    const closing = ledger.close();
    await new Promise(setImmediate);
    steps.push('loaded');
    loaded(undefined);
    await Promise.all([opening, closing]);
    expect(steps[0]).toBe('loaded');
    expect(steps.slice(1).sort()).toEqual(['closed', 'store closed']);
    expect(ledger.isHeld).toBe(false);
  });

  it('reports a last state that could not be written', async () => {
    const { store, fail } = spiedStore();
    const { ledger, logger } = ledgerOn(store);
    await ledger.open(false);
    fail(new Error('EIO'));
    await ledger.close();
    expect(logger.of('warn')).toEqual(['The state could not be written: EIO']);
  });
});

describe('a state that cannot be loaded', () => {
  const unusable = new SelfHealingError('invalid-argument', 'The state /x cannot be written');

  it('in time is not lost: the engine tries again', async () => {
    const { store, saves, fail } = spiedStore();
    const { ledger, logger } = ledgerOn(store);
    fail(new SelfHealingError('timeout', '`store.load` took too long'));
    await expect(ledger.open(false)).rejects.toMatchObject({ code: 'timeout' });
    expect([ledger.isOpen(true), ledger.state, saves, logger.lines]).toEqual([false, EMPTY_STATE, [], []]);
    fail();
    await ledger.open(false);
    expect([ledger.isHeld, ledger.state.cautious]).toEqual([true, false]);
  });

  it('because its path cannot hold one is reported once, and nothing is written', async () => {
    const { store, saves, fail } = spiedStore();
    const { ledger, logger } = ledgerOn(store);
    fail(unusable);
    await ledger.open(false);
    fail();
    await ledger.open(false);
    expect([ledger.isHeld, ledger.state.cautious, saves]).toEqual([true, true, []]);
    expect(logger.lines.map(({ message }) => message)).toEqual([
      'The state /x cannot be written. Nothing that needs the state is repaired until it can be written',
    ]);
  });

  it('because of an error of the host program is lost, whatever code that error has', async () => {
    const { store, fail } = spiedStore();
    const { ledger, logger } = ledgerOn(store);
    fail(Object.assign(new Error('no answer'), { code: 'timeout' }));
    await ledger.open(false);
    expect([ledger.isHeld, ledger.state.cautious]).toEqual([true, true]);
    expect(logger.of('error')[0]).toMatch(/^no answer\. What was done before is forgotten/);
  });
});

describe('a lost state', () => {
  it('is reported, and makes the engine cautious', async () => {
    const { store, fail } = spiedStore();
    const { ledger, logger } = ledgerOn(store);
    fail(new SelfHealingError('state-lost', 'The state in /x cannot be used'));
    await ledger.open(false);
    expect(ledger.state).toEqual({ ...EMPTY_STATE, cautious: true });
    expect(logger.of('error')).toEqual([
      'The state in /x cannot be used. What was done before is forgotten, so every repair gets one try only, at first',
    ]);
    fail();
    await ledger.write(pause('backup'));
    expect((await store.load())?.cautious).toBe(true);
  });

  it('is written down at once, so that the next start is cautious too', async () => {
    const { store, saves } = spiedStore();
    const lost = new SelfHealingError('state-lost', 'The state in /x cannot be used');
    const { ledger } = ledgerOn({ ...store, load: () => Promise.reject(lost) });
    await ledger.open(false);
    expect(saves.map(({ cautious }) => cautious)).toEqual([true]);
  });

  it('permits no action before that is written down', async () => {
    let written: () => void = () => undefined;
    let isOpen = false;
    const { ledger } = ledgerOn({
      load: () => Promise.reject(new SelfHealingError('state-lost', 'The state in /x cannot be used')),
      save: () => new Promise((resolve) => void (written = resolve)),
    });
    const opening = ledger.open(false).then(() => (isOpen = true));
    await new Promise(setImmediate);
    expect(isOpen).toBe(false);
    written();
    expect(await opening).toBe(true);
  });

  it('that cannot be written down is reported as well', async () => {
    const { store, fail } = spiedStore();
    const { ledger, logger } = ledgerOn(store);
    fail(new SelfHealingError('state-lost', 'The state in /x cannot be used'));
    await ledger.open(false);
    expect(logger.of('warn')).toEqual([
      'That the state was lost could not be written down: The state in /x cannot be used',
    ]);
  });

  it('is neither locked nor written in a dry run', async () => {
    const { store, saves } = spiedStore();
    const lost = new SelfHealingError('state-lost', 'The state in /x cannot be used');
    const { ledger } = ledgerOn({ ...store, load: () => Promise.reject(lost) });
    await ledger.open(true);
    expect([ledger.isHeld, ledger.isOpen(true), ledger.state.cautious]).toEqual([false, true, true]);
    expect(saves).toEqual([]);
  });
});
