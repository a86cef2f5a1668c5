import { beforeEach, describe, expect, it, vi } from 'vitest';
import { actionNamed, actionRegistry } from '../../src/actions/registry.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { makePlan } from '../../src/execute/planner.js';
import { NO_HISTORY } from '../../src/memory/generations.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { WatchedUnit } from '../../src/detect/services.js';
import type { UnitReading } from '../../src/model/unit.js';
import { readControls } from '../../src/host/controls.js';
import { nixSettings } from '../../src/model/nix-options.js';
import {
  actionConformance,
  failedUnit,
  fakeHost,
  mountReading,
  nixosReading,
  systemReading,
  unitReading,
  type FakeHostParts,
} from '../../src/testing/index.js';

/** Files that exist in a test, whatever this machine has: a text, or the names in a folder. */
const files = vi.hoisted(() => new Map<string, string | string[] | undefined>());
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const faked = (path: unknown) => files.get(String(path));
  return {
    ...fs,
    existsSync: (path: string) => (files.has(path) ? faked(path) !== undefined : fs.existsSync(path)),
    readdirSync: (path: string) => faked(path) ?? fs.readdirSync(path),
    readFileSync: (path: string, encoding: 'utf8') => faked(path) ?? fs.readFileSync(path, encoding),
  };
});
const SWITCH = '/run/current-system/bin/switch-to-configuration';
beforeEach(() => {
  files.clear();
  files.set('/nix/store', []);
  files.set(SWITCH, undefined);
});

const THRESHOLDS = thresholdValues();
const planOn = (parts: FakeHostParts, action: string, parameters: object = {}) =>
  makePlan(
    { action, parameters: { ...parameters } },
    {
      host: fakeHost({ controls: readControls(''), ...parts }),
      actions: actionRegistry(),
      thresholds: THRESHOLDS,
      services: [],
      guards: DEFAULT_GUARDS,
      nix: nixSettings(),
      history: NO_HISTORY,
    },
    new AbortController().signal,
  );
const argvs = ({ steps }: Awaited<ReturnType<typeof planOn>>) =>
  steps.map((step) =>
    step.kind === 'command'
      ? step.argv.join(' ')
      : step.kind === 'write'
        ? `${step.path} = ${step.content}`
        : '',
  );
const GIB = 1024 ** 3;

describe('the seven documented actions', () => {
  it('are registered under their documented names', () => {
    expect([...actionRegistry().names].sort()).toEqual([
      'clean_nix_store',
      'clear_system_cache',
      'rebuild_system',
      'reload_service',
      'restart_service',
      'rollback_generation',
      'set_cpu_governor',
    ]);
  });

  it('are found by name; an unknown name suggests the closest one', async () => {
    await expect(actionNamed('clean_nix_stor', actionRegistry())).rejects.toThrow(
      'did you mean `clean_nix_store`?',
    );
    await expect(actionNamed('zzz', actionRegistry())).rejects.toThrow(
      'No action is called `zzz`: register it in the option `actions`',
    );
  });

  it.each([
    [
      'clean_nix_store',
      { path: '/nix/store' },
      [{ path: 'relative' }, { path: '/a/../b' }, { path: 7 }, { older: 1 }],
    ],
    ['clear_system_cache', {}, [{ level: 3 }]],
    [
      'set_cpu_governor',
      { governor: 'performance' },
      [{ governor: '../x' }, { governor: '' }, { governor: 'a b' }],
    ],
    [
      'restart_service',
      { service: 'nginx' },
      [{}, { service: '' }, { service: 'a b' }, { service: 'x.slice' }],
    ],
    ['reload_service', { service: 'nginx' }, [{}, { service: 7 }, { service: '-x' }, { service: 'x.timer' }]],
    ['rollback_generation', {}, [{ generation: 12 }]],
    ['rebuild_system', {}, [{ flake: '.#x' }]],
  ])('%s passes the conformance suite of actions', async (name, parameters, refused) => {
    const definition = await actionNamed(name, actionRegistry());
    for (const { run } of actionConformance(() => definition, { parameters, refused })) await run();
    const running = () => fakeHost({ units: [unitReading()] });
    for (const { run } of actionConformance(() => definition, { parameters, host: running })) await run();
  });
});

describe('the action clean_nix_store', () => {
  it('collects garbage down to the clearing level, 5 points below the threshold, and no further', async () => {
    const plan = await planOn({ mounts: [mountReading({ percent: 97 })] }, 'clean_nix_store', { path: '/' });
    expect(argvs(plan)).toEqual([`nix-store --gc --max-freed ${Math.ceil(0.12 * 100 * GIB)}`]);
    expect(plan.targets).toEqual([{ kind: 'plain', id: 'disk:/' }]);
    expect(plan.effect).toContain('until / is under 85.0 %');
  });

  it('applies only to the file system that contains the store, compared by device and not by name', async () => {
    const mounts = [
      mountReading(),
      mountReading({ mountPoint: '/nix/store', device: '8:2', percent: 97 }),
      mountReading({ mountPoint: '/nix/copy', device: '8:2', percent: 97 }),
      mountReading({ mountPoint: '/var', device: '8:3', percent: 99 }),
    ];
    expect(await planOn({ mounts }, 'clean_nix_store', { path: '/var' })).toMatchObject({
      steps: [],
      refusal: { reason: 'unavailable', sentence: 'The Nix store is not on the file system of /var' },
    });
    for (const path of ['/nix/store', '/nix/copy']) {
      expect((await planOn({ mounts }, 'clean_nix_store', { path })).refusal).toBeUndefined();
    }
  });

  it('is unavailable if the file system is already below the clearing level', async () => {
    const plan = await planOn({ mounts: [mountReading({ percent: 84 })] }, 'clean_nix_store', { path: '/' });
    expect(plan).toMatchObject({ steps: [], refusal: { reason: 'no-expected-gain' } });
  });

  it('is unavailable without a Nix store', async () => {
    files.set('/nix/store', undefined);
    expect(await planOn({ mounts: [mountReading({ percent: 97 })] }, 'clean_nix_store')).toMatchObject({
      steps: [],
      refusal: { reason: 'unavailable', sentence: 'This host has no Nix store' },
    });
  });

  it('deletes no generation', async () => {
    const plan = await planOn({ mounts: [mountReading({ percent: 99 })] }, 'clean_nix_store');
    expect(argvs(plan).join()).not.toMatch(/delete|-d\b|collect-garbage/);
  });

  it('is unavailable if the mounts are unknown', async () => {
    const plan = await planOn({ mounts: { unknown: 'no mountinfo' } }, 'clean_nix_store');
    expect(plan.refusal).toEqual({
      reason: 'unavailable',
      sentence: 'The mounts are not known: no mountinfo',
    });
  });
});

describe('the action restart_service', () => {
  const restart = (unit: UnitReading) => planOn({ units: [unit] }, 'restart_service', { service: unit.id });

  it('has a time limit of the stop and start timeouts of the unit plus a margin', async () => {
    const { steps } = await restart(failedUnit({ startTimeoutMs: 30_000, stopTimeoutMs: 20_000 }));
    expect(steps.at(-1)?.timeoutMs).toBe(60_000);
  });

  it('has a finite time limit for a unit without timeouts', async () => {
    const { steps } = await restart(failedUnit({ startTimeoutMs: Infinity }));
    expect(steps.at(-1)?.timeoutMs).toBe(300_000);
  });

  it.each([
    [failedUnit({ loadState: 'masked' }), 'nginx.service cannot be started: it is masked'],
    [failedUnit({ loadState: 'not-found' }), 'systemd does not know nginx.service'],
    [failedUnit({ loadState: 'bad-setting' }), 'nginx.service cannot be started: its unit file has an error'],
  ])('is unavailable if a restart cannot help', async (unit, sentence) => {
    expect(await restart(unit)).toMatchObject({ steps: [], refusal: { reason: 'unavailable', sentence } });
  });
});

describe('restart_service of a unit at its start limit', () => {
  it('resets the counter before it restarts the unit', async () => {
    const limited = failedUnit({ result: 'start-limit-hit' });
    expect(argvs(await planOn({ units: [limited] }, 'restart_service', { service: 'nginx' }))).toEqual([
      'systemctl --no-ask-password reset-failed -- nginx.service',
      'systemctl --no-ask-password start -- nginx.service',
    ]);
  });

  it.each([
    ['inactive', unitReading({ activeState: 'inactive', subState: 'dead' })],
    ['failed', failedUnit()],
  ])(
    'starts a unit that is %s, and resets its counter only if the start limit refused it',
    async (_, unit) => {
      const { steps } = await planOn({ units: [unit] }, 'restart_service', { service: 'nginx' });
      expect(steps.map((step) => (step.kind === 'command' ? [step.argv[2], step.onlyIf] : []))).toEqual([
        ['start', undefined],
        ['reset-failed', 'start-limit-hit'],
        ['start', 'start-limit-hit'],
      ]);
    },
  );

  it('never resets a transient unit, which the reset would remove', async () => {
    for (const result of ['exit-code', 'start-limit-hit']) {
      const unit = failedUnit({ transient: true, result });
      expect(argvs(await planOn({ units: [unit] }, 'restart_service', { service: 'nginx' }))).toEqual([
        'systemctl --no-ask-password start -- nginx.service',
      ]);
    }
  });

  it('restarts a unit that is active', async () => {
    expect(argvs(await planOn({ units: [unitReading()] }, 'restart_service', { service: 'nginx' }))).toEqual([
      'systemctl --no-ask-password restart -- nginx.service',
    ]);
  });
});

describe('the action reload_service', () => {
  const reload = (unit: UnitReading) => planOn({ units: [unit] }, 'reload_service', { service: 'nginx' });

  it('reloads a unit that supports it, and restarts none', async () => {
    expect(argvs(await reload(unitReading()))).toEqual([
      'systemctl --no-ask-password reload -- nginx.service',
    ]);
  });

  it.each([
    ['it cannot reload', unitReading({ canReload: false })],
    ['it is not active', failedUnit()],
  ])('is unavailable when %s', async (_why, unit) => {
    expect(await reload(unit)).toMatchObject({ steps: [], refusal: { reason: 'unavailable' } });
  });
});

describe('on a host without NixOS', () => {
  it.each(['rollback_generation', 'rebuild_system'])('%s is unavailable with that reason', async (action) => {
    const plan = await planOn({}, action);
    expect(plan).toMatchObject({ steps: [], refusal: { reason: 'unavailable' } });
    expect(plan.refusal?.sentence).toContain('does not run NixOS');
  });
});

describe('on a NixOS host', () => {
  beforeEach(() => void files.set(SWITCH, ''));

  it('a rebuild is planned with its undo, and requires approval', async () => {
    const plan = await planOn({ system: systemReading({ nixos: nixosReading() }) }, 'rebuild_system');
    expect(argvs(plan)).toHaveLength(2);
    // A switch that activates nothing restores the profile.
    expect(plan.steps[1]).toMatchObject({ onlyIf: 'not-activated' });
    expect(argvs(plan)[0]).toMatch(
      /^systemd-run .* --unit=luminous-healing-rebuild-\w+ .* -- nixos-rebuild switch$/,
    );
    expect(plan.risk).toBe('disruptive');
    expect(plan.steps[0]).toMatchObject({ interruptible: true, needsRoot: true });
    expect(plan.approval).toBeTypeOf('string');
    expect(plan.undo).toBeTypeOf('string');
  });

  it('a rollback without evidence is not executed automatically', async () => {
    const plan = await planOn({}, 'rollback_generation');
    expect(plan.refusal !== undefined || plan.approval !== undefined).toBe(true);
  });
});

describe('restart_service, for a unit related to other units,', () => {
  const restart = (unit: UnitReading) => planOn({ units: [unit] }, 'restart_service', { service: unit.id });

  it.each([
    ['failed', 'failed', 'nginx.service was stopped because base.service failed'],
    ['vanished', 'inactive', 'nginx.service was stopped because base.service went away'],
    ['dependency', 'inactive', 'nginx.service was not started because base.service could not be started'],
  ] as const)(
    'is unavailable while the other unit is down, with the cause `%s`',
    async (kind, activeState, words) => {
      const because = (state: string) =>
        unitReading({
          activeState: 'inactive',
          subState: 'dead',
          cause: { kind, unit: 'base.service', activeState: state },
        });
      expect(await restart(because(activeState))).toMatchObject({
        steps: [],
        refusal: {
          reason: 'unavailable',
          sentence: `${words}: it is started once base.service is active again`,
        },
      });
      expect(argvs(await restart(because('active')))).toContain(
        'systemctl --no-ask-password start -- nginx.service',
      );
    },
  );

  it.each(['web.socket', 'nightly.timer', 'in.path', 'data.mount', 'grp.target'])(
    'starts %s',
    async (name) => {
      const plan = await restart(unitReading({ name, type: '', activeState: 'inactive', subState: 'dead' }));
      expect(argvs(plan)[0]).toBe(`systemctl --no-ask-password start -- ${name}`);
    },
  );

  describe('of a listed service whose own socket failed', () => {
    const socket = failedUnit({ name: 'dock.socket', type: '', triggers: ['dock.service'] });
    const dock = (more: Partial<UnitReading>) =>
      unitReading({ name: 'dock', triggeredBy: [{ name: 'dock.socket', activeState: 'failed' }], ...more });
    const down = { activeState: 'inactive', subState: 'dead' };
    const planFor = async (more: Partial<UnitReading>, services: readonly WatchedUnit[]) => {
      const host = fakeHost({ units: [dock(more), socket] });
      const action = { action: 'restart_service', parameters: { service: 'dock' } };
      const parts = { host, actions: actionRegistry(), thresholds: THRESHOLDS, services };
      return argvs(await makePlan(action, parts, new AbortController().signal)).map((line) =>
        line.replace('systemctl --no-ask-password ', ''),
      );
    };
    const LISTED: readonly WatchedUnit[] = [{ unit: 'dock.service' }];

    it('starts the socket, and also the service if it should run in any case', async () => {
      expect(await planFor({ ...down, wantedBy: [] }, LISTED)).toEqual(['start -- dock.socket']);
      expect(await planFor(down, LISTED)).toEqual(['start -- dock.socket', 'start -- dock.service']);
      expect(await planFor({ ...down, wantedBy: [] }, [{ unit: 'dock.service', keepRunning: true }])).toEqual(
        ['start -- dock.socket', 'start -- dock.service'],
      );
    });

    it('resets a failed service first, because its start limit would fail the socket again', async () => {
      const failed = { activeState: 'failed', result: 'start-limit-hit', wantedBy: [] };
      expect(await planFor(failed, LISTED)).toEqual(['reset-failed -- dock.service', 'start -- dock.socket']);
    });

    it('does not start the socket if no unit is listed or the service is running', async () => {
      expect(await planFor({ activeState: 'failed' }, [])).not.toContain('start -- dock.socket');
      expect(await planFor({}, LISTED)).toEqual(['restart -- dock.service']);
    });
  });
});
