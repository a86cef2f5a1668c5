import { describe, expect, it } from 'vitest';
import { DISK_CHECK, judgeDisks } from '../../src/detect/disk.js';
import { MountRules } from '../../src/detect/mount-rules.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { VerdictList } from '../../src/detect/verdict-list.js';
import { unknown } from '../../src/model/reading.js';
import type { MountReading } from '../../src/model/snapshot.js';
import { healthySnapshot, mountReading } from '../../src/testing/index.js';

const usage = (percent: number) => ({ used: percent, available: 100 - percent, percent });
const because = unknown('the disk hangs');
const design = { status: 'by-design', reason: 'it is an image' } as const;
const broken = { status: 'bad', reason: 'it became read-only' } as const;
const rulesFor = (levels: Record<string, { percent?: number; freeBytes?: number }> = {}) =>
  new MountRules({ levels });

/** Judges file systems with the threshold 80 %; returns `component status`, and whether the fast path sees anything. */
function judged(mounts: readonly MountReading[], rules = rulesFor()) {
  const list = new VerdictList();
  list.begin();
  judgeDisks(mounts, 80, list, rules);
  const verdicts = list.end();
  const thresholds = { ...thresholdValues(), diskPercent: 80 };
  return {
    verdicts,
    words: verdicts.map(({ component, status }) => `${component} ${status}`),
    isOver: DISK_CHECK.isOver({ ...healthySnapshot(), mounts }, thresholds, rules),
  };
}

describe('a file system', () => {
  it.each<[string, Partial<MountReading>, boolean]>([
    ['at its threshold', { space: usage(80), inodes: usage(80), metadata: usage(80) }, false],
    ['over it in bytes', { space: usage(81) }, true],
    ['over it in inodes', { inodes: usage(81) }, true],
    ['over it in metadata', { metadata: usage(81) }, true],
    ['that takes no writes any more', { writes: broken }, true],
    [
      'that is read-only by design and full',
      { space: usage(100), metadata: usage(100), writes: design },
      false,
    ],
    ['that cannot be read', { space: because, inodes: because }, false],
    ['that cannot be read, over its threshold in metadata', { space: because, metadata: usage(81) }, true],
  ])('%s is bad, also for the fast path: %j', (_what, more, isBad) => {
    const { verdicts, isOver } = judged([mountReading(more)]);
    expect(verdicts.some(({ status }) => status === 'bad')).toBe(isBad);
    expect(isOver).toBe(isBad);
  });

  it.each([
    [60, 70, 'Metadata of / is 70.0 % full'],
    [70, 60, '/ is 70.0 % full'],
    [70, 70, '/ is 70.0 % full'],
  ])(
    'whose space is used to %d and its metadata to %d percent has the worse of the two: %s',
    (space, metadata, words) => {
      const { verdicts } = judged([mountReading({ space: usage(space), metadata: usage(metadata) })]);
      expect(verdicts[0]?.reason.startsWith(words)).toBe(true);
    },
  );

  it('with a level of its own is compared with that, and its metadata with the threshold', () => {
    const mount = mountReading({ mountPoint: '/var', space: usage(60), metadata: usage(70) });
    const reasonFor = (percent: number) =>
      judged([mount], rulesFor({ '/var': { percent } })).verdicts[0]?.reason;
    expect(reasonFor(90)).toContain('Metadata of /var');
    expect(reasonFor(65)).toContain('/var is 60.0 % full');
    // As far from both: the space.
    expect(reasonFor(70)).toContain('/var is 60.0 % full');
  });

  it.each([
    [60, false],
    [59, true],
  ])('that is used to 60 percent, with a level of %d percent is bad: %s', (level, isBad) => {
    const rules = rulesFor({ '/': { percent: level } });
    const { words, isOver } = judged([mountReading({ space: usage(60) })], rules);
    expect([words[0], isOver]).toEqual([`disk:/ ${isBad ? 'bad' : 'ok'}`, isBad]);
  });

  it('that is read-only by design is judged if it has a level', () => {
    const mounts = [mountReading({ space: usage(60), writes: design })];
    expect(judged(mounts).words).toEqual(['readonly:/ ok']);
    const { words, isOver } = judged(mounts, rulesFor({ '/': { percent: 50 } }));
    expect([words, isOver]).toEqual([['disk:/ bad', 'inodes:/ ok', 'readonly:/ ok'], true]);
  });

  it('that has a level and is not mounted is bad', () => {
    const rules = rulesFor({ '/': { percent: 50 }, '/data': { percent: 50 } });
    const { verdicts, words, isOver } = judged([mountReading()], rules);
    expect([words.at(-1), isOver]).toEqual(['disk:/data bad', true]);
    expect(verdicts.at(-1)?.reason).toBe('Nothing is mounted on /data, which `mounts.levels` names');
    expect(judged([mountReading()], rulesFor({ '/': { percent: 50 } }))).toMatchObject({ isOver: false });
  });

  it('has the same verdict object while nothing changes', () => {
    const list = new VerdictList();
    const look = (writes: MountReading['writes']) => {
      list.begin();
      judgeDisks([mountReading({ writes })], 80, list);
      return list.end().at(-1);
    };
    const first = look(broken);
    expect(look(broken)).toBe(first);
    const other = look({ status: 'bad', reason: 'it has errors' });
    expect(other?.reason).toBe('it has errors');
    expect(look({ status: 'ok', reason: 'it has errors' })?.status).toBe('ok');
  });
});
