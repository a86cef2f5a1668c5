import { describe, expect, it } from 'vitest';
import { NixOSPermissionHandler } from '../../src/execute/permission-handler.js';
import { planEffects } from '../../src/execute/plan-effects.js';
import { readAgain } from '../../src/execute/planner.js';
import type { Host } from '../../src/host/host.js';
import type { UnitReading } from '../../src/model/unit.js';
import {
  failedUnit,
  fakeHost,
  unitReading,
  unitRelations,
  type FakeHostParts,
} from '../../src/testing/index.js';

const NGINX = { action: 'restart_service', parameters: { service: 'nginx' } };
const plan = (parts: FakeHostParts, action = NGINX, services?: string[]) =>
  new NixOSPermissionHandler({
    host: fakeHost({ units: [failedUnit()], ...parts }),
    ...(services ? { services } : {}),
  }).execute(action, { dryRun: true });
const never = new AbortController().signal;

describe('the effects of a plan on units', () => {
  it('do not include a healthy unit that requires a failed one, even a protected one', async () => {
    const units = [failedUnit({ dragsAlong: ['ssh.service'] }), unitReading({ name: 'ssh.service' })];
    expect(await plan({ units })).toMatchObject({ outcome: 'planned', plan: { effects: { touches: [] } } });
  });

  it('name the running dependents of a restart, which need approval unless they are listed', async () => {
    const units = [unitReading({ dragsAlong: ['app.service'] }), unitReading({ name: 'app.service' })];
    const blocked = await plan({ units }, NGINX, ['nginx']);
    expect(blocked).toMatchObject({
      blockedBy: 'needs-approval',
      plan: { approval: 'app.service would be restarted and is not listed in `services`' },
    });
    expect(await plan({ units }, NGINX, ['nginx', 'app'])).toMatchObject({ outcome: 'planned' });
  });

  it('cause a refusal if a start would stop a protected unit, under any of its names', async () => {
    const units = [failedUnit(), unitReading({ name: 'x.service', names: ['x.service', 'sshd.service'] })];
    const relations = { 'nginx.service': { conflicts: ['x.service'] } };
    expect(await plan({ units, relations })).toMatchObject({ blockedBy: 'protected' });
  });

  it('cause a refusal for a unit that refuses a manual start', async () => {
    const relations = { 'nginx.service': { refuseManualStart: true } };
    expect(await plan({ relations })).toMatchObject({ blockedBy: 'protected' });
  });

  it.each([
    ['is not listed', failedUnit(), ['other'], 'not-allowed'],
    ['nothing wants', failedUnit({ wantedBy: [] }), undefined, 'not-allowed'],
    ['is protected', failedUnit({ names: ['nginx.service', 'sshd.service'] }), ['nginx'], 'protected'],
  ] as const)('are not read for a unit that %s', async (_, unit, services, blockedBy) => {
    let reads = 0;
    const host: Host = {
      ...fakeHost({ units: [unit] }),
      unitRelations(names) {
        reads += 1;
        return Promise.resolve(names.map((name) => unitRelations({ name })));
      },
    };
    const executor = new NixOSPermissionHandler({ host, ...(services ? { services } : {}) });
    expect(await executor.execute(NGINX, { dryRun: true })).toMatchObject({ blockedBy });
    expect(reads).toBe(0);
  });

  it('mention that the unit file changed', async () => {
    const relations = { 'nginx.service': { needDaemonReload: true } };
    expect((await plan({ relations })).plan?.notes[0]).toBe(
      'The unit file of nginx.service changed on disk; systemd starts the loaded version until daemon-reload',
    );
  });

  it.each([
    [3, undefined],
    [4, 'backoff'],
    [5, 'backoff'],
  ])(
    'count %i starts against a limit of 5 that reboots, and block the last start before it',
    async (starts, blockedBy) => {
      const recentStarts = Array.from({ length: starts }, (_, index) => Date.UTC(2025, 0, 1) + index);
      const limited = { startLimitAction: 'reboot', recentStarts };
      const told = await plan({ relations: { 'nginx.service': limited } });
      expect(told.blockedBy).toBe(blockedBy ?? 'needs-approval');
      if (blockedBy !== undefined) expect(told.error).toMatch('possible from 2025-01-01T00:00:10.000Z on');
    },
  );

  it('are unavailable if the starts cannot be counted', async () => {
    const limited = { startLimitAction: 'reboot', recentStarts: { unknown: 'no journal' } };
    expect(await plan({ relations: { 'nginx.service': limited } })).toMatchObject({
      blockedBy: 'unavailable',
    });
  });
});

describe('a plan that is executed later', () => {
  it.each([
    ['a unit that it would stop has come up', { activeState: 'active' }, 'unavailable', /has changed since/],
    ['an emergency action was added', { failureAction: 'reboot' }, 'unavailable', /has changed since/],
    [
      'such a unit is protected',
      { names: ['x.service', 'sshd.service'], activeState: 'active' },
      'protected',
      /sshd/,
    ],
    ['its effects cannot be read any more', undefined, 'unavailable', /are not known: no bus/],
  ] as const)('is skipped, and nothing runs, if %s', async (_, more, blockedBy, sentence) => {
    const before = { 'nginx.service': { conflicts: ['x.service'], wants: ['y.service'] } };
    const now = {
      ...before,
      [more && 'failureAction' in more ? 'y.service' : 'x.service']: { loadState: 'loaded', ...more },
    };
    let relations: NonNullable<FakeHostParts['relations']> = before;
    const fake = fakeHost({ units: [failedUnit()] });
    const host: Host = {
      ...fake,
      unitRelations: (names) =>
        relations === now && more === undefined
          ? Promise.resolve({ unknown: 'no bus' })
          : fakeHost({ units: [failedUnit()], relations }).unitRelations!(names, never),
    };
    const executor = new NixOSPermissionHandler({ host, readsThisMachine: true });
    const made = await executor.plan(NGINX);
    relations = now;
    const execution = await executor.execute(NGINX, { plan: made, approved: true });
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy, steps: [] });
    expect(execution.error).toMatch(sentence);
  });
});

describe('reading the effects of a plan', () => {
  const start = [{ verb: 'start', unit: 'u0.service' }] as const;

  it('needs one request for each level, for all of its units', async () => {
    const asked: (readonly string[])[] = [];
    const wants: Record<string, string[]> = {
      'u0.service': ['a.service', 'b.service'],
      'b.service': ['c.service'],
    };
    const unitRelationsOf = (names: readonly string[]) => {
      asked.push(names);
      return Promise.resolve(names.map((name) => unitRelations({ name, wants: wants[name] ?? [] })));
    };
    await planEffects(start, { ...fakeHost(), unitRelations: unitRelationsOf }, never);
    expect(asked).toEqual([['u0.service'], ['a.service', 'b.service'], ['c.service']]);
  });

  it.each([
    ['there is no way to read them', {}],
    ['they are unknown', { unitRelations: () => Promise.resolve({ unknown: 'no bus' }) }],
    ['an answer has gaps', { unitRelations: () => Promise.resolve([]) }],
    [
      'they never end',
      {
        unitRelations: (names: readonly string[]) =>
          Promise.resolve(
            names.map((name) =>
              unitRelations({ name, wants: [`u${Number(/\d+/.exec(name)?.[0]) + 1}.service`] }),
            ),
          ),
      },
    ],
  ])('is unavailable if %s', async (_why, own) => {
    const { unitRelations: _, ...host } = fakeHost();
    expect((await planEffects(start, { ...host, ...own }, never)).refusal).toMatchObject({
      reason: 'unavailable',
    });
  });
});

describe('a plan that would start a unit which a person has stopped', () => {
  const DOWN = { activeState: 'inactive', subState: 'dead' };
  const STOPPED = { ...DOWN, stoppedByJob: true } as const;
  const nginx = failedUnit();
  /** Plans the start of nginx beside these units, with these relations. */
  const startBeside = (others: readonly UnitReading[], relations: NonNullable<FakeHostParts['relations']>) =>
    plan({ units: [nginx, ...others], relations });
  const base = (more: Partial<UnitReading>) => unitReading({ name: 'base', cause: null, ...more });
  const other = { unit: 'x.service', activeState: 'failed' };

  it.each<[string, boolean, UnitReading]>([
    ['that a person has stopped', true, base(STOPPED)],
    ['whose stop by a person has failed', true, base({ ...STOPPED, activeState: 'failed' })],
    ['that is masked and stopped', true, base({ ...DOWN, loadState: 'masked' })],
    ['that is masked and still runs', false, base({ loadState: 'masked' })],
    ['that runs again after a stop', false, base({ stoppedByJob: true })],
    ['that has stopped by itself', false, base({ ...DOWN, stoppedByJob: false })],
    ['whose stop is not known', false, base({ ...DOWN, stoppedByJob: { unknown: 'no journal' } })],
    [
      'that was stopped because of another unit',
      false,
      base({ ...STOPPED, cause: { kind: 'failed', ...other } }),
    ],
  ])('by Requires= of a unit %s is refused: %s', async (_, isRefused, required) => {
    const { plan: made } = await startBeside([required], { 'nginx.service': { requires: [required.name] } });
    expect(made?.refusal).toEqual(
      isRefused
        ? {
            reason: 'not-allowed',
            sentence: 'Starting nginx.service would start base.service, which a person has stopped or masked',
          }
        : undefined,
    );
  });

  it.each(['requires', 'bindsTo', 'wants', 'upholds'])(
    'is refused whichever way it is started: %s',
    async (by) => {
      const relations = { 'nginx.service': { [by]: ['base.service'] } };
      expect(await startBeside([base(STOPPED)], relations)).toMatchObject({ blockedBy: 'not-allowed' });
    },
  );

  it.each(['base.service', 'base.socket', 'base.timer', 'base.path'])('is refused for %s', async (name) => {
    const relations = { 'nginx.service': { wants: [name] } };
    expect(await startBeside([unitReading({ name, ...STOPPED, cause: null })], relations)).toMatchObject({
      blockedBy: 'not-allowed',
      error: `Starting nginx.service would start ${name}, which a person has stopped or masked`,
    });
  });

  it.each(['base.mount', 'base.target', 'base.slice'])(
    'is made for %s, which no person stops',
    async (name) => {
      const relations = { 'nginx.service': { wants: [name] } };
      expect(await startBeside([unitReading({ name, ...STOPPED, cause: null })], relations)).toMatchObject({
        outcome: 'planned',
      });
    },
  );

  it('is refused for a unit that another dependency would start', async () => {
    const relations = {
      'nginx.service': { wants: ['middle.service'] },
      'middle.service': { requires: ['base.service'] },
    };
    const units = [unitReading({ name: 'middle', ...DOWN, stoppedByJob: false }), base(STOPPED)];
    expect(await startBeside(units, relations)).toMatchObject({ blockedBy: 'not-allowed' });
  });

  it('is refused for a masked unit that another dependency requires, and made for one that it only wants', async () => {
    const units = [
      unitReading({ name: 'middle', ...DOWN, stoppedByJob: false }),
      base({ ...DOWN, loadState: 'masked' }),
    ];
    for (const [by, outcome] of [
      ['requires', 'skipped'],
      ['bindsTo', 'skipped'],
      ['wants', 'planned'],
    ] as const)
      expect(
        await startBeside(units, {
          'nginx.service': { wants: ['middle.service'] },
          'middle.service': { [by]: ['base.service'] },
        }),
        by,
      ).toMatchObject({ outcome });
  });

  it('is made if systemd stops that unit whenever nothing needs it', async () => {
    const relations = {
      'nginx.service': { requires: ['base.service'] },
      'base.service': { stopWhenUnneeded: true },
    };
    expect(await startBeside([base(STOPPED)], relations)).toMatchObject({ outcome: 'planned' });
  });

  it('is refused if it is stopped between the plan and the act', async () => {
    const host = fakeHost({
      units: [nginx, base({ ...DOWN, stoppedByJob: false })],
      relations: { 'nginx.service': { wants: ['base.service'] } },
    });
    const planned = await new NixOSPermissionHandler({ host }).execute(NGINX, { dryRun: true });
    expect(planned).toMatchObject({ outcome: 'planned' });
    host.setUnit('base', STOPPED);
    const again = await readAgain(planned.plan!, host, never);
    expect(again.refusal).toMatchObject({ reason: 'not-allowed' });
  });
});
