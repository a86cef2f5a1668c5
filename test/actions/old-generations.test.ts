import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { cleanNixStore } from '../../src/actions/clean-nix-store.js';
import type { PlanContext, PlanDraft } from '../../src/actions/define.js';
import {
  deleteGenerations,
  generationsToDelete,
  nextAfterGarbage,
  oldGenerations,
} from '../../src/actions/old-generations.js';
import type { NixControls } from '../../src/model/controls-reading.js';
import type { StepReport } from '../../src/model/execution.js';
import { nixSettings } from '../../src/model/nix-options.js';
import {
  fakeHost,
  mountReading,
  nixosReading,
  systemIdentity,
  systemReading,
  type FakeHostParts,
} from '../../src/testing/index.js';
import { planOf } from '../make.js';
import { planningOn, verifyingOn } from './contexts.js';

const UNREAD = { unknown: 'not read' };
const GIB = 1024 ** 3;
const DAY = 86_400_000;
const NIXOS = nixosReading(['a', 'b', 'c']);
const generation = (number: number) => ({ number, path: `/nix/store/${number}`, linkedAt: 0 });
const collected = (freed: string, asked = GIB): StepReport => ({
  step: `nix-store --gc --max-freed ${asked}`,
  ok: true,
  output: `3 store paths deleted, ${freed} freed`,
  durationMs: 1,
});
/** Nix found less than it was asked for, so nothing is left. */
const USED_UP = collected('10.00 MiB');
const controls = (nix: Partial<NixControls> = {}): FakeHostParts => ({
  controls: {
    cpuPolicies: UNREAD,
    dropCaches: { path: '/x', unwritable: null },
    nix: { hasStore: true, daemon: 'none', hasSystemd: true, ...nix },
  },
});
const asDeveloper = () => {
  vi.stubEnv('LUMINOUS_DEV_MODE', '1');
  onTestFinished(() => void vi.unstubAllEnvs());
};

describe('a generation is old enough to be deleted', () => {
  const at = (age: number) =>
    oldGenerations(
      { ...NIXOS, generations: [{ ...generation(1), linkedAt: 1_000 }] },
      { ms: DAY, now: 1_000 + age, keep: [] },
    );
  it('only when it is older than the age given', () => {
    expect(at(DAY)).toEqual([]);
    expect(at(DAY + 1)).toHaveLength(1);
  });
  it('only when its link can be read, and it is not the one that boots next', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((word) => systemIdentity(word).path) as [string, string, string];
    const generations = [a, b, c].map((path, index) => ({ number: index + 1, path, linkedAt: 0 }));
    const age = { ms: DAY, now: 9 * DAY, keep: [] };
    const next = { ...NIXOS, profile: { number: 1, path: a }, generations };
    expect(oldGenerations(next, age)).toEqual([generations[1]]);
    const rebootNeeded = { ...NIXOS, running: systemIdentity('b'), generations };
    expect(oldGenerations(rebootNeeded, age)).toEqual([generations[0]]);
    expect(
      oldGenerations({ ...NIXOS, generations: [{ number: 1, path: UNREAD, linkedAt: 0 }] }, age),
    ).toEqual([]);
  });
});

describe('generations are deleted', () => {
  const system = systemReading({ nixos: NIXOS });
  /** Plans at a time when every generation is old enough. */
  const aYearLater = (parts: FakeHostParts, more: Partial<PlanContext> = {}): PlanContext => {
    const host = fakeHost(parts, { clock: { now: () => Date.UTC(2026, 0, 1) } });
    const read: PlanContext['read'] = (request) => Promise.resolve(host.read(request));
    return planningOn(parts, { read, nix: nixSettings({ deleteOlderThan: '1d' }), ...more });
  };

  it('by number, after which the boot menu is updated, as root and without interruption', () => {
    const common = { kind: 'command', needsRoot: true, interruptible: false };
    const profile = '/nix/var/nix/profiles/system';
    expect(deleteGenerations([generation(3), generation(5)], 'nix-env')).toEqual([
      {
        ...common,
        argv: ['nix-env', '--profile', profile, '--delete-generations', '3', '5'],
        timeoutMs: 60_000,
      },
      { ...common, argv: [`${profile}/bin/switch-to-configuration`, 'boot'], timeoutMs: 300_000 },
    ]);
  });

  it.each<[string, Partial<PlanContext>, FakeHostParts, unknown]>([
    ['none without `deleteOlderThan`', { nix: nixSettings() }, { system }, []],
    [
      'none after a run that deleted some',
      { earlier: [{ ...USED_UP, step: 'nix-env --delete-generations 1' }] },
      { system },
      [],
    ],
    ['unknown if the system is', {}, { system: UNREAD }, UNREAD],
    ['unknown without NixOS', {}, { system: systemReading({ nixos: UNREAD }) }, UNREAD],
  ])('%s', async (_, more, parts, answer) => {
    asDeveloper();
    expect(await generationsToDelete(aYearLater(parts, more))).toEqual(answer);
  });

  it('only by root, or by a developer, and never through the root helper', async () => {
    const getuid = vi.spyOn(process, 'getuid').mockReturnValue(1_000);
    onTestFinished(() => getuid.mockRestore());
    const context = aYearLater({ system });
    vi.stubEnv('LUMINOUS_DEV_MODE', '');
    expect(await generationsToDelete(context)).toMatchObject({
      unknown: expect.stringContaining('root helper') as string,
    });
    getuid.mockReturnValue(0);
    expect(await generationsToDelete(context)).toMatchObject([{ number: 1 }, { number: 2 }]);
    getuid.mockReturnValue(1_000);
    asDeveloper();
    expect(await generationsToDelete(context)).toMatchObject([{ number: 1 }, { number: 2 }]);
  });

  it.each([
    [UNREAD, 'No generation is deleted: not read'],
    [[], 'No generation older than 1 d may be deleted'],
    [
      [generation(3), generation(5)],
      'If that is not enough: system generations 3, 5, older than 1 d, are deleted',
    ],
  ])('and the plan says which: %j', (old, words) => {
    expect(nextAfterGarbage(old, '1 d')).toContain(words);
  });
});

describe('clean_nix_store with `deleteOlderThan`', () => {
  const plan = async (parts: FakeHostParts, more: Partial<PlanContext> = {}): Promise<PlanDraft> => {
    asDeveloper();
    const host = fakeHost(
      {
        ...controls(),
        mounts: [mountReading({ percent: 97 })],
        system: systemReading({ nixos: NIXOS }),
        ...parts,
      },
      { clock: { now: () => Date.UTC(2026, 0, 1) } },
    );
    return cleanNixStore.plan(
      cleanNixStore.parse({ path: '/' }),
      planningOn(parts, {
        read: (request) => Promise.resolve(host.read(request)),
        nix: nixSettings({ deleteOlderThan: '1d' }),
        ...more,
      }),
    );
  };
  const argvs = ({ steps }: PlanDraft) =>
    steps.map((step) => (step.kind === 'command' ? step.argv.slice(1, 4).join(' ') : ''));

  it('collects garbage first, and says which generations come next', async () => {
    const draft = await plan({});
    expect(argvs(draft)).toEqual(['--gc --max-freed 12884901888']);
    expect(draft.notes?.at(-1)).toContain('system generations 1, 2,');
  });

  it('deletes them and collects again once no garbage is left', async () => {
    const { steps } = await plan({}, { earlier: [USED_UP] });
    expect(
      steps.map((step) => step.kind === 'command' && step.argv.includes('--delete-generations')),
    ).toEqual([true, false, false]);
    expect(steps[0]).toMatchObject({
      argv: [
        expect.stringMatching(/(^|\/)nix-env$/),
        '--profile',
        '/nix/var/nix/profiles/system',
        '--delete-generations',
        '1',
        '2',
      ],
    });
  });

  it('deletes also a single one', async () => {
    const system = systemReading({ nixos: nixosReading(['a', 'b']) });
    expect((await plan({ system }, { earlier: [USED_UP] })).steps).toHaveLength(3);
  });

  it('collects what is still missing, on a file system that releases space late', async () => {
    const mounts = [mountReading({ percent: 97, fsType: 'btrfs' })];
    const earlier = [collected('1.00 GiB', 3 * GIB)];
    expect(argvs(await plan({ mounts }, { earlier })).at(-1)).toBe(`--gc --max-freed ${2 * GIB}`);
  });

  it('deletes none while garbage was found, or while the generations are unknown', async () => {
    expect((await plan({}, { earlier: [collected('1024.00 MiB')] })).steps).toHaveLength(1);
    const blind = await plan({ system: UNREAD }, { earlier: [USED_UP] });
    expect(blind.refusal?.sentence).toBe('Nix has nothing more to delete');
  });
});

describe('the proof of clean_nix_store', () => {
  const prove = async (
    fsType: string,
    before: Record<string, number> = {},
    steps: readonly StepReport[] = [],
  ) => {
    const settled: unknown[] = [];
    const proofs = ['first', 'second'];
    const mounts = [mountReading({ fsType, space: { used: 50 * GIB, available: 50 * GIB, percent: 50 } })];
    const context = verifyingOn(
      { mounts },
      {
        plan: planOf({ baseline: before }),
        steps,
        proof: () => Promise.resolve({ status: 'ineffective', reason: proofs.shift() ?? '' }),
        settle: (ms) => Promise.resolve(void settled.push(ms)),
      },
    );
    return { ...(await cleanNixStore.verify({ path: '/', freeing: 'space' }, context)), settled };
  };

  it.each(['zfs', 'btrfs'])('waits a minute for %s, which gives space back late', async (fsType) => {
    expect(await prove(fsType)).toEqual({ status: 'ineffective', reason: 'second', settled: [60_000] });
  });

  it('of another file system is that of the check at once', async () => {
    expect(await prove('ext4')).toEqual({ status: 'ineffective', reason: 'first', settled: [] });
  });

  it('on a late file system is read only after the wait', async () => {
    const order: string[] = [];
    const mounts = [mountReading({ fsType: 'zfs' })];
    await cleanNixStore.verify(
      { path: '/', freeing: 'space' },
      verifyingOn(
        { mounts },
        {
          proof: () => Promise.resolve((order.push('proof'), { status: 'ineffective', reason: 'full' })),
          settle: async () => {
            await Promise.resolve();
            order.push('settled');
          },
        },
      ),
    );
    expect(order).toEqual(['proof', 'settled', 'proof']);
  });

  it.each([
    ['unknown', { unknown: 'not read' }],
    ['gone', []],
    ['unreadable', [mountReading({ space: { unknown: 'not read' } })]],
  ])('is that of the check also if the mount is %s by then', async (_, mounts) => {
    const context = verifyingOn(
      { mounts },
      {
        plan: planOf({ baseline: { usedBytes: GIB } }),
        proof: () => Promise.resolve({ status: 'ineffective', reason: 'full' }),
      },
    );
    expect(await cleanNixStore.verify({ path: '/', freeing: 'space' }, context)).toEqual({
      status: 'ineffective',
      reason: 'full',
    });
  });

  it.each([
    [{ usedBytes: 52 * GIB }, [], 'first; 2.0 GiB less are in use'],
    [{ usedBytes: 40 * GIB }, [], 'first; 0 B less are in use'],
    [{}, [USED_UP], 'first; Nix deleted 3 store paths and counts 10.0 MiB as freed'],
  ])('with %j in use before adds what was freed', async (before, steps, reason) => {
    expect(await prove('ext4', before as Record<string, number>, steps)).toMatchObject({ reason });
  });
});

describe('clean_nix_store on this host', () => {
  it.each<[FakeHostParts, string | undefined, boolean]>([
    [controls(), undefined, true],
    [controls({ daemon: 'denied' }), undefined, true],
    [controls({ daemon: 'granted' }), undefined, false],
    [controls({ hasStore: false, daemon: 'granted' }), 'This host has no Nix store', true],
    [{}, 'The Nix store is not known: this host does not report it', true],
  ])('needs a store, and needs root unless nix-daemon accepts this user', async (parts, why, root) => {
    expect(await cleanNixStore.unavailable?.(planningOn(parts))).toBe(why);
    expect(await cleanNixStore.needsRoot?.(planningOn(parts))).toBe(root);
  });

  it('collects through nix-daemon without root if that accepts this user, and else says how to allow it', async () => {
    const planFor = async (daemon: NixControls['daemon']): Promise<PlanDraft> =>
      cleanNixStore.plan(
        cleanNixStore.parse({ path: '/' }),
        planningOn({ ...controls({ daemon }), mounts: [mountReading({ percent: 97 })] }),
      );
    expect((await planFor('granted')).steps).toMatchObject([
      { needsRoot: false, env: { NIX_REMOTE: 'daemon' } },
    ]);
    expect((await planFor('denied')).steps).toMatchObject([
      { needsRoot: true, interruptible: true, timeoutMs: 1_800_000 },
    ]);
    expect((await planFor('denied')).notes?.[0]).toContain('nix-daemon does not accept this user');
    expect((await planFor('none')).notes).toHaveLength(1);
  });
});
