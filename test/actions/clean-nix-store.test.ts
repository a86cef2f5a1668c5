import { describe, expect, it } from 'vitest';
import { collectedBy, collectGarbage } from '../../src/actions/nix-gc.js';
import { oldGenerations } from '../../src/actions/old-generations.js';
import { MountRules, type MountOptions } from '../../src/detect/mount-rules.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { makePlan } from '../../src/execute/planner.js';
import { digestOf } from '../../src/memory/approvals.js';
import { cleanNixStore } from '../../src/actions/clean-nix-store.js';
import { readControls } from '../../src/host/controls.js';
import { nixSettings, type NixOptions } from '../../src/model/nix-options.js';
import {
  fakeHost,
  mountReading,
  nixosReading,
  systemIdentity,
  systemReading,
  type FakeHostParts,
} from '../../src/testing/index.js';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { only } from './only.js';
import type { StepReport } from '../../src/model/execution.js';

const THRESHOLDS = thresholdValues();
const GIB = 1024 ** 3;
const DAY = 86_400_000;

interface More {
  readonly earlier?: readonly StepReport[];
  readonly nix?: NixOptions;
  readonly parameters?: object;
  readonly mounts?: MountOptions;
}

function planOn(parts: FakeHostParts, { earlier = [], nix = {}, parameters = {}, mounts }: More = {}) {
  const root = mkdtempSync(join(tmpdir(), 'store-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'nix/store'), { recursive: true });
  const actions = only('clean_nix_store', cleanNixStore);
  return makePlan(
    { action: 'clean_nix_store', parameters: { path: '/', ...parameters } },
    {
      ...{
        host: fakeHost({ controls: readControls(root), ...parts }),
        actions,
        thresholds: THRESHOLDS,
        services: [],
        nix: nixSettings(nix),
      },
      mounts: new MountRules(mounts),
    },
    new AbortController().signal,
    earlier,
  );
}
const lines = ({ steps }: Awaited<ReturnType<typeof planOn>>) =>
  steps.map((step) => (step.kind === 'command' ? step.argv.join(' ') : step.kind));
const collected = (asked: number, words: string): StepReport => ({
  step: `nix-store --gc --max-freed ${asked}`,
  ok: true,
  output: words,
  durationMs: 1,
});
const FULL = mountReading({ percent: 97 });

describe('the plan of clean_nix_store', () => {
  it.each([
    [
      { switching: 'A switch is under way', building: null },
      'A switch is under way: nothing is deleted until it ends',
    ],
    [
      { switching: null, building: 'A build is under way' },
      'A build is under way: nothing is deleted until it ends',
    ],
  ])('is blocked while Nix is busy', async (activity, sentence) => {
    const plan = await planOn({ mounts: [FULL], activity });
    expect(plan).toMatchObject({ steps: [], refusal: { reason: 'in-transition', sentence } });
  });

  it.each<[string, number, MountOptions['levels'], number | undefined]>([
    ['the threshold', 97, {}, 12],
    ['a higher level', 97, { '/': { percent: 95 } }, 7],
    ['a lower level', 80, { '/': { percent: 75 } }, 10],
    ['a floor of free bytes', 97, { '/': { freeBytes: 5 * GIB } }, 2.5],
    ['a level of another mount', 97, { '/other': { percent: 10 } }, 12],
    ['a level that it is under', 97, { '/': { freeBytes: GIB } }, undefined],
  ])('frees space down to the clearing level, by %s', async (_, percent, levels, gib) => {
    const plan = await planOn({ mounts: [mountReading({ percent })] }, { mounts: { levels } });
    if (gib === undefined) expect(plan).toMatchObject({ steps: [], refusal: { reason: 'no-expected-gain' } });
    else expect(Number(lines(plan)[0]?.split(' ').at(-1)) / GIB).toBeCloseTo(gib, 6);
  });

  it('for inodes uses the threshold of inodes, whatever the level for bytes is', async () => {
    const mounts = [mountReading({ percent: 50, inodesPercent: 95 })];
    const more = { parameters: { freeing: 'inodes' }, mounts: { levels: { '/': { percent: 20 } } } };
    expect(lines(await planOn({ mounts }, more))).toEqual(
      lines(await planOn({ mounts }, { parameters: { freeing: 'inodes' } })),
    );
  });

  it.each(['/gone', '/nix/store/x', '/ni', '/var/'])(
    'is unavailable for %s, which is no mount point: the file system around it is another one',
    async (path) => {
      const plan = await planOn({ mounts: [FULL] }, { parameters: { path } });
      const sentence = `The mount ${path} is gone, or is not one that is looked at: nothing is done for it`;
      expect(plan).toMatchObject({ steps: [], refusal: { reason: 'unavailable', sentence } });
    },
  );

  it.each(['/', '/nix', '/nix/store'])('finds the file system of the store by %s', async (path) => {
    expect(lines(await planOn({ mounts: [FULL] }, { parameters: { path } }))).toHaveLength(1);
  });

  it('for inodes frees the bytes that an average inode uses, times their number', async () => {
    const mounts = [mountReading({ percent: 50, inodesPercent: 95 })];
    const plan = await planOn({ mounts }, { parameters: { freeing: 'inodes' } });
    // 100,000 of 1,000,000 inodes are over the limit; the other 950,000 hold 50 GiB.
    expect(lines(plan)).toEqual([`nix-store --gc --max-freed ${Math.ceil((100_000 * 50 * GIB) / 950_000)}`]);
    expect(plan.targets).toEqual([{ kind: 'plain', id: 'inodes:/' }]);
  });

  it('for a full disk first frees space for Nix itself, and in no other way', async () => {
    const space = { used: 100 * GIB, available: 0, percent: 100 };
    const plan = await planOn({ mounts: [mountReading({ space })] });
    expect(lines(plan)).toEqual([
      'rm -f -- /nix/var/nix/db/reserved',
      `nix-store --gc --max-freed ${15 * GIB} --option gc-reserved-space 0`,
    ]);
    expect(plan.steps).toMatchObject([
      { needsRoot: true },
      { needsRoot: true, env: { NIX_REMOTE: 'local' } },
    ]);
  });

  it('for a full disk runs beside this process if systemd can do that, because the root helper cannot write to the store', () => {
    const root = mkdtempSync(join(tmpdir(), 'store-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    mkdirSync(join(root, 'run/systemd/system'), { recursive: true });
    const { steps } = collectGarbage(GIB, 0, readControls(root).nix);
    const run = 'systemd-run --quiet --pipe --wait --collect --no-ask-password';
    expect(steps.map(({ argv }) => argv.join(' '))).toEqual([
      `${run} --unit=luminous-healing-nix-reserve --property=RuntimeMaxSec=60 -- rm -f -- /nix/var/nix/db/reserved`,
      `${run} --unit=luminous-healing-nix-collect --property=RuntimeMaxSec=1800 --setenv=NIX_REMOTE=local -- nix-store --gc --max-freed ${GIB} --option gc-reserved-space 0`,
    ]);
    expect(steps.every(({ needsRoot, env }) => needsRoot && env === undefined)).toBe(true);
  });
});

describe('clean_nix_store deletes nothing', () => {
  const UNREAD = { unknown: 'not read' };
  const refusalOf = async (parts: FakeHostParts, parameters: { path?: string; freeing?: string } = {}) => {
    const { steps, refusal, effect, targets } = await planOn(parts, { parameters });
    const { path = '/', freeing = 'space' } = parameters;
    expect(steps).toEqual([]);
    expect(targets).toEqual([{ kind: 'plain', id: `${freeing === 'space' ? 'disk' : 'inodes'}:${path}` }]);
    expect(effect).toContain('tore paths that nothing refers to are deleted');
    return refusal;
  };

  it.each<[string, FakeHostParts, { path?: string; freeing?: string }, string]>([
    [
      'while the free space is unknown',
      { mounts: [mountReading({ space: UNREAD })] },
      {},
      'How full / is, is not known: not read',
    ],
    [
      'for inodes while the free space is unknown',
      { mounts: [mountReading({ space: UNREAD, inodesPercent: 97 })] },
      { freeing: 'inodes' },
      'How full / is, is not known: not read',
    ],
    [
      'for inodes while the free inodes are unknown',
      { mounts: [mountReading({ percent: 97, inodes: UNREAD })] },
      { freeing: 'inodes' },
      'How full / is, is not known: not read',
    ],
    ['while the mounts are unknown', { mounts: UNREAD }, {}, 'The mounts are not known: not read'],
    [
      'while it is unknown whether Nix is at work',
      { mounts: [FULL], activity: UNREAD },
      {},
      'Whether Nix is at work is not known: not read',
    ],
    [
      'on a host whose store is unknown',
      { mounts: [FULL], controls: UNREAD },
      {},
      'The Nix store is not known: not read',
    ],
    [
      'on another file system than that of the store',
      { mounts: [FULL, mountReading({ mountPoint: '/var', device: '9:9', percent: 97 })] },
      { path: '/var' },
      'The Nix store is not on the file system of /var',
    ],
  ])('%s', async (_, parts, parameters, sentence) => {
    expect(await refusalOf(parts, parameters)).toEqual({ reason: 'unavailable', sentence });
  });

  it.each([
    [{ mount: '/' }, 'Unknown option `mount` in `parameters`'],
    [{ path: 7 }, '`path`'],
    [{ path: 'nix' }, '`path`'],
    [{ freeing: 'spaces' }, 'Unknown kind `spaces` in `freeing`: did you mean `space`?'],
  ])('with invalid parameters: %j', (parameters, message) => {
    expect(() => cleanNixStore.parse(parameters)).toThrow(message);
  });

  it('below the clearing level already', async () => {
    expect(await refusalOf({ mounts: [mountReading({ percent: 85 })] })).toEqual({
      reason: 'no-expected-gain',
      sentence: '/ is 85.0 % full, which is under 85.0 % already',
    });
  });
});

describe('what clean_nix_store plans', () => {
  it('is described by its amount, its limit, and what was in use before', async () => {
    const { effect, baseline, notes } = await planOn({ mounts: [mountReading({ percent: 97 })] });
    expect({ effect, baseline }).toEqual({
      effect: 'Up to 12.0 GiB of store paths that nothing refers to are deleted, until / is under 85.0 %',
      baseline: { usedBytes: 97 * GIB, usedInodes: expect.any(Number) as number },
    });
    expect(notes).toHaveLength(1);
    const blind = await planOn({ mounts: [mountReading({ percent: 97, inodes: { unknown: 'not read' } })] });
    expect(blind.baseline).toStrictEqual({ usedBytes: 97 * GIB });
  });

  it('is described as inodes and the bytes of an average one', async () => {
    const mounts = [mountReading({ percent: 50, inodesPercent: 95 })];
    const { effect } = await planOn({ mounts }, { parameters: { freeing: 'inodes' } });
    expect(effect).toMatch(/^Up to .+ inodes \(about 5\.3 GiB\) of store paths/);
  });

  it.each([
    ['99 %', '990.00 KiB', 1],
    ['less than 99 %', '989.00 KiB', 0],
  ])('continues after a run that freed %s of what it was asked for', async (_, freed, steps) => {
    const earlier = [collected(1_000 * 1024, `1 store paths deleted, ${freed} freed`)];
    expect((await planOn({ mounts: [FULL] }, { earlier })).steps).toHaveLength(steps);
  });

  it('may be repeated three times within half an hour', () => {
    expect(cleanNixStore).toMatchObject({ runs: 4, timeoutMs: 1_800_000 });
  });
});

describe('the number of bytes in a plan of clean_nix_store', () => {
  // The disk has 100 GiB; the clearing level is 85 GiB.
  const at = (percent: number): FakeHostParts => ({
    mounts: [mountReading({ space: { used: percent * GIB, available: (100 - percent) * GIB, percent } })],
  });
  const decided = { maxFreed: 10 * GIB };

  it('is one of its parameters, so that planning again gives the same plan', async () => {
    const plan = await planOn(at(95));
    expect(plan.parameters).toMatchObject(decided);
    expect(digestOf(await planOn(at(96), { parameters: plan.parameters }))).toBe(digestOf(plan));
  });

  it.each([
    ['kept when the need has grown', 99, 10 * GIB],
    ['kept when it has shrunk by 3 % of the file system', 92, 10 * GIB],
  ])('is %s', async (_when, percent, amount) => {
    const plan = await planOn(at(percent), { parameters: decided });
    expect(lines(plan)).toEqual([`nix-store --gc --max-freed ${amount}`]);
  });

  it('is refused when the need has decreased by more', async () => {
    const plan = await planOn(at(91.9), { parameters: decided });
    expect(plan).toMatchObject({ steps: [], refusal: { reason: 'no-expected-gain' } });
    expect(plan.refusal?.sentence).toBe('/ needs less freed by now than was planned: plan it again');
  });

  it('does not apply to a further run of the same act, which measures the need again', async () => {
    const earlier = [collected(10 * GIB, '12 store paths deleted, 10240.00 MiB freed')];
    const plan = await planOn(at(87), { parameters: decided, earlier });
    expect(lines(plan)).toEqual([`nix-store --gc --max-freed ${2 * GIB}`]);
    expect(plan.parameters).toMatchObject({ maxFreed: 2 * GIB });
  });

  it('may be a single byte', () => {
    expect(cleanNixStore.parse({ maxFreed: 1 })).toMatchObject({ maxFreed: 1 });
  });

  it.each([0, -1, Number.MAX_SAFE_INTEGER + 1, '1', null])('is refused as %j', async (maxFreed) => {
    await expect(planOn(at(95), { parameters: { maxFreed } })).rejects.toThrow('maxFreed');
  });
});

describe('a further run of clean_nix_store', () => {
  const enough = collected(GIB, '12 store paths deleted, 1024.10 MiB freed');
  const usedUp = collected(GIB, '3 store paths deleted, 10.00 MiB freed');
  const system = systemReading({ nixos: nixosReading(['a', 'b', 'c']) });
  const later = { mounts: [FULL], system };

  it('collects the remainder if Nix stopped early because its own estimate was reached', async () => {
    expect(lines(await planOn(later, { earlier: [enough] }))).toHaveLength(1);
  });

  it('is skipped if Nix has nothing more to delete', async () => {
    expect(await planOn(later, { earlier: [usedUp] })).toMatchObject({
      steps: [],
      refusal: { reason: 'no-expected-gain', sentence: 'Nix has nothing more to delete' },
    });
  });

  it('waits for file systems that release space late', async () => {
    const mounts = [mountReading({ percent: 97, fsType: 'zfs' })];
    expect((await planOn({ mounts }, { earlier: [enough] })).refusal?.sentence).toContain(
      'gives space back later',
    );
  });
});

describe('the old generations that clean_nix_store deletes', () => {
  const nixos = nixosReading(['a', 'b', 'a', 'c', 'd', 'e'], { booted: systemIdentity('b') });
  const now = Date.UTC(2025, 0, 1) + 100 * DAY;
  const numbers = (given: ReturnType<typeof oldGenerations>) =>
    'unknown' in given ? given : given.map(({ number }) => number);

  it('exclude the running, booted, next and kept system, under each of its numbers', () => {
    expect(numbers(oldGenerations(nixos, { ms: DAY, now, keep: [] }))).toEqual([1, 3, 4, 5]);
    const keep = [systemIdentity('a').path];
    expect(numbers(oldGenerations(nixos, { ms: DAY, now, keep }))).toEqual([4, 5]);
    expect(numbers(oldGenerations(nixos, { ms: 97.5 * DAY, now, keep: [] }))).toEqual([1, 3]);
  });

  it.each(['running', 'booted', 'profile', 'generations'] as const)('are none if %s is unknown', (part) => {
    const blind = { ...nixos, [part]: { unknown: 'not read' } };
    expect(oldGenerations(blind, { ms: DAY, now, keep: [] })).toEqual({ unknown: 'not read' });
  });
});

it('clean_nix_store reads the freed bytes of each collection and adds them up', () => {
  expect(
    collectedBy([
      collected(5 * 1024 ** 2, '2 store paths deleted, 4.00 MiB freed'),
      { step: 'sync', ok: true, durationMs: 1 },
      collected(1024, '1 store paths deleted, 2.0 KiB freed'),
    ]),
  ).toEqual({
    paths: 3,
    freedBytes: 4 * 1024 ** 2 + 2048,
    last: { asked: 1024, freedBytes: 2048 },
  });
  expect(collectedBy([collected(1, 'Killed')])).toBeUndefined();
});
