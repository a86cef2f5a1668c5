import { describe, expect, it } from 'vitest';
import { MountRules } from '../../src/detect/mount-rules.js';

const usage = { used: 600, available: 400, percent: 60 };

describe('the rules of mount points', () => {
  it('are none without any', () => {
    expect(new MountRules().none).toBe(true);
    expect(new MountRules({ exclude: [], levels: {} }).none).toBe(true);
    expect(new MountRules({ exclude: ['/mnt'] }).none).toBe(false);
    expect(new MountRules({ levels: { '/data': { percent: 5 } } }).none).toBe(false);
  });

  it('exclude a path alone, or everything that begins with a prefix', () => {
    const rules = new MountRules({ exclude: ['/srv', '/mnt/*', '/run*'] });
    const excluded = ['/srv', '/srv/a', '/mnt', '/mnt/a', '/run', '/running', '/'].filter((path) =>
      rules.leavesOut(path),
    );
    expect(excluded).toEqual(['/srv', '/mnt/a', '/run', '/running']);
  });

  it('name the mount points with a level that are not excluded, as a frozen array', () => {
    const levels = { '/a': { percent: 5 }, '/mnt/b': { freeBytes: 5 }, '/c': { percent: 5 } };
    const rules = new MountRules({ levels, exclude: ['/c', '/mnt*'] });
    expect(rules.namedPaths).toEqual(['/a']);
    expect(Object.isFrozen(rules.namedPaths)).toBe(true);
    expect(['/a', '/mnt/b', '/c', '/d'].map((path) => rules.has(path))).toEqual([true, true, true, false]);
  });

  it.each<[string, object, number, number]>([
    ['percent', { percent: 90 }, 90, 85],
    ['the lowest percent', { percent: 0 }, 0, 0],
    ['a percent that is cleared at 0', { percent: 4 }, 4, 0],
    ['the highest percent', { percent: 100 }, 100, 95],
    ['bytes', { freeBytes: 200 }, 80, 78],
    ['all of the bytes, and as many as there are', { freeBytes: 1_000 }, 0, 0],
    ['more bytes than there are', { freeBytes: 5_000 }, 0, 0],
    ['a percent that is the higher one', { percent: 90, freeBytes: 200 }, 90, 85],
    ['bytes that are the higher one', { percent: 70, freeBytes: 200 }, 80, 78],
    ['one byte', { freeBytes: 1 }, 99.9, 99.89],
  ])('give the level and the clearing level by %s', (_what, level, expected, clearing) => {
    const rules = new MountRules({ levels: { '/a': level } });
    expect(rules.levelOf('/a', usage, 50)).toBeCloseTo(expected, 9);
    expect(rules.clearingLevelOf('/a', usage)).toBeCloseTo(clearing, 9);
  });

  it('give the usual level for any other mount point', () => {
    const rules = new MountRules({ levels: { '/a': { percent: 90 } } });
    expect(rules.levelOf('/b', usage, 50)).toBe(50);
    expect(rules.clearingLevelOf('/b', usage)).toBe(0);
  });

  it.each<[string, unknown]>([
    ['the root', { exclude: ['/'], levels: { '/': { percent: 5 } } }],
    ['everything', { exclude: ['*'.padStart(2, '/')] }],
    ['all in a folder', { exclude: ['/mnt/*'] }],
    ['the smallest amount', { levels: { '/a': { freeBytes: 1 } } }],
    ['the largest amount', { levels: { '/a': { freeBytes: Number.MAX_SAFE_INTEGER } } }],
  ])('may name %s', (_what, options) => {
    expect(() => new MountRules(options)).not.toThrow();
  });

  it.each<[unknown, string]>([
    [{ exclude: [5] }, 'absolute paths, which may end with `*`'],
    [{ exclude: ['/a/**'] }, 'absolute paths, which may end with `*`, without a slash at the end'],
    [{ exclude: ['/*/a'] }, 'absolute paths, which may end with `*`, without a slash at the end'],
    [{ exclude: ['/a/'] }, 'absolute paths, which may end with `*`, without a slash at the end'],
    [{ exclude: ['//'] }, 'without a slash at the end'],
    [{ levels: { '/a*': { percent: 5 } } }, 'to be absolute paths, without a slash at the end'],
    [{ levels: { '/a/': { percent: 5 } } }, 'to be absolute paths, without a slash at the end'],
    [{ levels: { a: { percent: 5 } } }, 'to be absolute paths, got'],
    [{ levels: [] }, 'Expected `mounts.levels` to be an object'],
    [{ levels: { '/a': 5 } }, 'Expected `mounts.levels./a` to be an object'],
    [{ levels: { '/a': { percent: -1 } } }, '`mounts.levels./a.percent` to be a number from 0 to 100'],
    [{ levels: { '/a': { freeBytes: 2 ** 53 } } }, '`mounts.levels./a.freeBytes` to be a number from 1'],
  ])('are refused as %j', (options, message) => {
    expect(() => new MountRules(options)).toThrow(message);
  });
});
