import { beforeAll, describe, expect, it } from 'vitest';
import { UNKNOWN_UNIT } from '../../src/detect/services.js';
import { FRESH_RECORD, type Approval } from '../../src/memory/state.js';
import { fakeClock } from '../../src/testing/index.js';
import { answeredLooks, deferred, looksOn, service } from './make-looks.js';

// Loads the modules that each first look loads.
beforeAll(() => fakeClock().advance(0));

describe('a look', () => {
  it('returns verdicts, issues, its time and its duration, and counts itself and its issues', async () => {
    const { looks, ledger, took, clock, mode } = looksOn({
      look: () => {
        took(7);
        return [service('a', 'bad'), service('b', 'ok')];
      },
    });
    took(1_000);
    await ledger.open(false);
    const look = await looks.all(mode);
    expect(look).toMatchObject({
      verdicts: [{ component: 'a' }, { component: 'b' }],
      issues: [{ component: 'a', evidence: ['it crashed'] }],
      timestamp: new Date(clock.now()),
      detectionMs: 7,
    });
    const counts = looks.counts.read();
    expect([counts.issuesDetected, counts.detectionTimeMs.last, counts.lastCheck]).toEqual([
      ...[1, 7, look?.timestamp],
    ]);
    expect(looks.recent.last).toEqual({ report: look, at: ledger.now() });
  });

  it('reports each issue once when it opens and once when it clears', async () => {
    const { look, told, calls, looks } = answeredLooks();
    await look(service('a', 'bad'), service('b', 'bad'));
    await look(service('a', 'bad'), service('b', 'ok'));
    await look(service('a', 'bad'));
    expect(told).toEqual(['issue:opened a', 'issue:opened b', 'issue:cleared b']);
    expect(calls).toEqual(['closed b']);
    expect(looks.counts.read().issuesDetected).toBe(2);
  });

  it('asks by its name for a component with an issue that it does not include, which may be gone', async () => {
    const { look, told, now, requests, open } = answeredLooks();
    await look(service('a', 'bad'), service('b', 'bad'));
    now.named = [service('b', 'ok')];
    expect((await look(service('a', 'bad')))?.verdicts).toMatchObject([{ component: 'a' }]);
    expect(requests.at(-1)?.component).toBe('b');
    now.named = [];
    await look(service('c', 'ok'));
    expect([told.slice(2), open()]).toEqual([['issue:cleared b', 'issue:gone a'], []]);
  });

  it('records the health of components', async () => {
    const { look, ledger } = answeredLooks({ state: { components: { a: FRESH_RECORD } } });
    await look(service('a', 'ok'));
    expect(ledger.state.components['a']?.healthySince).toBe(ledger.now());
  });

  it('notices a storm', async () => {
    const { look, told, ledger } = answeredLooks();
    await look(...Array.from({ length: 10 }, (_, index) => service(`unit${index}`, 'bad')));
    expect(ledger.state.storm).not.toBeNull();
    expect(told.at(-1)).toBe('storm:began');
  });

  it('ends after earlier repairs have been settled', async () => {
    const intents = [{ component: 'a', check: 'services', action: 'x' }] as never;
    const { look, calls } = answeredLooks({ state: { intents } });
    await look(service('a', 'bad'));
    expect(calls).toEqual(['settle a bad']);
  });

  it('ends after lost readings have been reported', async () => {
    const { look, told } = answeredLooks({ services: ['ngnix'] });
    await look(service('a', 'bad'), service('ngnix', 'unknown', { reason: `${UNKNOWN_UNIT} ngnix.service` }));
    expect(told).toEqual(['issue:opened a', 'reading:lost ngnix']);
  });

  it('reports lost readings, but not those of a component in repair', async () => {
    const { look, told, acting, looks } = answeredLooks();
    const lose = (component: string) => service(component, 'unknown', { check: 'mine' });
    acting.add('acting');
    looks.repairBegins('begun');
    await look(lose('q'), lose('acting'), lose('begun'));
    expect(told).toEqual(['reading:lost q']);
  });

  it.each([false, true])('that fails is counted, unless it was stopped: %s', async (isStopped) => {
    const stop = new AbortController();
    if (isStopped) stop.abort();
    for (const fail of [
      () => Promise.reject(new Error('no bus')),
      () => {
        throw new Error('no bus');
      },
    ]) {
      const { looks, ledger, mode } = looksOn({ look: fail });
      await ledger.open(false);
      const work = async () => looks.all({ ...mode, signal: stop.signal });
      await expect(work()).rejects.toThrow('no bus');
      expect(looks.recent.failedCycles).toBe(isStopped ? 0 : 1);
      expect(looks.recent.failure).toEqual(isStopped ? undefined : { error: 'no bus', at: ledger.now() });
    }
  });
});

describe('an issue that opens soon after its repair', () => {
  const state = (at: number) => {
    const fixed = { at, action: 'x', check: 'services', bootId: 'boot', system: null, gained: null };
    const record = { ...FRESH_RECORD, fixed: { ...fixed, strikes: 0, probation: false } };
    return { components: { a: record } };
  };

  it.each([
    [false, [1]],
    [true, []],
  ])('is a relapse, which is saved before the look ends, but not in a dry run: %s', async (dryRun, saved) => {
    const { look, told, looks, saves } = answeredLooks({ state: state(fakeClock().now()), dryRun });
    await look(service('a', 'bad'));
    expect(told).toEqual(['issue:opened a', 'issue:relapsed a']);
    expect(looks.counts.read().issuesRelapsed).toBe(1);
    expect(saves.map(({ components }) => components['a']?.relapses)).toEqual(saved);
  });

  it('is saved by the first look that is no dry run, if a dry run saw it', async () => {
    const { look, looks, mode, saves } = answeredLooks({ state: state(fakeClock().now()), dryRun: true });
    await look(service('a', 'bad'));
    await looks.all({ ...mode, dryRun: false });
    expect(saves.map(({ components }) => components['a']?.relapses)).toEqual([1]);
  });
});

describe('an issue in repair', () => {
  it('is not cleared by a look from the begin of its repair to its result', async () => {
    const { look, looks, open } = answeredLooks();
    await look(service('a', 'bad'));
    looks.repairBegins('a');
    await look(service('a', 'ok'));
    expect(open()).toEqual(['a']);
    looks.repairEnds('a');
    await look(service('a', 'ok'));
    expect(open()).toEqual([]);
  });

  it('is not cleared by a look that an earlier repair awaits, until that one is settled', async () => {
    const intents = [{ component: 'a', check: 'services', action: 'x' }] as never;
    const { look, ledger, open } = answeredLooks({ state: { intents } });
    await look(service('a', 'bad'), service('b', 'bad'));
    await look(service('a', 'ok'), service('b', 'ok'));
    expect(open()).toEqual(['a']);
    ledger.note((state) => ({ ...state, intents: [] }));
    await look(service('a', 'ok'));
    expect(open()).toEqual([]);
  });

  it('is not cleared by a look that began before the end of its repair', async () => {
    const { answer, give } = deferred();
    const answers = [[service('a', 'bad'), service('b', 'bad')], answer];
    const { looks, mode, told } = looksOn({ look: () => answers.shift()! });
    await looks.all(mode);
    looks.repairBegins('a');
    const late = looks.all(mode);
    looks.repairEnds('a');
    // Not in repair: its end means nothing.
    looks.repairEnds('b');
    give([service('a', 'ok'), service('b', 'ok')]);
    expect((await late)?.verdicts.map(({ status }) => status)).toEqual(['unknown', 'ok']);
    expect(told.slice(2)).toEqual(['issue:cleared b']);
  });

  it('is not closed by a look that reads other components while its repair ends', async () => {
    const named = deferred();
    const verdicts = [service('a', 'bad'), service('b', 'bad')];
    const answers = [verdicts, [], named.answer, named.answer];
    const { looks, mode, told } = looksOn({ look: () => answers.shift()! });
    await looks.all(mode);
    const late = looks.all(mode);
    await new Promise(setImmediate);
    looks.repairBegins('a');
    looks.repairEnds('a');
    named.give([]);
    await late;
    expect(told.slice(2)).toEqual(['issue:gone b']);
  });

  it('is cleared at once if its repair is proven', async () => {
    const { look, looks, told, calls, open } = answeredLooks();
    await look(service('a', 'bad'));
    looks.proved('a');
    expect([told.at(-1), calls, open()]).toEqual(['issue:cleared a', ['closed a'], []]);
  });
});

describe('a request for approval', () => {
  const request = (component: string): Approval => ({
    ...{ id: component, digest: component, component, action: 'x', reason: 'r' },
    ...{ askedAt: fakeClock().now(), answer: 'waiting' },
  });

  it('ends with the last issue of its component', async () => {
    const { look, ledger } = answeredLooks({ state: { approvals: [request('a'), request('b')] } });
    const open = () => ledger.state.approvals.map(({ component }) => component);
    const other = { check: 'mine' };
    await look(service('a', 'bad'), service('a', 'bad', other), service('b', 'bad'));
    await look(service('a', 'bad'), service('a', 'ok', other), service('b', 'bad'));
    expect(open()).toEqual(['a', 'b']);
    await look(service('a', 'ok'), service('a', 'ok', other), service('b', 'bad'));
    expect(open()).toEqual(['b']);
  });
});
