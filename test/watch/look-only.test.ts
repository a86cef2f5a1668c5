import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { fakeClock } from '../../src/testing/index.js';
import { answeredLooks, deferred, looksOn, service } from './make-looks.js';

// Loads the modules that each first look loads.
beforeAll(() => fakeClock().advance(0));

describe('a look at single components', () => {
  it('opens the state first, in a dry run only to read it', async () => {
    for (const dryRun of [false, true]) {
      const { looks, loads, signal } = answeredLooks({ dryRun });
      await looks.only(new Set(['a']), signal);
      await looks.only(new Set(['a']), signal);
      expect(loads).toEqual([dryRun]);
    }
  });

  it('knows the repairs of an earlier run, also if it is the first look', async () => {
    const intents = [{ component: 'a', check: 'services', action: 'x' }] as never;
    const { looks, now, calls, signal } = answeredLooks({ state: { intents } });
    now.named = [service('a', 'ok')];
    await looks.only(new Set(['a']), signal);
    expect(calls).toEqual(['settle a ok']);
  });

  it('returns and changes their issues only, and keeps their verdicts', async () => {
    const { look, looks, now, signal, requests, told, open } = answeredLooks();
    await look(service('a', 'bad'), service('b', 'bad'), service('c', 'ok'));
    now.named = [service('c', 'bad')];
    const issues = await looks.only(new Set(['c']), signal);
    expect(issues.map(({ component }) => component)).toEqual(['c']);
    expect(requests.at(-1)).toEqual({ component: 'c', signal });
    expect([told.at(-1), open()]).toEqual(['issue:opened c', ['a', 'b', 'c']]);
    const { verdicts } = looks.recent.last!.report;
    expect(verdicts.map(({ component, status }) => `${component} ${status}`)).toEqual([
      'a bad',
      'b bad',
      'c bad',
    ]);
  });

  it('clears no issue in repair', async () => {
    const { look, looks, now, signal, open } = answeredLooks();
    await look(service('a', 'bad'), service('b', 'bad'));
    looks.repairBegins('a');
    now.named = [service('a', 'ok'), service('b', 'ok')];
    await looks.only(new Set(['a', 'b']), signal);
    expect(open()).toEqual(['a']);
  });

  it('makes a look at everything that began before it outdated', async () => {
    const { answer, give } = deferred();
    const answers = [[service('a', 'ok')], answer, [service('a', 'bad')]];
    const { looks, mode, signal } = looksOn({ look: () => answers.shift()!, listens: ['cycle:done'] });
    await looks.all(mode);
    const late = looks.all(mode);
    await looks.only(new Set(['a']), signal);
    give([service('a', 'ok')]);
    expect((await late)?.issues).toMatchObject([{ component: 'a' }]);
  });

  it('that fails is counted', async () => {
    const { looks, signal } = looksOn({ look: () => Promise.reject(new Error('no bus')) });
    await expect(looks.only(new Set(['a']), signal)).rejects.toThrow('no bus');
    expect(looks.recent.failedCycles).toBe(1);
  });

  it('waits for as many bad readings as in monitoring', async () => {
    const { looks, now, signal, open } = answeredLooks();
    now.named = [{ ...service('memory', 'bad'), check: 'memory' }];
    const seen: string[][] = [];
    for (let look = 0; look < DEFAULT_GUARDS.lasting.memory; look += 1) {
      await looks.only(new Set(['memory']), signal);
      seen.push(open());
    }
    expect(seen).toEqual([[], ['memory']]);
  });
});
