import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BUILT_IN_ACTIONS } from '../../src/actions/built-in.js';
import { defineAction, verifyByCheck, type ActionDefinition } from '../../src/actions/define.js';
import { actionRegistry, BUILT_IN_NAMES, type ActionRegistry } from '../../src/actions/registry.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { capabilitiesOf, type CapabilitySources } from '../../src/execute/capabilities.js';
import type { PermissionStatus } from '../../src/execute/permission-status.js';
import { makePlan } from '../../src/execute/planner.js';
import { readControls } from '../../src/host/controls.js';
import { unknown } from '../../src/model/reading.js';
import type { SystemReading } from '../../src/model/snapshot.js';
import {
  failedUnit,
  fakeClock,
  fakeExecutor,
  fakeHost,
  nixosReading,
  unitReading,
  type FakeHostParts,
} from '../../src/testing/index.js';
import { only } from '../actions/only.js';

type BuiltInName = (typeof BUILT_IN_NAMES)[number];
/** Returns a registry that has one of the built-in actions. */
const onlyBuiltIn = (name: BuiltInName): ActionRegistry => only(name, BUILT_IN_ACTIONS[name]);
const THRESHOLDS = thresholdValues();
const never = (): AbortSignal => new AbortController().signal;
let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'capabilities-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (path: string, text: string): void => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
};
const policy = (offered: string): void => {
  put('sys/devices/system/cpu/cpufreq/policy0/scaling_governor', 'powersave\n');
  put('sys/devices/system/cpu/cpufreq/policy0/scaling_available_governors', `${offered}\n`);
};

const systemWith = (nixos: SystemReading['nixos']): SystemReading => ({
  ...{ state: 'running', nixos, oomKills: 0 },
});

const permissions = (more: Partial<PermissionStatus>): PermissionStatus => ({
  ...{ tier: 'service', platform: 'systemd', uid: 1_000, root: false, socket: false, sudo: false },
  ...{ way: 'none', description: 'service tier: there is no helper' },
  ...more,
});
/** A fake host whose controls are read from the files of the test. */
const hostOfRoot = (parts: FakeHostParts = {}) => fakeHost({ controls: readControls(root), ...parts });
const partsOf = (more: Partial<CapabilitySources>): CapabilitySources => ({
  host: hostOfRoot(),
  actions: actionRegistry(),
  readsThisMachine: () => true,
  permissions: () => Promise.resolve(permissions({ way: 'in-process', uid: 0, root: true })),
  askHelper: () => Promise.resolve(true),
  clock: fakeClock(),
  ...more,
});
const own = (more: Partial<ActionDefinition> = {}): ActionDefinition =>
  defineAction({
    parse: (parameters) => parameters,
    plan: () => ({ targets: ['pool'], effect: 'The pool is new', steps: [] }),
    verify: verifyByCheck,
    scope: 'host',
    risk: 'reversible',
    timeoutMs: 1_000,
    ...more,
  });

describe('a missing capability of an action', () => {
  const NO_UNITS = unknown('systemd is not running here');
  const NO_NIXOS = unknown('this host does not run NixOS');
  const noUnits = fakeHost({ units: NO_UNITS });
  const noNixos = fakeHost({ system: systemWith(NO_NIXOS) });
  const cases: readonly {
    readonly name: BuiltInName;
    readonly prepare?: () => void;
    readonly host?: ReturnType<typeof fakeHost>;
    readonly parameters?: Readonly<Record<string, unknown>>;
    readonly reason: string;
  }[] = [
    {
      name: 'set_cpu_governor',
      reason: 'This machine has no cpufreq to govern',
    },
    {
      name: 'set_cpu_governor',
      prepare: () => policy('powersave schedutil'),
      reason: 'cpu/cpufreq/policy0 offers powersave, schedutil, not `performance`',
    },
    {
      name: 'clear_system_cache',
      reason: 'This host has no `vm.drop_caches`',
    },
    {
      name: 'clean_nix_store',
      reason: 'This host has no Nix store',
    },
    {
      name: 'restart_service',
      host: noUnits,
      parameters: { service: 'nginx' },
      reason: 'systemd is not running here',
    },
    {
      name: 'reload_service',
      host: noUnits,
      parameters: { service: 'nginx' },
      reason: 'systemd is not running here',
    },
    {
      name: 'rollback_generation',
      host: noNixos,
      reason: 'There is no generation to go back to: this host does not run NixOS',
    },
    {
      name: 'rebuild_system',
      host: noNixos,
      reason: 'There is nothing to rebuild: this host does not run NixOS',
    },
  ];

  it('is tested for each built-in action', () => {
    expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(BUILT_IN_NAMES));
  });

  it.each(cases)('of $name is reported: $reason; its plan is refused for the same reason', async (one) => {
    one.prepare?.();
    const { name, host = hostOfRoot(), parameters = {}, reason } = one;
    const actions = onlyBuiltIn(name);
    const told = await capabilitiesOf(partsOf({ host, actions }), never());
    expect(told).toEqual([
      { action: name, status: 'unavailable', reason: expect.stringContaining(reason) as string },
    ]);
    const given = { host, actions, thresholds: THRESHOLDS, services: [] };
    const { refusal } = await makePlan({ action: name, parameters }, given, never());
    expect(refusal?.reason).toBe('unavailable');
    expect(refusal?.sentence).toContain(reason);
  });

  it('is not reported if the host has it', async () => {
    policy('performance powersave');
    put('proc/sys/vm/drop_caches', '0');
    put('nix/store/x', '');
    const host = hostOfRoot({
      units: [failedUnit({ name: 'nginx' }), unitReading({ name: 'init.scope' })],
      system: systemWith(nixosReading()),
    });
    const registries = BUILT_IN_NAMES.map(onlyBuiltIn);
    for (const actions of registries) {
      expect(await capabilitiesOf(partsOf({ host, actions }), never())).toMatchObject([
        { action: actions.names[0], status: 'available' },
      ]);
    }
  });
});

describe('the privilege that an action needs', () => {
  const governor = () => {
    policy('performance powersave');
    return onlyBuiltIn('set_cpu_governor');
  };
  const told = async (more: Partial<CapabilitySources>) =>
    (await capabilitiesOf(partsOf({ actions: governor(), ...more }), never()))[0];
  const by = (way: PermissionStatus['way']) => ({ permissions: () => Promise.resolve(permissions({ way })) });

  it.each([
    ['in-process', 'It would be carried out by this process, which is root'],
    ['sudo', 'It would be carried out through sudo -n'],
    ['helper', 'It would be carried out through the root helper'],
  ] as const)('is reported as %s: %s', async (way, reason) => {
    expect(await told(by(way))).toMatchObject({ status: 'available', reason });
  });

  it('is reported with what to do if it is missing', async () => {
    expect(await told(by('none'))).toMatchObject({
      status: 'unavailable',
      reason: 'Needs root: service tier: there is no helper',
    });
  });

  it('is reported as missing if the policy of the helper does not list the action', async () => {
    const sentence = 'The policy of the root helper does not list `set_cpu_governor` in `actions`';
    expect(await told({ ...by('helper'), askHelper: () => Promise.resolve(sentence) })).toMatchObject({
      status: 'unavailable',
      reason: sentence,
    });
  });

  it('is reported as missing if the helper does not answer', async () => {
    const askHelper = () => Promise.resolve(unknown('it closed the connection without an answer'));
    expect(await told({ ...by('helper'), askHelper })).toMatchObject({
      status: 'unknown',
      reason: 'it closed the connection without an answer',
    });
  });

  it('is not needed if nix-daemon accepts this user', async () => {
    put('nix/store/x', '');
    put('nix/var/nix/daemon-socket/socket', '');
    const actions = onlyBuiltIn('clean_nix_store');
    expect(await told({ ...by('none'), actions })).toMatchObject({
      status: 'available',
      reason: 'It would be carried out without root',
    });
  });
});

describe('the capabilities of custom actions and other hosts', () => {
  it('include no action of host scope if another machine is read', async () => {
    const actions = actionRegistry({ within: own({ scope: 'process' }) });
    const told = await capabilitiesOf(partsOf({ actions, readsThisMachine: () => false }), never());
    expect(told.map(({ status }) => status)).toEqual([
      ...BUILT_IN_NAMES.map(() => 'unavailable'),
      'available',
    ]);
    expect(told[0]?.reason).toMatch(/^The engine reads a `host` that is not known to be this machine/);
  });

  it('include what a custom action reports as missing, and whether it needs root', async () => {
    const actions = actionRegistry({
      plain: own(),
      within: own({ scope: 'process' }),
      lacking: own({ unavailable: () => 'There is no pool' }),
      rooted: own({ needsRoot: () => true }),
      rootless: own({ needsRoot: () => false }),
    });
    const way = { permissions: () => Promise.resolve(permissions({ way: 'helper' })) };
    const told = await capabilitiesOf(partsOf({ actions, ...way }), never());
    expect(told.slice(BUILT_IN_NAMES.length).map(({ status, reason }) => `${status}: ${reason}`)).toEqual([
      'available: Its plan shows whether it needs root, and how it gets it',
      'available: It would be carried out within this process',
      'unavailable: There is no pool',
      expect.stringMatching(
        /^unavailable: Needs root: the root helper carries out the built-in actions only/,
      ),
      'available: It would be carried out without root',
    ]);
    const plan = await makePlan(
      { action: 'lacking', parameters: {} },
      { host: fakeHost(), actions, thresholds: THRESHOLDS, services: [] },
      never(),
    );
    expect(plan.refusal).toEqual({ reason: 'unavailable', sentence: 'There is no pool' });
  });

  it('are unknown for an action that throws or does not answer within 5 s; the others are reported', async () => {
    const clock = fakeClock();
    const actions = actionRegistry({
      hangs: own({ unavailable: () => new Promise<string>(() => undefined) }),
      throws: own({
        unavailable: () => {
          throw new Error('the pool is on fire');
        },
      }),
      well: own(),
    });
    const asked = capabilitiesOf(partsOf({ actions, clock }), never());
    await clock.advance(5_000);
    expect((await asked).slice(BUILT_IN_NAMES.length)).toMatchObject([
      { action: 'hangs', status: 'unknown', reason: 'No answer within 5 s' },
      { action: 'throws', status: 'unknown', reason: 'the pool is on fire' },
      { action: 'well', status: 'available' },
    ]);
  });
});

describe('engine.capabilities()', () => {
  /** Creates an engine whose executor returns any value. */
  const engineOn = (more: object) =>
    new SimplifiedHealingEngine({
      host: fakeHost(),
      executor: { ...fakeExecutor(), ...more },
      clock: fakeClock(),
    });

  it('returns the answer of the executor, and unknown if that is missing or invalid', async () => {
    const engine = engineOn({ capabilities: undefined });
    expect(await engine.capabilities()).toHaveLength(BUILT_IN_NAMES.length);
    expect((await engine.capabilities())[0]).toEqual({
      action: 'clean_nix_store',
      status: 'unknown',
      reason: 'The executor has no `capabilities`',
    });
    const answer = [{ action: 'clean_nix_store', status: 'available', reason: 'By hand' }];
    expect(await engineOn({ capabilities: () => answer }).capabilities()).toEqual(answer);
    for (const odd of [undefined, 'yes', [{ action: 'x' }], [{ ...answer[0], status: 'maybe' }]]) {
      const [first] = await engineOn({ capabilities: () => odd }).capabilities();
      expect(first).toMatchObject({
        status: 'unknown',
        reason: '`executor.capabilities` returned no list of `{ action, status, reason }`',
      });
    }
    const failing = engineOn({ capabilities: () => Promise.reject(new Error('no')) });
    expect((await failing.capabilities())[0]).toMatchObject({ status: 'unknown', reason: 'no' });
  });

  it('refuses unknown options', async () => {
    const engine = engineOn({});
    await expect(engine.capabilities({ sgnal: 1 } as never)).rejects.toThrow(/signal/);
    await expect(engine.capabilities({ signal: 1 } as never)).rejects.toThrow(/signal/);
  });

  it('changes nothing: nothing is planned, executed or recorded', async () => {
    const engine = engineOn({ capabilities: () => [] });
    const before = JSON.stringify(engine.status());
    await engine.capabilities();
    expect(JSON.stringify(engine.status())).toBe(before);
  });
});

describe('the capabilities of a host that does not answer', () => {
  it('are unknown as soon as the caller stops waiting', async () => {
    const host = { ...hostOfRoot(), read: () => new Promise<never>(() => undefined) };
    const stop = new AbortController();
    const asked = capabilitiesOf(partsOf({ host, actions: onlyBuiltIn('rebuild_system') }), stop.signal);
    stop.abort(new Error('the caller has ended'));
    expect(await asked).toMatchObject([{ action: 'rebuild_system', status: 'unknown' }]);
  });

  it('are a frozen list', async () => {
    expect(Object.isFrozen(await capabilitiesOf(partsOf({}), never()))).toBe(true);
  });

  it('leave no rejection without a handler if the permissions cannot be read, and no action needs them', async () => {
    const lost: unknown[] = [];
    const note = (reason: unknown): void => void lost.push(reason);
    process.on('unhandledRejection', note);
    const sources = { readsThisMachine: () => false, actions: onlyBuiltIn('rebuild_system') };
    await capabilitiesOf(
      partsOf({ ...sources, permissions: () => Promise.reject(new Error('no sudo')) }),
      never(),
    );
    await new Promise(setImmediate);
    process.off('unhandledRejection', note);
    expect(lost).toEqual([]);
  });
});
