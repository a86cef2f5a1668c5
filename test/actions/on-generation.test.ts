import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  changeBlock,
  failingNow,
  needsBoot,
  numberBefore,
  profileBefore,
  readSystems,
  setProfile,
  undoChange,
  verifyGeneration,
  type KnownSystems,
} from '../../src/actions/on-generation.js';
import { rebuildSystem } from '../../src/actions/rebuild-system.js';
import { rollbackGeneration } from '../../src/actions/rollback-generation.js';
import { inTransientUnit, wordOf } from '../../src/actions/transient-unit.js';
import type { NixosReading } from '../../src/model/nixos-reading.js';
import type { PlannedGeneration } from '../../src/model/plan.js';
import {
  failedUnit,
  fakeHost,
  nixosReading,
  systemIdentity,
  systemReading,
  unitReading,
  type FakeHostParts,
} from '../../src/testing/index.js';
import { planOf } from '../make.js';
import { planningOn, verifyingOn } from './contexts.js';

const UNREAD = { unknown: 'not read' };
const [A, B] = [systemIdentity('a'), systemIdentity('b')];
/** NixOS with the generations a and b, of which b runs. */
const systems = (more: Partial<NixosReading> = {}): KnownSystems =>
  ({ ...nixosReading(['a', 'b']), ...more }) as KnownSystems;
const nixos = (more: Partial<NixosReading> = {}): FakeHostParts => ({
  system: systemReading({ nixos: systems(more) }),
});
const nginx = (more = {}) => unitReading(more);
const DOWN = { activeState: 'inactive', subState: 'dead' };

describe('the proof of a change of generation', () => {
  const SWITCHED: PlannedGeneration = {
    ...{ from: A.path, to: B.path, verb: 'switch' },
    ...{ units: ['nginx.service'], failing: ['nginx.service'] },
  };
  const proofOn = async (
    first: FakeHostParts['units'],
    { second = first, ...more }: Partial<PlannedGeneration> & { second?: FakeHostParts['units'] } = {},
  ) =>
    verifyGeneration(
      verifyingOn(
        { ...nixos(), units: first ?? [] },
        { plan: planOf({ generation: { ...SWITCHED, ...more } }), later: { units: second ?? [] } },
      ),
    );
  const other = failedUnit({ name: 'other' });

  it.each<[string, object, FakeHostParts['units'], FakeHostParts['units']?]>([
    ['the unit to repair stays active', { status: 'fixed' }, [nginx()]],
    ['it still fails, and nothing else', { status: 'ineffective', worse: false }, [failedUnit()]],
    ['it is stopped', { status: 'ineffective', worse: false }, [nginx(DOWN)]],
    ['it became active late', { status: 'ineffective', worse: false }, [nginx(DOWN)], [nginx()]],
    [
      'it was started again within the settle time',
      { status: 'ineffective', worse: false },
      [nginx()],
      [nginx({ invocationId: 'f'.repeat(32) })],
    ],
    ['it is in a crash loop', { status: 'ineffective', worse: false }, [nginx({ recentRestarts: 3 })]],
    ['another unit fails in its place', { status: 'fixed' }, [nginx(), other]],
    [
      'another unit fails in its place, and stops one that needs it',
      { status: 'fixed' },
      [
        nginx(),
        other,
        unitReading({
          ...{ name: 'needy', ...DOWN },
          cause: { kind: 'failed', unit: 'other.service', activeState: 'failed' },
        }),
      ],
    ],
    ['it did not exist at first', { status: 'ineffective', worse: false }, [], [nginx()]],
    ['more units fail than before', { status: 'ineffective', worse: true }, [failedUnit(), other]],
    [
      'more units fail after the settle time',
      { status: 'ineffective', worse: true },
      [nginx()],
      [failedUnit(), other],
    ],
    ['the units cannot be read first', { status: 'unknown', reason: 'not read' }, UNREAD, [nginx()]],
    ['the units cannot be read later', { status: 'unknown', reason: 'not read' }, [nginx()], UNREAD],
  ])('when %s', async (_, seen, first, second = first) => {
    expect(await proofOn(first, { second })).toMatchObject(seen);
  });

  it('counts a stopped unit as failing, and names those that did not fail before', async () => {
    const seen = await proofOn([nginx(DOWN), other], { failing: ['nginx.service'] });
    expect(seen.reason).toBe(`2 units fail in ${B.path}, and 1 did before: other.service`);
  });

  it('without units to repair is left to the check, and never undone for its verdict', async () => {
    const proof = () => Promise.resolve({ status: 'ineffective', reason: 'still bad' } as const);
    const plan = planOf({ generation: { ...SWITCHED, units: [], failing: [] } });
    expect(await verifyGeneration(verifyingOn(nixos(), { plan, proof }))).toEqual({
      status: 'ineffective',
      reason: 'still bad',
      worse: false,
    });
  });

  it.each<[string, PlannedGeneration | undefined, FakeHostParts, object]>([
    [
      'another system runs',
      { ...SWITCHED, to: A.path },
      nixos(),
      { status: 'ineffective', reason: `${B.path} runs, not ${A.path}` },
    ],
    ['a rebuild leads to any system', { ...SWITCHED, to: null }, nixos(), { status: 'fixed' }],
    [
      'no change is in the plan',
      undefined,
      nixos(),
      { status: 'unknown', reason: 'Where it was to lead is not known' },
    ],
    ['the systems are not known', SWITCHED, { system: UNREAD }, { status: 'unknown', reason: 'not read' }],
    [
      'the running system is not known',
      SWITCHED,
      nixos({ running: UNREAD }),
      { status: 'unknown', reason: 'not read' },
    ],
    [
      'it takes effect at the next boot',
      { ...SWITCHED, verb: 'boot' },
      nixos(),
      {
        status: 'pending-reboot',
        reason: `${B.path} is what boots next: restart the host, and it is looked at then`,
      },
    ],
    [
      'another system boots next',
      { ...SWITCHED, verb: 'boot', to: A.path },
      nixos(),
      { status: 'ineffective', reason: `${B.path} is what boots next, not ${A.path}` },
    ],
    [
      'what boots next is not known',
      { ...SWITCHED, verb: 'boot' },
      nixos({ profile: UNREAD }),
      { status: 'unknown', reason: 'not read' },
    ],
  ])('when %s', async (_, generation, parts, seen) => {
    const plan = planOf(generation === undefined ? {} : { generation });
    for (const action of [rebuildSystem, rollbackGeneration]) {
      const context = verifyingOn({ units: [nginx()], ...parts }, { plan });
      expect(await action.verify({} as never, context)).toMatchObject(seen);
    }
  });
});

describe('the undo of a change of generation', () => {
  const signal = new AbortController().signal;
  it('is a rollback to the system before it', async () => {
    const execute = vi.fn(() => Promise.resolve({ outcome: 'executed' } as never));
    await undoChange({ signal, execute });
    expect(execute).toHaveBeenCalledWith({ action: 'rollback_generation', parameters: { undo: true } });
  });
  it.each([
    [{ outcome: 'failed', error: 'no space' }, 'no space'],
    [{ outcome: 'refused' }, 'it was not carried out'],
  ])('fails when it ended with %j', async (execution, words) => {
    const execute = () => Promise.resolve(execution as never);
    for (const { undo } of [rebuildSystem, rollbackGeneration])
      await expect(undo?.({} as never, { signal, execute })).rejects.toThrow(words);
  });
});

describe('whether a system needs a reboot', () => {
  const folder = (version: string) => {
    const path = mkdtempSync(join(tmpdir(), 'init-'));
    onTestFinished(() => rmSync(path, { recursive: true }));
    writeFileSync(join(path, 'init-interface-version'), `${version}\n`);
    return path;
  };
  const ask = (
    to: object,
    booted: NixosReading['booted'] = B,
    refused: unknown = null,
    paths = [A.path, B.path],
  ) =>
    needsBoot(paths[0] ?? '', systems({ booted, running: { ...B, path: paths[1] ?? '' } }), {
      systemIdentity: () => Promise.resolve({ ...A, ...to }),
      preSwitchCheck: () => Promise.resolve(refused as null),
    });

  it.each<[object, NixosReading['booted'], unknown, object]>([
    [{}, B, null, {}],
    [{ kernel: 'new' }, { ...B, kernel: 'old' }, null, { why: 'its kernel is new, and old was booted' }],
    [{ kernel: null }, { ...B, kernel: 'old' }, null, { why: 'its kernel is none, and old was booted' }],
    [{ kernel: 'new' }, { ...B, kernel: null }, null, { why: 'its kernel is new, and none was booted' }],
    [{ modules: 'new' }, B, null, { why: 'its kernel modules are not those that were booted' }],
    [UNREAD, B, null, { why: 'its kernel is not known: not read' }],
    [{}, UNREAD, null, { why: 'the kernel that was booted is not known: not read' }],
    [{}, B, 'not now', { why: 'its own check refuses a switch: not now' }],
    [{}, B, UNREAD, { note: 'The switch runs the checks of the target itself, before it changes anything' }],
  ])('to %j after a boot of %j, with the check %j', async (to, booted, refused, answer) => {
    expect(await ask(to, booted, refused)).toEqual(answer);
  });

  it('depends on the version of the interface to init', async () => {
    const why = 'its `init` is not compatible with the one that runs';
    const [one, same, two] = [folder('1'), folder('1'), folder('2')] as [string, string, string];
    expect(await ask({}, B, null, [one, same])).toEqual({});
    expect(await ask({}, B, null, [one, two])).toEqual({ why });
    expect(await ask({}, B, null, [one, '/nowhere'])).toEqual({ why });
  });
});

describe('the generation before the running one by number', () => {
  const at = (number: number, path: string | typeof UNREAD) => ({ number, path, linkedAt: 0 });
  it.each<[string, NixosReading['generations'], unknown]>([
    ['is the nearest lower one', [at(1, 'c'), at(2, A.path), at(3, B.path), at(4, 'd')], A.path],
    [
      'skips a dangling link and the same system',
      [at(1, A.path), at(2, UNREAD), at(3, B.path), at(4, B.path)],
      A.path,
    ],
    ['is the newest if the running one is not kept', [at(1, 'c'), at(2, A.path)], A.path],
    ['is unknown if there is none', [at(3, B.path)], { unknown: 'no other generation is kept' }],
    ['is unknown if none can be read', UNREAD, UNREAD],
  ])('%s', (_, generations, answer) => {
    expect(numberBefore(systems({ generations }))).toEqual(answer);
  });
});

describe('before a change of generation', () => {
  it('failing units are the failed and crash looping ones, found and requested, each once', async () => {
    const units = [
      failedUnit({ name: 'z' }),
      failedUnit({ name: 'a' }),
      unitReading({ name: 'loop', recentRestarts: 3 }),
      unitReading({ name: 'shaky', recentRestarts: 2 }),
      unitReading({ name: 'well' }),
    ];
    expect(await failingNow(['z.service', 'well.service'], planningOn({ units }))).toEqual([
      'a.service',
      'loop.service',
      'z.service',
    ]);
    expect(await failingNow([], planningOn({ units: UNREAD }))).toEqual(UNREAD);
    const asked = [failedUnit({ name: 'z' }), unitReading({ name: 'well' })];
    const read = async () => ({ ...fakeHost().read(), units: { asked, troubled: [] } });
    expect(await failingNow(['z.service', 'well.service'], { read })).toEqual(['z.service']);
  });

  it.each<[FakeHostParts['activity'], unknown]>([
    [{ switching: null, building: 'A build is under way' }, undefined],
    [
      { switching: 'Busy', building: null },
      { reason: 'in-transition', sentence: 'Busy' },
    ],
    [UNREAD, { reason: 'unavailable', sentence: 'Whether a switch is under way is not known: not read' }],
  ])('with the activity %j', async (activity, block) => {
    expect(await changeBlock(planningOn({ ...(activity && { activity }) }))).toEqual(block);
  });

  it.each<[FakeHostParts, unknown]>([
    [{ system: UNREAD }, UNREAD],
    [{ system: systemReading({ nixos: UNREAD }) }, UNREAD],
    [nixos({ running: UNREAD }), UNREAD],
    [nixos(), systems()],
  ])('the systems of the host are read or unknown', async (parts, answer) => {
    expect(await readSystems(planningOn(parts))).toEqual(answer);
  });

  it.each([
    ['kept', { number: 1, path: A.path }, A.path],
    ['the running system if it leads to the target already', { number: 1, path: 'target' }, B.path],
    ['the running system if it is not known', UNREAD, B.path],
  ])('the profile to return to is %s', (_, profile, answer) => {
    expect(profileBefore('target', systems({ profile }))).toBe(answer);
  });

  it('the profile is set as root, within 2 min, and not interrupted', () => {
    expect(setProfile('/nix/store/x')).toEqual({
      kind: 'command',
      argv: ['nix-env', '--profile', '/nix/var/nix/profiles/system', '--set', '/nix/store/x'],
      needsRoot: true,
      timeoutMs: 120_000,
      interruptible: false,
    });
  });

  it.each([
    [rollbackGeneration, 'There is no generation to go back to: this host does not run NixOS'],
    [rebuildSystem, 'There is nothing to rebuild: this host does not run NixOS'],
  ])('an action on generations is unavailable without NixOS', async (action, words) => {
    expect(await action.unavailable?.(planningOn())).toBe(words);
    expect(await action.unavailable?.(planningOn(nixos()))).toBeUndefined();
  });
});

describe('the plan of rebuild_system', () => {
  it('builds and switches in its own unit, and sets the profile back when nothing was activated', async () => {
    vi.stubEnv('PATH', '/bin');
    vi.stubEnv('NIX_PATH', undefined);
    onTestFinished(() => void vi.unstubAllEnvs());
    const units = [failedUnit(), failedUnit({ name: 'data.mount' })];
    const draft = await rebuildSystem.plan({}, planningOn({ ...nixos(), units }));
    const [build, back] = draft.steps;
    expect(draft).toMatchObject({ targets: ['system'], approval: 'A rebuild changes the whole system' });
    expect(build).toMatchObject({
      unit: 'luminous-healing-rebuild-00000000',
      timeoutMs: 2 * 3_600_000 + 60_000,
    });
    expect(build).toHaveProperty(
      'argv',
      expect.arrayContaining(['--setenv=PATH', 'nixos-rebuild', 'switch']),
    );
    expect(build).not.toHaveProperty('argv', expect.arrayContaining(['--setenv=NIX_PATH']));
    expect(build).not.toHaveProperty('argv', expect.arrayContaining(['--flake']));
    expect(back).toEqual({ ...setProfile(B.path), onlyIf: 'not-activated' });
    expect(draft.generation).toEqual({
      ...{ from: B.path, to: null, verb: 'switch' },
      units: ['nginx.service'],
      failing: ['data.mount', 'nginx.service'],
    });
  });

  it('passes on what a build needs from the environment, as far as it is set, and nothing else', async () => {
    const proxies = ['all_proxy', 'ftp_proxy', 'http_proxy', 'https_proxy', 'no_proxy', 'rsync_proxy'];
    const needed = [
      'PATH',
      'HOME',
      'NIX_PATH',
      'NIX_SSL_CERT_FILE',
      'NIX_CONFIG',
      'CURL_CA_BUNDLE',
      ...proxies,
    ];
    for (const name of [...needed, 'SECRET_TOKEN']) vi.stubEnv(name, 'x');
    onTestFinished(() => void vi.unstubAllEnvs());
    const [build] = (await rebuildSystem.plan({}, planningOn(nixos()))).steps;
    const argv = build?.kind === 'command' ? build.argv : [];
    expect(argv.filter((word) => word.startsWith('--setenv='))).toEqual(
      needed.map((name) => `--setenv=${name}`),
    );
  });

  it.each<[FakeHostParts, string]>([
    [{}, 'There is nothing to rebuild: this host does not run NixOS'],
    [{ ...nixos(), units: UNREAD }, 'What fails now is not known: not read'],
    [{ ...nixos(), activity: { switching: 'Busy', building: null } }, 'Busy'],
  ])('is refused on a host where it cannot be judged', async (parts, sentence) => {
    expect(await rebuildSystem.plan({}, planningOn(parts))).toMatchObject({
      targets: ['system'],
      steps: [],
      refusal: { sentence },
    });
  });
});

it('a command in its own unit is ended by systemd first, a minute before the wait ends', () => {
  expect(inTransientUnit({ unit: 'x', argv: ['true'], passes: ['HOME'], timeoutMs: 3_599_500 })).toEqual({
    kind: 'command',
    argv: [
      ...['systemd-run', '--collect', '--wait', '--no-ask-password', '--service-type=exec', '--unit=x'],
      ...['--property=RuntimeMaxSec=3600', '--setenv=HOME', '--', 'true'],
    ],
    unit: 'x',
    needsRoot: true,
    timeoutMs: 3_659_500,
    interruptible: true,
  });
  expect(wordOf('/nix/store/ab-cd.ef123456-name')).toBe('abcdef12');
});
