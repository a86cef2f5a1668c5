import { getEventListeners } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bootId } from '../../src/base/boot-id.js';
import { Calls } from '../../src/base/calls.js';
import { SelfHealingError } from '../../src/base/errors.js';
import { lazy } from '../../src/base/lazy.js';
import { ownedLogger } from '../../src/base/owned-logger.js';
import { callOwned, owned } from '../../src/base/pending.js';
import { until } from '../../src/base/until.js';
import { recordingLogger } from '../../src/testing/index.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('the calls that a host program awaits', () => {
  it('end with their result or error, and keep the process alive only until then', async () => {
    vi.useFakeTimers();
    const calls = new Calls();
    const waiting = calls.wait(Promise.resolve(7));
    expect(vi.getTimerCount()).toBe(1);
    await expect(waiting).resolves.toBe(7);
    await expect(calls.wait(Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are rejected with one reason when they are given up', async () => {
    const calls = new Calls();
    const never = [1, 2].map(() => calls.wait(new Promise(() => undefined)));
    const closed = new SelfHealingError('closed', 'The engine is closed');
    const rejected = Promise.all(never.map((call) => expect(call).rejects.toBe(closed)));
    calls.giveUp(closed);
    await rejected;
  });
});

describe('a module that is loaded on first use', () => {
  it('is loaded once, and again after a failed load', async () => {
    let loads = 0;
    const load = lazy(async () => {
      if (++loads === 1) throw new Error('no file');
      return loads;
    }, 1);
    await expect(load()).rejects.toThrow('no file');
    expect([await load(), await load()]).toEqual([2, 2]);
  });
});

describe('a callback of the host program', () => {
  it('may throw or reject, which is reported', async () => {
    const report = vi.fn();
    callOwned(() => {
      throw new Error('thrown');
    }, report);
    callOwned(() => Promise.reject(new Error('rejected')), report);
    callOwned(() => 7, report);
    callOwned(() => undefined, report);
    callOwned(() => null, report);
    owned(
      Object.defineProperty({}, 'then', {
        get: () => {
          throw new Error('no then');
        },
      }),
      report,
    );
    await new Promise(setImmediate);
    expect(report.mock.calls.map(([error]) => (error as Error).message).sort()).toEqual([
      ...['no then', 'rejected', 'thrown'],
    ]);
  });
});

describe('a logger of the host program', () => {
  it('gets one printable line per call, and debug lines only while verbose', () => {
    const logger = recordingLogger();
    let verbose = false;
    const own = ownedLogger(logger, () => verbose);
    own.debug('not logged');
    verbose = true;
    own.debug('a\nb');
    own.info('i');
    own.warn('w');
    own.error('e');
    expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      ...[String.raw`debug a\nb`, 'info i', 'warn w', 'error e'],
    ]);
  });

  it('may throw', () => {
    const fails = () => {
      throw new Error('no disk');
    };
    const own = ownedLogger({ debug: fails, info: fails, warn: fails, error: fails }, () => true);
    expect(() => own.error('e')).not.toThrow();
  });
});

describe('the id of this boot', () => {
  const file = '/proc/sys/kernel/random/boot_id';
  it.runIf(existsSync(file))('is the one of the kernel, without a line break', () => {
    expect(bootId()).toBe(readFileSync(file, 'utf8').trim());
  });
});

describe('work that several signals may end', () => {
  it('has a signal that is aborted with the first of them', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    let signal: AbortSignal | undefined;
    const done = until([undefined, one.signal, other.signal], async (given) => {
      signal = given;
      other.abort('enough');
      return 7;
    });
    await expect(done).resolves.toBe(7);
    expect(signal?.reason).toBe('enough');
    await until([AbortSignal.abort('before')], async (given) => expect(given.reason).toBe('before'));
    await until([one.signal], async (given) => expect(given.aborted).toBe(false));
  });

  it('leaves no listener when it ends or fails, and has some until then', async () => {
    const { signal } = new AbortController();
    await until([signal], async () => {
      await Promise.resolve();
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    });
    await expect(until([signal], () => Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
