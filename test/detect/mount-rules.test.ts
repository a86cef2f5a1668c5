import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimpleDetector } from '../../src/detect/detector.js';
import { MountRules } from '../../src/detect/mount-rules.js';
import { fakeHost, mountReading } from '../../src/testing/index.js';
import type { MountOptions } from '../../src/detect/mount-rules.js';
import { liveHost } from '../make-live.js';

const GB = 1e9;
/** File system of 1,000 GB with this much free space. */
const archive = (free: number) => ({
  ...mountReading({ mountPoint: '/archive', device: '8:9' }),
  space: { used: (1000 - free) * GB, available: free * GB, percent: 100 - free / 10 },
});
const judged = async (free: number, mounts: MountOptions) => {
  const detector = new SimpleDetector({ host: fakeHost({ mounts: [archive(free)] }), mounts });
  const verdicts = await detector.inspect({ component: 'disk:/archive' });
  return verdicts.find(({ component }) => component === 'disk:/archive');
};

describe('the level of a mount point', () => {
  it.each<[string, MountOptions['levels'], number, string, number?]>([
    ['percent alone, usage below it', { '/archive': { percent: 97 } }, 31, 'ok'],
    ['percent alone, usage above it', { '/archive': { percent: 97 } }, 29, 'bad', 3],
    ['percent alone, usage above the midpoint', { '/archive': { percent: 97 } }, 14, 'bad', 4],
    ['bytes alone, more is free', { '/archive': { freeBytes: 20 * GB } }, 21, 'ok'],
    ['bytes alone, less is free', { '/archive': { freeBytes: 20 * GB } }, 19, 'bad', 3],
    ['bytes alone, less than half of it is free', { '/archive': { freeBytes: 20 * GB } }, 9, 'bad', 4],
    [
      'both, above the percent and with enough bytes',
      { '/archive': { percent: 90, freeBytes: 20 * GB } },
      50,
      'ok',
    ],
    [
      'both, below the percent and with too few bytes',
      { '/archive': { percent: 90, freeBytes: 200 * GB } },
      150,
      'ok',
    ],
    [
      'both, above the percent and with too few bytes',
      { '/archive': { percent: 90, freeBytes: 200 * GB } },
      99,
      'bad',
      3,
    ],
    ['a level of another mount point', { '/other': { percent: 10 } }, 200, 'ok'],
    ['no level, so the default threshold', {}, 99, 'bad', 3],
  ])('applies: %s', async (_, levels, free, status, severity) => {
    const verdict = await judged(free, { levels });
    expect(verdict?.status).toBe(status);
    if (severity !== undefined) expect(verdict?.severity).toBe(severity);
  });

  it('makes a missing mount an issue, unless it is excluded, and no other mount is evaluated instead', async () => {
    const host = fakeHost({ mounts: [mountReading(), archive(500)] });
    const levels = {
      '/archive/old': { percent: 97 },
      '/data': { freeBytes: GB },
      '/archive': { percent: 97 },
    };
    const mounts = { levels, exclude: ['/data'] };
    const detector = new SimpleDetector({ host, mounts, enabledChecks: ['disk'] });
    expect(await detector.detectIssues()).toMatchObject([
      {
        ...{ component: 'disk:/archive/old', check: 'disk', severity: 3, type: 'resource' },
        description: 'Nothing is mounted on /archive/old, which `mounts.levels` names',
      },
    ]);
    expect(host.requests.at(-1)?.mountPoints).toEqual(['/archive/old', '/archive']);
    host.set({ mounts: [mountReading(), { ...archive(500), mountPoint: '/archive/old' }] });
    const issues = await detector.detectIssues();
    expect(issues.map(({ component }) => component)).toEqual(['disk:/archive']);
  });

  it('applies to a file system that is read-only by design too', async () => {
    const writes = { status: 'by-design', reason: 'it is an image' } as const;
    const host = fakeHost({ mounts: [{ ...archive(1), writes }] });
    const look = (levels: MountOptions['levels']) =>
      new SimpleDetector({ host, mounts: { levels }, enabledChecks: ['disk'] }).detectIssues();
    expect(await look({})).toEqual([]);
    expect(await look({ '/archive': { percent: 97 } })).toMatchObject([{ component: 'disk:/archive' }]);
  });

  it.each<[MountOptions['levels'], number]>([
    [{ '/archive': { percent: 97 } }, 92],
    [{ '/archive': { freeBytes: 20 * GB } }, 97.8],
    [{ '/archive': { percent: 90, freeBytes: 200 * GB } }, 85],
    [{ '/archive': { percent: 90, freeBytes: 20 * GB } }, 97.8],
  ])('%j clears at %d %%', async (levels, clearsAt) => {
    expect((await judged(1, { levels }))?.clearsAt).toBeCloseTo(clearsAt, 9);
  });

  it('is never ok and bad at once, whatever the numbers', () => {
    const amount = fc.double({ min: 1, max: 1e15, noNaN: true });
    fc.assert(
      fc.property(
        amount,
        amount,
        fc.option(amount),
        fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
        (used, available, free, percent) => {
          fc.pre(free !== null || percent !== null);
          const rules = new MountRules({
            levels: {
              '/a': {
                ...(free === null ? {} : { freeBytes: Math.max(1, free) }),
                ...(percent === null ? {} : { percent }),
              },
            },
          });
          const usage = { used, available, percent: (100 * used) / (used + available) };
          const level = rules.levelOf('/a', usage, 90);
          expect(rules.clearingLevelOf('/a', usage)).toBeLessThanOrEqual(level);
          expect(level >= 0 && level <= 100).toBe(true);
        },
      ),
    );
  });
});

describe('the option mounts.exclude', () => {
  it.each([
    [['/archive'], false],
    [['/arch*'], false],
    [['/archive/*'], true],
    [['/'], true],
    [['/*'], false],
    [[], true],
  ])(
    'with %j leaves /archive judged %s, in a full reading and in the fast path',
    async (exclude, isJudged) => {
      const { host } = liveHost({ mounts: [archive(1)] });
      host.set({ mounts: [archive(1)] });
      const detector = new SimpleDetector({ host, mounts: { exclude }, enabledChecks: ['disk'] });
      const components = (await detector.inspect()).map(({ component }) => component);
      expect(components.includes('disk:/archive')).toBe(isJudged);
      expect(detector.glance()?.look()).toBe(!isJudged);
    },
  );
});

describe('an invalid option `mounts`', () => {
  it.each<[unknown, string]>([
    [[], 'Expected `mounts` to be an object'],
    [{ excludes: [] }, 'Unknown option `excludes` in `mounts`: did you mean `exclude`?'],
    [{ exclude: '/mnt' }, 'Expected `mounts.exclude` to be an array'],
    [{ exclude: ['mnt'] }, 'Expected `mounts.exclude` to be absolute paths'],
    [{ exclude: ['/a*b'] }, 'Expected `mounts.exclude` to be absolute paths'],
    [{ exclude: ['/mnt/'] }, 'without a slash at the end'],
    [{ levels: { archive: { percent: 90 } } }, 'Expected `mounts.levels` to be absolute paths'],
    [
      { levels: { '/a': {} } },
      'Expected `mounts.levels./a` to be an object with `percent`, `freeBytes` or both',
    ],
    [
      { levels: { '/a': { percent: 101 } } },
      'Expected `mounts.levels./a.percent` to be a number from 0 to 100',
    ],
    [{ levels: { '/a': { freeBytes: 0 } } }, 'Expected `mounts.levels./a.freeBytes` to be a number from 1'],
    [
      { levels: { '/a': { freebytes: 5 } } },
      'Unknown option `freebytes` in `mounts.levels./a`: did you mean `freeBytes`?',
    ],
  ])('%j is refused in one sentence', (mounts, message) => {
    expect(() => new SimpleDetector({ host: fakeHost(), mounts: mounts as never })).toThrow(message);
  });
});
