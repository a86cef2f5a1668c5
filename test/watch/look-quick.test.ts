import { beforeAll, describe, expect, it } from 'vitest';
import { FRESH_RECORD, type GuardState } from '../../src/memory/state.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { fakeClock } from '../../src/testing/index.js';
import { UNKNOWN_UNIT } from '../../src/detect/services.js';
import { looksOn, service, type LooksParts } from './make-looks.js';

const { lasting } = DEFAULT_GUARDS;

// Loads the modules that each first look loads.
beforeAll(() => fakeClock().advance(0));

/** Looks whose state is open already. */
async function opened(parts: LooksParts = {}) {
  const made = looksOn(parts);
  await made.ledger.open(made.mode.dryRun);
  return made;
}

describe('the first look', () => {
  it.each([false, true])('opens the state, in a dry run only to read it: %s', async (dryRun) => {
    const { looks, ledger, loads, mode } = looksOn({ dryRun });
    expect(await looks.all(mode)).toMatchObject({ verdicts: [], issues: [] });
    expect([loads, ledger.isHeld, ledger.isOpen(true)]).toEqual([[dryRun], !dryRun, true]);
    expect(looks.all(mode)).toBeUndefined();
  });

  it('knows the repairs of an earlier run', async () => {
    const intents = [{ component: 'a', check: 'services', action: 'x' }] as never;
    const { looks, calls, mode } = looksOn({ state: { intents }, look: () => [service('a', 'ok')] });
    await looks.all(mode);
    expect(calls).toEqual(['settle a ok']);
  });
});

describe('a look that finds everything ok', () => {
  it('is synchronous, counted, and remembered with its duration', async () => {
    const { looks, took, clock, mode } = await opened({
      look: () => {
        took(5);
        return [service('a', 'ok')];
      },
    });
    took(100);
    expect(looks.all(mode)).toBeUndefined();
    const { detectionTimeMs, lastCheck } = looks.counts.read();
    expect([detectionTimeMs.last, lastCheck]).toEqual([5, new Date(clock.now())]);
    expect(looks.recent.last?.report).toMatchObject({ verdicts: [{ component: 'a' }], detectionMs: 5 });
    expect(looks.recent.cycles).toBe(1);
  });

  it.each<[string, LooksParts]>([
    ['its result has a listener', { listens: ['cycle:done'] }],
    ['a component has a record', { state: { components: { b: FRESH_RECORD } } }],
    ['it is asynchronous', { look: () => Promise.resolve([service('a', 'ok')]) }],
    ['a name in `protect` has to be looked up', { protect: ['nginx'] }],
  ])('is returned if %s', async (_what, parts) => {
    const { looks, mode } = await opened({ look: () => [service('a', 'ok')], ...parts });
    const look = await looks.all(mode);
    expect(look).toMatchObject({ verdicts: [{ component: 'a', status: 'ok' }], issues: [] });
    expect(looks.counts.read().lastCheck).toEqual(look?.timestamp);
  });

  it('waits for the names that a warning suggests', async () => {
    const unknown = service('ngnix', 'unknown', { reason: `${UNKNOWN_UNIT} ngnix.service` });
    const { looks, told, mode } = await opened({
      services: ['ngnix'],
      look: () => [unknown, service('nginx', 'ok')],
    });
    expect(await looks.all(mode)).toMatchObject({ issues: [] });
    expect(told).toEqual(['reading:lost ngnix']);
    expect(looks.lost.now).toMatchObject([
      { reason: expect.stringContaining('did you mean `nginx`?') as string },
    ]);
  });

  it('is as recent as the last signals only in monitoring, and asks the same again with the same object', async () => {
    const { looks, requests, acting, mode } = await opened();
    for (const one of [undefined, undefined, lasting, lasting])
      void looks.all(one ? { ...mode, lasting: one } : mode);
    expect(requests.map(({ recent }) => recent)).toEqual([false, false, true, true]);
    expect([requests[1] === requests[0], requests[3] === requests[2]]).toEqual([true, true]);
    const { signal } = new AbortController();
    void looks.all({ ...mode, signal, lasting });
    expect([requests[4]?.signal === signal, requests[3]?.signal === mode.signal]).toEqual([true, true]);
    acting.add('a');
    expect([requests[4]?.skip?.('a'), requests[4]?.skip?.('b')]).toEqual([true, false]);
  });
});

describe('the fast path of a look', () => {
  const made = async (
    isWell: boolean | undefined,
    more: {
      misses?: () => boolean;
      state?: Partial<GuardState>;
      listens?: string[];
      verdicts?: readonly ComponentVerdict[];
    } = {},
  ) => {
    const { misses, verdicts = [service('fast', isWell === false ? 'bad' : 'ok')], ...parts } = more;
    const asked: boolean[] = [];
    const glances: string[] = [];
    let next = 0;
    const glance = () => {
      const name = `glance ${(next += 1)}`;
      return {
        look: (recent: boolean) => {
          asked.push(recent);
          glances.push(name);
          return isWell;
        },
        verdicts: () => verdicts,
        ...(misses ? { misses } : {}),
      };
    };
    const look = () => [service('whole', 'ok')];
    return { ...(await opened({ look, glance: glance, ...parts })), asked, glances };
  };

  it('is enough if everything is well, and the last look is kept while the next one runs', async () => {
    const { looks, requests, asked, glances, mode } = await made(true);
    for (const one of [undefined, lasting, lasting])
      expect(looks.all(one ? { ...mode, lasting: one } : mode)).toBeUndefined();
    expect([asked, glances, requests]).toEqual([
      [false, true, true],
      ['glance 1', 'glance 2', 'glance 1'],
      [],
    ]);
    expect(looks.recent.last?.report.verdicts).toMatchObject([{ component: 'fast' }]);
  });

  it('gives the verdicts if something is bad, without a second reading', async () => {
    const { looks, requests, mode } = await made(false);
    expect((await looks.all(mode))?.issues).toMatchObject([{ component: 'fast' }]);
    expect(requests).toEqual([]);
  });

  it('is followed by a whole look if it cannot tell', async () => {
    const { looks, requests, mode } = await made(undefined);
    expect(looks.all(mode)).toBeUndefined();
    expect(requests).toHaveLength(1);
    expect(looks.recent.last?.report.verdicts).toMatchObject([{ component: 'whole' }]);
  });

  it.each<[string, Parameters<typeof made>[1]]>([
    ['its result has a listener', { listens: ['cycle:done'] }],
    ['the state has something to update', { state: { components: { b: FRESH_RECORD } } }],
  ])('is not taken if %s', async (_what, more) => {
    const { looks, asked, mode } = await made(true, more);
    expect((await looks.all(mode))?.verdicts).toMatchObject([{ component: 'whole' }]);
    expect(asked).toEqual([]);
  });

  it('is not taken while an issue is open', async () => {
    const { looks, asked, mode } = await made(false);
    await looks.all(mode);
    expect(asked).toHaveLength(1);
    await looks.all(mode);
    expect(asked).toHaveLength(1);
  });

  it.each<[string, (() => boolean) | undefined, string[]]>([
    ['has none', () => false, []],
    ['has some', () => true, ['reading:lost q']],
    ['cannot tell', undefined, ['reading:lost q']],
  ])('reports lost readings, unless it tells that it has none: it %s', async (_what, misses, events) => {
    const verdicts = [service('q', 'unknown', { check: 'mine' })];
    const { looks, told, mode } = await made(true, { verdicts, ...(misses ? { misses } : {}) });
    expect(looks.all(mode)).toBeUndefined();
    expect(told).toEqual(events);
  });

  it('reports readings that are back, also if it has no lost ones', async () => {
    let status: 'ok' | 'unknown' = 'unknown';
    const { looks, told, mode } = await opened({
      glance: () => ({
        look: () => true,
        misses: () => status === 'unknown',
        verdicts: () => [service('q', status, { check: 'mine' })],
      }),
    });
    void looks.all(mode);
    status = 'ok';
    void looks.all(mode);
    expect(told).toEqual(['reading:lost q', 'reading:back q']);
  });
});
