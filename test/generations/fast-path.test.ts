import { describe, expect, it } from 'vitest';
import { MINUTE, record, RUNS_B, B, service, watching, type Scene } from './watching.js';

/** A watch around a detector whose own fast path finds everything well. */
async function quick(scene: Scene = {}, misses: object = { misses: () => false }) {
  let looks = 0;
  const glance = {
    look: () => ((looks += 1), true),
    verdicts: () => [service('nginx', { status: 'ok' })],
    ...misses,
  };
  const watched = await watching({ ...scene, detector: { glance: () => glance } });
  const fast = watched.around.glance!()!;
  return {
    ...{ ...watched, fast },
    looks: () => looks,
    components: () => fast.verdicts().map(({ component }) => component),
  };
}

describe('the fast path of a detector with the verdict on the system', () => {
  it('adds the last verdict while nothing changes', async () => {
    const { look, fast, components } = await quick();
    await look();
    expect(fast.look()).toBe(true);
    expect(components()).toEqual(['nginx', 'system']);
  });

  it('is left for a full look when the running system is to be read', async () => {
    const { look, clock, fast, looks } = await quick();
    await look();
    await clock.advance(5 * MINUTE);
    expect(fast.look()).toBeUndefined();
    expect(looks()).toBe(0);
  });

  it('is left for a full look when the record has changed', async () => {
    const { look, ledger, fast } = await quick();
    await look();
    ledger.note((state) => ({ ...state, generations: { ...state.generations } }));
    expect(fast.look()).toBeUndefined();
  });

  it('is left for a full look while a system runs that was left as bad', async () => {
    const known = record(false);
    const bad = { ...known.systems[B]!, bad: { at: 1, why: 'it broke nginx.service' } };
    const generations = { ...known, systems: { ...known.systems, [B]: bad } };
    const { look, fast } = await quick({ state: { generations }, parts: RUNS_B });
    expect(await look()).toMatchObject([{ component: 'system', status: 'bad' }]);
    expect(fast.look()).toBeUndefined();
  });

  it('adds no verdict once the check is off', async () => {
    const enabledChecks = ['services', 'system'];
    const { look, fast, components } = await quick({ enabledChecks });
    await look();
    fast.look();
    enabledChecks.pop();
    expect(fast.look()).toBe(true);
    expect(components()).toEqual(['nginx']);
  });

  it('adds no verdict on a host without systems', async () => {
    const { fast, components } = await quick({ host: { unitChanges: undefined } });
    expect(fast.look()).toBe(true);
    expect(components()).toEqual(['nginx']);
  });

  it.each<[string, object, boolean]>([
    ['has one', { misses: () => true }, true],
    ['has none', { misses: () => false }, false],
    ['cannot tell', {}, true],
  ])('may have an unknown verdict where that of its detector %s', async (_which, misses, expected) => {
    const { fast } = await quick({}, misses);
    expect(fast.misses?.()).toBe(expected);
  });
});

it('a detector with the verdict on the system has no checks to choose from if its own has none', async () => {
  const { around } = await watching();
  expect(around).toMatchObject({ enabledChecks: [] });
});
