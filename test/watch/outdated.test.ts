import { describe, expect, it } from 'vitest';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { Outdated } from '../../src/watch/outdated.js';
import { verdictOf } from '../make.js';

describe('a look that is outdated', () => {
  const look = (...names: readonly string[]) =>
    names.map((component) => verdictOf({ check: 'services', component, status: 'ok' }));

  it('reads nothing about a component that was repaired while it was under way', async () => {
    const outdated = new Outdated();
    outdated.changed('before');
    let give: (verdicts: readonly ComponentVerdict[]) => void = () => undefined;
    const done = outdated.whenDone(new Promise((resolve) => (give = resolve)));
    outdated.changed('a');
    give(look('a', 'b', 'before'));
    const { verdicts, isOutdated } = await done;
    expect(verdicts.map(({ status }) => status)).toEqual(['unknown', 'ok', 'ok']);
    expect(verdicts[0]!.reason).toBe('it was read again or repaired while this look was under way');
    expect(['a', 'b', 'before'].map(isOutdated)).toEqual([true, false, false]);
  });

  it('is the one that was under way, and no later one', () => {
    const outdated = new Outdated();
    const first = outdated.begin();
    outdated.changed('a');
    const second = outdated.begin();
    outdated.changed('b');
    const [later, earlier] = [outdated.end(second), outdated.end(first)];
    expect(['a', 'b'].map((name) => later?.(name))).toEqual([false, true]);
    expect(['a', 'b'].map((name) => earlier?.(name))).toEqual([true, true]);
  });

  it('is none where nothing changed, and nothing is kept after the last one', async () => {
    const outdated = new Outdated();
    const { isOutdated } = await outdated.whenDone(Promise.resolve(look('a')));
    expect(isOutdated('a')).toBe(false);
    const first = outdated.begin();
    outdated.changed('a');
    outdated.end(first);
    expect(outdated.end(outdated.begin())).toBeUndefined();
  });

  it('is over also when it fails', async () => {
    const outdated = new Outdated();
    const reading = Promise.reject(new Error('no bus'));
    await expect(outdated.whenDone(reading)).rejects.toThrow('no bus');
    outdated.changed('a');
    expect(outdated.end(outdated.begin())).toBeUndefined();
  });
});

describe('looks that overlap', () => {
  it('are outdated each for itself, also after one of them has ended', () => {
    const outdated = new Outdated();
    const [first, second] = [outdated.begin(), outdated.begin()];
    expect(outdated.end(first)).toBeUndefined();
    outdated.changed('a');
    expect(outdated.end(second)?.('a')).toBe(true);
  });

  it('keep a change for the oldest of them', () => {
    const outdated = new Outdated();
    const first = outdated.begin();
    const second = outdated.begin();
    outdated.changed('a');
    const third = outdated.begin();
    expect(outdated.end(third)).toBeUndefined();
    expect([outdated.end(second)?.('a'), outdated.end(first)?.('a')]).toEqual([true, true]);
  });

  it('keep a change for the oldest of them, also if others began after it', () => {
    const outdated = new Outdated();
    const first = outdated.begin();
    outdated.changed('a');
    const [second, third] = [outdated.begin(), outdated.begin()];
    expect([outdated.end(third), outdated.end(second)]).toEqual([undefined, undefined]);
    expect(outdated.end(first)?.('a')).toBe(true);
  });
});
