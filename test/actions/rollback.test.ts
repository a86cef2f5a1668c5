import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildSystem } from '../../src/actions/rebuild-system.js';
import { rollbackGeneration } from '../../src/actions/rollback-generation.js';
import { type PlanContext, type PlanDraft } from '../../src/actions/define.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { NO_GENERATIONS, type Generations } from '../../src/memory/generations.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { markBad, noteSystem } from '../../src/memory/record-generation.js';
import type { NixosReading } from '../../src/model/nixos-reading.js';
import { unknown } from '../../src/model/reading.js';
import { nixSettings } from '../../src/model/nix-options.js';
import { failedUnit, fakeHost, nixosReading, systemReading } from '../../src/testing/index.js';

const MINUTE = 60_000;
const UNIT = 'nginx.service';
const root = mkdtempSync(join(tmpdir(), 'rollback-'));
const [A, B, C] = ['a', 'b', 'c'].map((name) => join(root, `nixos-system-${name}`)) as [
  string,
  string,
  string,
];
beforeAll(() => {
  for (const path of [A, B, C]) {
    mkdirSync(join(path, 'bin'), { recursive: true });
    mkdirSync(join(path, 'etc/systemd/system'), { recursive: true });
    writeFileSync(join(path, 'bin/switch-to-configuration'), '');
  }
  writeFileSync(join(A, 'etc/systemd/system/mine.service'), '');
  writeFileSync(join(A, 'etc/systemd/system/mine@.service'), '');
});
afterAll(() => rmSync(root, { recursive: true }));

const identity = (path: string, kernel = 'one') => ({ path, kernel, modules: `${kernel}-modules` });
const generation = (number: number, path: string) => ({ number, path, linkedAt: 0 });
/** System B is running and the next to boot; A was the previous one. */
const SYSTEMS: NixosReading = nixosReading(['a'], {
  running: identity(B),
  booted: identity(B),
  profile: { number: 2, path: B },
  generations: [generation(1, A), generation(2, B)],
});

/** nginx was healthy in A for an hour, and failed a minute after the switch to B. */
const RECORD = [...Array.from({ length: 13 }, (_, index) => index * 5), 61].reduce(
  (record, minute) =>
    noteSystem(
      record,
      {
        system: minute === 61 ? B : A,
        switchedAt: null,
        units: [{ name: UNIT, run: '', state: minute === 61 ? 'failing' : 'active' }],
      },
      minute * MINUTE,
      DEFAULT_GUARDS.evidence,
    ),
  NO_GENERATIONS,
);

interface Story {
  readonly nixos?: Partial<NixosReading>;
  readonly generations?: Generations;
  readonly allowRollback?: boolean;
  readonly changes?: readonly string[];
  readonly context?: Partial<PlanContext>;
  readonly kernel?: string;
  readonly parameters?: Record<string, unknown>;
  readonly now?: number;
}

function contextOf({ nixos = {}, generations = RECORD, allowRollback = true, ...rest }: Story): PlanContext {
  const host = fakeHost({
    system: systemReading({ nixos: { ...SYSTEMS, ...nixos } }),
    units: [failedUnit({ name: UNIT })],
  });
  const never = () => Promise.resolve(unknown('not needed'));
  return {
    read: (request) => Promise.resolve(host.read(request)),
    unitMemory: never,
    unitChanges: () => Promise.resolve(rest.changes ?? [UNIT]),
    systemIdentity: (path) => Promise.resolve(identity(path, rest.kernel)),
    nixActivity: () => Promise.resolve({ switching: null, building: null }),
    preSwitchCheck: () => Promise.resolve(null),
    history: { generations, now: rest.now ?? 61 * MINUTE, wallAheadMs: 0 },
    ownUnit: null,
    thresholds: thresholdValues(),
    diskClearsAt: () => 85,
    guards: DEFAULT_GUARDS,
    nix: nixSettings({ allowRollback, rebuild: { flake: '/etc/nixos#host', flags: ['--show-trace'] } }),
    keep: [],
    earlier: [],
    services: [],
    signal: new AbortController().signal,
    ...rest.context,
  };
}
const plan = async (story: Story = {}): Promise<PlanDraft> =>
  rollbackGeneration.plan(rollbackGeneration.parse(story.parameters ?? {}), contextOf(story));

describe('a rollback with evidence', () => {
  it('sets the profile, and runs the target’s own switch in a transient unit', async () => {
    const draft = await plan();
    expect(draft).toMatchObject({
      generation: { from: B, to: A, verb: 'switch', units: [UNIT], failing: [UNIT] },
      steps: [
        { argv: ['nix-env', '--profile', '/nix/var/nix/profiles/system', '--set', A] },
        { unit: 'luminous-healing-switch-nixossys', interruptible: true },
        {
          argv: ['nix-env', '--profile', '/nix/var/nix/profiles/system', '--set', B],
          onlyIf: 'not-activated',
        },
        { unit: 'luminous-healing-test-nixossys', onlyIf: 'boot-loader-failed' },
      ],
    });
    expect(draft.steps[1]).toHaveProperty(
      'argv',
      expect.arrayContaining([`${A}/bin/switch-to-configuration`, 'switch']),
    );
    expect(draft.steps[1]?.timeoutMs).toBe(21 * MINUTE);
    expect(draft.approval).toBeUndefined();
    expect(draft.refusal).toBeUndefined();
  });

  it('is the same plan each time, so that an approval stays valid', async () => {
    expect(await plan()).toEqual(await plan());
  });
});

describe('a rollback requires approval', () => {
  it.each<[string, Story, RegExp]>([
    ['if it is not allowed', { allowRollback: false }, /`nix.allowRollback` is not set/],
    ['if the definition of the unit is the same', { changes: [] }, /its definition is the same/],
    [
      'if no systems are on record',
      { generations: NO_GENERATIONS },
      /which system ran before this one is not on record/,
    ],
    [
      'if the profile is ahead of the running system',
      { nixos: { profile: { number: 3, path: C } } },
      /what boots next is .*-c, which does not run/,
    ],
    [
      'if the profile cannot be read',
      { nixos: { profile: unknown('no') } },
      /what boots next is not known: no/,
    ],
    ['if a specialisation runs', { nixos: { specialisation: 'gaming' } }, /the specialisation `gaming` runs/],
    [
      'when whether one runs is not known',
      { nixos: { specialisation: unknown('why') } },
      /is not known: why/,
    ],
    [
      'if the target was left before',
      { generations: markBad(RECORD, A, 0, 'it was bad') },
      /it was left before: it was bad/,
    ],
    [
      'if our own unit is not in the target',
      { context: { ownUnit: 'other.service' } },
      /other.service, which this is, is not in it/,
    ],
    [
      'if the target has another kernel',
      { kernel: 'two' },
      /only when the host is restarted: its kernel is two/,
    ],
    [
      'if the check of the target refuses',
      { context: { preSwitchCheck: () => Promise.resolve('no way') } },
      /its own check refuses a switch: no way/,
    ],
    [
      'if the kernel of the target is unknown',
      { context: { systemIdentity: () => Promise.resolve(unknown('gone')) } },
      /its kernel is not known: gone/,
    ],
  ])('%s', async (_, story, words) => {
    const draft = await plan(story);
    expect(draft.refusal).toBeUndefined();
    expect(draft.approval).toMatch(words);
    expect(draft.steps).toHaveLength(draft.generation?.verb === 'boot' ? 3 : 4);
  });

  it('and is only staged, not switched to, if it takes effect at the next boot', async () => {
    const draft = await plan({ kernel: 'two' });
    expect(draft.generation).toMatchObject({ verb: 'boot' });
    expect(draft.steps[1]).toHaveProperty('argv', expect.arrayContaining(['boot']));
  });
});

describe('a rollback requires no approval', () => {
  it.each<[string, Story]>([
    ['if our own unit is in the target', { context: { ownUnit: 'mine.service' } }],
    ['if our own unit is in the target as a template', { context: { ownUnit: 'mine@one.service' } }],
    [
      'if the profile was set by our own interrupted act',
      { nixos: { profile: { number: 1, path: A } }, generations: { ...RECORD, repeat: A } },
    ],
    [
      'if the check of the target could not run beforehand',
      { context: { preSwitchCheck: () => Promise.resolve(unknown('not root')) } },
    ],
  ])('%s', async (_, story) => {
    expect((await plan(story)).approval).toBeUndefined();
  });
});

describe('a rollback is refused', () => {
  it.each<[string, Story, RegExp, string?]>([
    [
      'on a host without NixOS',
      { context: { read: () => Promise.resolve(fakeHost().read()) } },
      /There is no generation to go back to/,
    ],
    [
      'while a switch runs',
      {
        context: {
          nixActivity: () => Promise.resolve({ switching: 'A switch is under way', building: null }),
        },
      },
      /A switch is under way/,
      'in-transition',
    ],
    [
      'when whether one runs is not known',
      { context: { nixActivity: () => Promise.resolve(unknown('no locks')) } },
      /is not known: no locks/,
    ],
    [
      'if the target generation no longer exists',
      { nixos: { generations: [generation(2, B)] } },
      /-a is not a kept generation any more/,
    ],
    [
      'if there is no other generation',
      { nixos: { generations: [generation(2, B)] }, generations: NO_GENERATIONS },
      /no other generation is kept/,
    ],
    [
      'if there is no change to undo',
      { parameters: { undo: true } },
      /no change of this library is on record/,
    ],
    [
      'if the change was undone already',
      {
        parameters: { undo: true },
        generations: { ...RECORD, lastChange: { at: 0, action: 'x', from: B, to: A } },
      },
      /-b, where the last change began, runs/,
    ],
    [
      'if the record leads to the system that runs',
      {
        generations: {
          ...RECORD,
          systems: { ...RECORD.systems, [B]: { ...RECORD.systems[B]!, previous: B } },
        },
      },
      /-b runs already/,
    ],
    [
      'if it is not known which generations are kept',
      { nixos: { generations: unknown('not read') } },
      /^Which generations are kept is not known: not read$/,
    ],
    [
      'if the target has no program for a switch',
      {
        generations: NO_GENERATIONS,
        nixos: { generations: [generation(1, join(root, 'empty')), generation(2, B)] },
      },
      /empty cannot be switched to$/,
    ],
  ])('%s', async (_, story, words, reason = 'unavailable') => {
    const draft = await plan(story);
    expect(draft.refusal).toMatchObject({ reason, sentence: expect.stringMatching(words) as string });
    expect(draft.steps).toEqual([]);
  });

  it('with invalid parameters', () => {
    expect(() => rollbackGeneration.parse({ generation: 12 })).toThrow(
      'Unknown option `generation` in `parameters`',
    );
    expect(() => rollbackGeneration.parse({ undo: '/nix/store/evil' })).toThrow('undo');
  });
});

describe('the undo of a generation change', () => {
  const generations = {
    ...RECORD,
    lastChange: { at: 61 * MINUTE, action: 'rollback_generation', from: A, to: B },
  };
  it('returns to the system before our last change, without approval', async () => {
    const draft = await plan({ parameters: { undo: true }, generations, allowRollback: false });
    expect(draft.generation).toMatchObject({ from: B, to: A, units: [] });
    expect(draft.approval).toBeUndefined();
  });
  it('requires approval if that change was long ago', async () => {
    const draft = await plan({ parameters: { undo: true }, generations, now: 200 * MINUTE });
    expect(draft.approval).toMatch(/was made 2 h 19 min ago/);
  });
});

describe('without evidence, the previous generation by number', () => {
  it.each<[string, NixosReading['generations'], string | undefined]>([
    ['is the next lower number, with gaps', [generation(1, C), generation(4, A), generation(9, B)], A],
    ['skips another number of the running system', [generation(1, A), generation(2, B), generation(3, B)], A],
    [
      'skips a dangling link',
      [generation(1, A), { number: 2, path: unknown('dangling'), linkedAt: 0 }, generation(3, B)],
      A,
    ],
    ['does not exist if the running system is the first', [generation(1, B), generation(2, A)], undefined],
  ])('%s', async (_, generations, expected) => {
    const draft = await plan({ generations: NO_GENERATIONS, nixos: { generations } });
    expect(draft.generation?.to).toBe(expected);
  });
});

describe('the action rebuild', () => {
  it('is planned with its flake, its flags, the environment that it needs, and its undo', async () => {
    const draft = await rebuildSystem.plan({}, contextOf({}));
    expect(draft).toMatchObject({
      approval: 'A rebuild changes the whole system',
      generation: { from: B, to: null, failing: [UNIT] },
      undo: expect.stringContaining(B) as string,
    });
    const [step] = draft.steps;
    const argv = step?.kind === 'command' ? step.argv : [];
    expect(argv.slice(argv.indexOf('--') + 1)).toEqual([
      'nixos-rebuild',
      'switch',
      '--flake',
      '/etc/nixos#host',
      '--show-trace',
    ]);
    expect(argv).toContain('--setenv=PATH');
  });

  it('is refused while a switch runs', async () => {
    const context = contextOf({
      context: { nixActivity: () => Promise.resolve({ switching: 'Busy', building: null }) },
    });
    expect((await rebuildSystem.plan({}, context)).refusal).toEqual({
      reason: 'in-transition',
      sentence: 'Busy',
    });
  });
});

describe('the plan of a rollback', () => {
  it('says what it leads to, by a switch or at the next boot', async () => {
    expect(await plan()).toMatchObject({
      targets: ['system'],
      effect: `The system runs ${A} instead of ${B}`,
      notes: [],
    });
    expect((await plan({ kernel: 'two' })).effect).toBe(`${A} is what boots next`);
    const preSwitchCheck = () => Promise.resolve(unknown('not root'));
    expect((await plan({ context: { preSwitchCheck } })).notes).toEqual([
      'The switch runs the checks of the target itself, before it changes anything',
    ]);
  });

  it('repairs services only, and names every doubt', async () => {
    const host = fakeHost({
      system: systemReading({ nixos: SYSTEMS }),
      units: [failedUnit({ name: UNIT }), failedUnit({ name: 'data.mount' })],
    });
    const read: PlanContext['read'] = (request) => Promise.resolve(host.read(request));
    expect((await plan({ context: { read } })).generation?.units).toEqual([UNIT]);
    const unproved = { changes: [], allowRollback: false, context: { read } };
    expect((await plan(unproved)).generation?.units).toEqual([UNIT]);
    expect((await plan(unproved)).approval).toMatch(
      /`nix.allowRollback` is not set; .*its definition is the same/,
    );
    const byNumber = { generations: NO_GENERATIONS, context: { read } };
    expect((await plan(byNumber)).generation?.units).toEqual([UNIT]);
    expect((await plan(byNumber)).approval).toContain(
      'is not on record, so it is the one before it by number',
    );
  });

  it('needs approval when no service fails', async () => {
    const host = fakeHost({ system: systemReading({ nixos: SYSTEMS }), units: [] });
    const read: PlanContext['read'] = (request) => Promise.resolve(host.read(request));
    expect((await plan({ context: { read } })).approval).toContain('no service fails');
  });

  it('says why no systems are on record, where that is known', async () => {
    const history = { generations: NO_GENERATIONS, now: 0, wallAheadMs: 0, missing: 'it was just created' };
    expect((await plan({ context: { history } })).approval).toContain(
      'not on record (it was just created), so',
    );
  });

  it('does not use the record of another system than the one that runs', async () => {
    expect((await plan({ generations: { ...RECORD, running: C } })).approval).toContain('not on record');
    const generations = [generation(1, A), generation(2, B), generation(3, C)];
    const nixos = { running: identity(C), profile: { number: 3, path: C }, generations };
    const draft = await plan({ nixos });
    expect(draft.generation?.to).toBe(B);
    expect(draft.approval).toContain('not on record');
    const unrecorded = await plan({ generations: { ...NO_GENERATIONS, running: B }, allowRollback: false });
    expect(unrecorded.generation?.to).toBe(A);
    expect(unrecorded.approval).toMatch(/`nix.allowRollback` is not set; .*not on record/);
  });

  it('repairs the services with evidence, without approval for the others that fail', async () => {
    const host = fakeHost({
      system: systemReading({ nixos: SYSTEMS }),
      units: [failedUnit({ name: UNIT }), failedUnit({ name: 'other' })],
    });
    const read: PlanContext['read'] = (request) => Promise.resolve(host.read(request));
    const { generation: change, approval } = await plan({ context: { read } });
    expect(change).toMatchObject({ units: [UNIT], failing: [UNIT, 'other.service'] });
    expect(approval).toBeUndefined();
  });

  it('is refused while the units are not known', async () => {
    const host = fakeHost({ system: systemReading({ nixos: SYSTEMS }), units: unknown('no bus') });
    const read: PlanContext['read'] = (request) => Promise.resolve(host.read(request));
    expect((await plan({ context: { read } })).refusal?.sentence).toBe('What fails now is not known: no bus');
  });

  it('undoes a change of an hour ago without approval, and an older one with it', async () => {
    const lastChange = { at: 0, action: 'rebuild_system', from: A, to: B };
    const undo = (now: number) =>
      plan({ parameters: { undo: true }, generations: { ...RECORD, lastChange }, now });
    expect((await undo(60 * MINUTE)).approval).toBeUndefined();
    expect((await undo(60 * MINUTE + 1)).approval).toContain('was made 1 h ago');
  });
});
