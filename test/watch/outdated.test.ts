import { describe, expect, it } from 'vitest';
import { Outdated } from '../../src/watch/outdated.js';
import { verdictOf } from '../make.js';
import { deferred } from './make-looks.js';

const look = (...names: readonly string[]) =>
  names.map((component) => verdictOf({ check: 'services', component, status: 'ok' }));

/** Begins a look. Returns a function that ends it, and returns which of these components are outdated for it. */
function begin(outdated: Outdated) {
  const { answer, give } = deferred();
  const done = outdated.whenDone(answer);
  return async (...components: readonly string[]): Promise<boolean[]> => {
    give([]);
    const { isOutdated } = await done;
    return components.map(isOutdated);
  };
}

describe('a look that is outdated', () => {
  it('reads nothing about a component that was repaired while it was under way', async () => {
    const outdated = new Outdated();
    outdated.changed('before');
    const { answer, give } = deferred();
    const done = outdated.whenDone(answer);
    outdated.changed('a');
    give(look('a', 'b', 'before'));
    const { verdicts, isOutdated } = await done;
    expect(verdicts.map(({ status }) => status)).toEqual(['unknown', 'ok', 'ok']);
    expect(verdicts[0]!.reason).toBe('it was read again or repaired while this look was under way');
    expect(['a', 'b', 'before'].map(isOutdated)).toEqual([true, false, false]);
  });

  it('is the one that was under way, and no later one', async () => {
    const outdated = new Outdated();
    const endFirst = begin(outdated);
    outdated.changed('a');
    const endSecond = begin(outdated);
    outdated.changed('b');
    expect(await endSecond('a', 'b')).toEqual([false, true]);
    expect(await endFirst('a', 'b')).toEqual([true, true]);
  });

  it('is none where nothing changed, and nothing is kept after the last one', async () => {
    const outdated = new Outdated();
    const { isOutdated } = await outdated.whenDone(Promise.resolve(look('a')));
    expect(isOutdated('a')).toBe(false);
    const end = begin(outdated);
    outdated.changed('a');
    await end();
    expect(await begin(outdated)('a')).toEqual([false]);
  });

  it('is over also when it fails', async () => {
    const outdated = new Outdated();
    const reading = Promise.reject(new Error('no bus'));
    await expect(outdated.whenDone(reading)).rejects.toThrow('no bus');
    outdated.changed('a');
    expect(await begin(outdated)('a')).toEqual([false]);
  });
});

describe('looks that overlap', () => {
  it('are outdated each for itself, also after one of them has ended', async () => {
    const outdated = new Outdated();
    const [endFirst, endSecond] = [begin(outdated), begin(outdated)];
    expect(await endFirst('a')).toEqual([false]);
    outdated.changed('a');
    expect(await endSecond('a')).toEqual([true]);
  });

  it('keep a change for the oldest of them', async () => {
    const outdated = new Outdated();
    const endFirst = begin(outdated);
    const endSecond = begin(outdated);
    outdated.changed('a');
    const endThird = begin(outdated);
    expect(await endThird('a')).toEqual([false]);
    expect([await endSecond('a'), await endFirst('a')]).toEqual([[true], [true]]);
  });

  it('keep a change for the oldest of them, also if others began after it', async () => {
    const outdated = new Outdated();
    const endFirst = begin(outdated);
    outdated.changed('a');
    const [endSecond, endThird] = [begin(outdated), begin(outdated)];
    expect([await endThird('a'), await endSecond('a')]).toEqual([[false], [false]]);
    expect(await endFirst('a')).toEqual([true]);
  });
});
