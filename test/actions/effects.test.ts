import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectsOf, type Verb } from '../../src/actions/effects.js';
import { judgeSafety } from '../../src/gates/safety.js';
import type { UnitRelations } from '../../src/model/unit-relations.js';
import { unitRelations } from '../../src/testing/unit-reading.js';
import { planOf, unitTargetOf } from '../make.js';

type Units = Readonly<Record<string, Partial<UnitRelations>>>;
const UP = { activeState: 'active', canReload: true };

/** Returns the effects of one job on `web` and the units of a test; a name that is not given is an unknown unit. */
function effects(verb: Verb, units: Units) {
  const all = Object.entries(units).map(([name, more]) =>
    unitRelations({ name: `${name}.service`, ...more }),
  );
  const { effects: found, missing } = effectsOf([{ verb, unit: 'web.service' }], (name) => {
    const known = all.find(({ names }) => names.includes(name));
    return known ?? unitRelations({ name, loadState: 'not-found' });
  });
  expect(missing).toEqual([]);
  return {
    touches: found.touches.map(({ id, how }) => `${how} ${id.replace('.service', '')}`),
    touchesIfUp: found.touchesIfUp.map((name) => name.replace('.service', '')),
    starts: found.starts.map(({ id }) => id.replace('.service', '')),
    atBoot: found.starts.filter(({ atBoot }) => atBoot).map(({ id }) => id),
    ...{ onFailure: found.onFailure, onSuccess: found.onSuccess, emergency: found.emergency },
  };
}

describe('the effects of a start', () => {
  it.each(['requires', 'bindsTo', 'wants', 'upholds'])(
    'include the start of units that the unit %s, recursively',
    (property) => {
      const units = {
        web: { [property]: ['a.service'] },
        a: { [property]: ['b.service', 'web.service'] },
        b: {},
      };
      expect(effects('start', units)).toMatchObject({ starts: ['a', 'b'], touches: [] });
    },
  );

  it('include no start through Requisite=, which starts nothing', () => {
    expect(effects('start', { web: { requisite: ['a.service'] }, a: {} })).toMatchObject({ starts: [] });
  });

  it.each(['active', 'reloading', 'refreshing'])(
    'do not continue behind a unit that is %s',
    (activeState) => {
      const units = {
        web: { wants: ['a.service'] },
        a: { activeState, wants: ['b.service'], conflicts: ['c.service'] },
        b: {},
        c: UP,
      };
      expect(effects('start', units)).toMatchObject({ starts: [], touches: [] });
    },
  );

  it.each(['conflicts', 'conflictedBy'])(
    'include the stop of units that the unit %s, and of units that need those',
    (property) => {
      for (const dependent of ['requiredBy', 'requisiteOf', 'boundBy', 'consistsOf', 'propagatesStopTo']) {
        const units = { web: { [property]: ['a.service'] }, a: { ...UP, [dependent]: ['b.service'] }, b: UP };
        expect(effects('start', units).touches).toEqual(['stopped a', 'stopped b']);
      }
    },
  );

  it('include the stop of units that conflict with any unit that is started', () => {
    const units = { web: { wants: ['a.service'] }, a: { conflicts: ['b.service'] }, b: UP };
    expect(effects('start', units)).toMatchObject({ starts: ['a'], touches: ['stopped b'] });
  });

  it('do not include the stop of units that are down, or that only those would stop', () => {
    for (const activeState of ['inactive', 'failed']) {
      const units = {
        web: { conflicts: ['a.service'] },
        a: { activeState, requiredBy: ['b.service'] },
        b: UP,
      };
      expect(effects('start', units)).toMatchObject({ touches: [], touchesIfUp: ['a'] });
    }
  });

  it('name the units that are down and would be stopped if they ran, also through a unit that is started', () => {
    const units = { web: { wants: ['a.service'] }, a: { conflictedBy: ['b.service'] }, b: {} };
    expect(effects('start', units)).toMatchObject({ touches: [], touchesIfUp: ['b'] });
  });

  it.each([
    ['restart', 'requiredBy'],
    ['restart', 'conflicts'],
    ['stop', 'boundBy'],
    ['reload', 'propagatesReloadTo'],
  ] as const)(
    'include every name of a unit that is down, and that a %s would reach by %s',
    (verb, property) => {
      const a = { activeState: 'inactive', names: ['a.service', 'alias.service'], canReload: true };
      const units = { web: { ...UP, [property]: ['a.service'] }, a };
      expect(effects(verb, units)).toMatchObject({ touches: [], touchesIfUp: ['a', 'alias'] });
    },
  );

  it.each(['requiredBy', 'requisiteOf', 'boundBy', 'consistsOf', 'propagatesStopTo', 'propagatesReloadTo'])(
    'include nothing through %s',
    (property) => {
      expect(effects('start', { web: { [property]: ['a.service'] }, a: UP }).touches).toEqual([]);
    },
  );

  it('exclude units without a unit file, and count a unit with two names once', () => {
    const units = {
      web: { wants: ['gone.service', 'alias.service', 'real.service'] },
      real: { names: ['real.service', 'alias.service'] },
    };
    expect(effects('start', units).starts).toEqual(['real']);
  });

  it('distinguish a oneshot that every boot starts from a daemon that somebody stopped', () => {
    const units = {
      web: { wants: ['a.service', 'b.service', 'c.service', 'd.service', 'e.service'] },
      a: { type: 'oneshot', wantedBy: ['sysinit.target'] },
      b: { type: 'oneshot', triedThisBoot: true },
      c: { type: 'simple', triedThisBoot: true },
      d: { type: 'oneshot' },
      e: { type: 'oneshot', requiredBy: ['srv-data.mount'] },
    };
    expect(effects('start', units).atBoot).toEqual(['a.service', 'b.service', 'e.service']);
  });

  it.each([
    ...['sysinit.target', 'basic.target', 'sockets.target', 'timers.target', 'paths.target', 'slices.target'],
    ...['local-fs.target', 'local-fs-pre.target', 'remote-fs.target', 'swap.target', 'cryptsetup.target'],
    ...['srv-data.mount', 'dev-sda2.swap'],
  ])('count a oneshot that %s wants as started at boot, and so a socket', (boot) => {
    const units = [
      unitRelations({ name: 'web.service', wants: ['a.service', 'a.socket', 'b.socket'] }),
      unitRelations({ name: 'a.service', type: 'oneshot', wantedBy: [boot] }),
      unitRelations({ name: 'a.socket', type: '', wantedBy: [boot] }),
      unitRelations({ name: 'b.socket', type: '', wantedBy: ['web.target'] }),
    ];
    const { starts } = effectsOf([{ verb: 'start', unit: 'web.service' }], (name) =>
      units.find(({ id }) => id === name),
    ).effects;
    expect(starts.map(({ id, atBoot }) => [id, atBoot])).toEqual([
      ['a.service', true],
      ['a.socket', true],
      ['b.socket', false],
    ]);
  });

  it('are in alphabetical order', () => {
    const units = { web: { wants: ['c.service', 'a.service', 'b.service'] }, a: {}, b: {}, c: {} };
    expect(effects('start', units).starts).toEqual(['a', 'b', 'c']);
  });
});

describe('the effects of a restart', () => {
  it.each(['requiredBy', 'requisiteOf', 'boundBy', 'consistsOf'])(
    'include the restart of running units of %s',
    (property) => {
      const units = { web: { ...UP, [property]: ['a.service', 'b.service'] }, a: UP, b: {} };
      expect(effects('restart', units)).toMatchObject({ touches: ['restarted a'], starts: [] });
    },
  );

  it('include units that a restarted dependent wants, and the stop of conflicting units', () => {
    const units = {
      web: { ...UP, requiredBy: ['a.service'] },
      a: { ...UP, wants: ['b.service'], conflicts: ['c.service'] },
      b: {},
      c: UP,
    };
    expect(effects('restart', units)).toMatchObject({ touches: ['restarted a', 'stopped c'], starts: ['b'] });
  });

  it('of a unit that is down are those of a start, with what follows its failure', () => {
    const units = {
      web: { wants: ['a.service'], conflicts: ['b.service'], onFailure: ['c.service'] },
      ...{ a: {}, b: UP, c: {} },
    };
    expect(effects('restart', units)).toEqual({
      ...{ starts: ['a'], touches: ['stopped b'], touchesIfUp: [], atBoot: [] },
      ...{ onFailure: ['c.service'], onSuccess: [], emergency: [] },
    });
  });

  it('are finite if dependencies are circular', () => {
    const units = {
      web: { ...UP, requiredBy: ['a.service'] },
      a: { ...UP, requiredBy: ['web.service'], requires: ['web.service'] },
    };
    expect(effects('restart', units)).toMatchObject({ touches: ['restarted a'], starts: [] });
  });
});

describe('the effects of a reload', () => {
  it('include running units that can reload, recursively', () => {
    const units = {
      web: { ...UP, propagatesReloadTo: ['a.service', 'b.service', 'c.service'], conflicts: ['d.service'] },
      a: { ...UP, propagatesReloadTo: ['d.service'] },
      b: { ...UP, canReload: false },
      c: {},
      d: UP,
    };
    expect(effects('reload', units).touches).toEqual(['reloaded a', 'reloaded d']);
  });
});

describe('the effects of a stop', () => {
  it.each(['requiredBy', 'requisiteOf', 'boundBy', 'consistsOf', 'propagatesStopTo'])(
    'include the stop of running units of %s',
    (property) => {
      const units = { web: { ...UP, [property]: ['a.service'], wants: ['b.service'] }, a: UP, b: {} };
      expect(effects('stop', units)).toMatchObject({ touches: ['stopped a'], starts: [] });
    },
  );
});

describe('emergency actions in the effects', () => {
  it.each([
    ['successAction', 'SuccessAction'],
    ['failureAction', 'FailureAction'],
    ['startLimitAction', 'StartLimitAction'],
    ['jobTimeoutAction', 'JobTimeoutAction'],
  ])('are named by unit: %s', (key, property) => {
    expect(effects('start', { web: { [key]: 'reboot' } }).emergency).toEqual([
      `web.service: ${property}=reboot`,
    ]);
    expect(effects('start', { web: { wants: ['a.service'] }, a: { [key]: 'exit' } }).emergency).toEqual([
      `a.service: ${property}=exit`,
    ]);
    expect(
      effects('start', { web: { wants: ['a.service'] }, a: { ...UP, [key]: 'exit' } }).emergency,
    ).toEqual([]);
    expect(effects('start', { web: { [key]: 'none' } }).emergency).toEqual([]);
  });

  it('include OnFailureJobMode=isolate, and the actions of OnFailure= units', () => {
    const units = {
      web: { onFailure: ['tell.service'], onFailureJobMode: 'isolate', onSuccess: ['next.service'] },
      tell: { wants: ['off.service'] },
      off: { successAction: 'reboot-force' },
      next: {},
    };
    expect(effects('start', units)).toMatchObject({
      onFailure: ['off.service', 'tell.service'],
      onSuccess: ['next.service'],
      emergency: ['off.service: SuccessAction=reboot-force', 'web.service: OnFailureJobMode=isolate'],
    });
    expect(effects('start', { web: { onFailureJobMode: 'isolate' } }).emergency).toEqual([]);
  });
});

describe('units that OnFailure= and OnSuccess= start', () => {
  it.each([
    ['onFailure', 'started', { web: { wants: ['a.service'] } }],
    ['onSuccess', 'started', { web: { wants: ['a.service'] } }],
    ['onFailure', 'stopped', { web: { conflicts: ['a.service'] } }],
    ['onSuccess', 'stopped', { web: { conflicts: ['a.service'] } }],
  ])('are effects too if %s= is that of a unit that is %s as well', (property, how, web) => {
    const a = { activeState: how === 'started' ? 'inactive' : 'active', [property]: ['next.service'] };
    const found = effects('start', { ...web, a, next: {} });
    const none = { onFailure: [], onSuccess: [] };
    expect(found).toMatchObject({ ...none, [property]: ['next.service'], emergency: [] });
  });

  it.each(['onFailure', 'onSuccess'])(
    'are an emergency if what %s= starts acts on the host, or stops a unit',
    (property) => {
      const units = {
        web: { [property]: ['next.service'] },
        next: { conflicts: ['db.service'], failureAction: 'poweroff' },
        db: UP,
      };
      expect(effects('start', units)).toMatchObject({
        touches: [],
        emergency: [
          'db.service: stopped if OnFailure= or OnSuccess= applies',
          'next.service: FailureAction=poweroff',
        ],
      });
    },
  );

  it('are an emergency if OnSuccessJobMode=isolate, which stops all other units', () => {
    const web = { onSuccessJobMode: 'isolate' };
    expect(effects('start', { web: { ...web, onSuccess: ['next.service'] }, next: {} }).emergency).toEqual([
      'web.service: OnSuccessJobMode=isolate',
    ]);
    expect(effects('start', { web }).emergency).toEqual([]);
  });
});

describe('a unit that two jobs reach', () => {
  it.each([
    ['first', { conflicts: ['a.service'], requiredBy: ['a.service'] }],
    ['last', { consistsOf: ['a.service'], propagatesStopTo: ['a.service'] }],
  ])('is stopped if one of them, here the %s one, stops it', (_, web) => {
    expect(effects('restart', { web: { ...UP, ...web }, a: UP }).touches).toEqual(['stopped a']);
  });
});

describe('the effects of a plan with several jobs', () => {
  const all = ['web', 'api', 'cache', 'db'].map((name) =>
    unitRelations({
      name: `${name}.service`,
      names: [`${name}.service`, `${name}-alias.service`],
      refuseManualStart: name === 'db',
      ...(name === 'db' ? UP : {}),
      ...(name === 'web'
        ? { wants: ['api.service', 'cache.service'], conflicts: ['db.service', 'api.service'] }
        : {}),
    }),
  );
  const jobs = ['web', 'api'].map((name) => ({ verb: 'start', unit: `${name}.service` }) as const);
  it('exclude the units of the plan itself, and give every name of the others', () => {
    const found = effectsOf(jobs, (name) => all.find(({ names }) => names.includes(name)));
    expect(found).toEqual({
      missing: [],
      effects: {
        touches: [
          {
            id: 'db.service',
            names: ['db.service', 'db-alias.service'],
            how: 'stopped',
            refuseManualStart: true,
          },
        ],
        touchesIfUp: [],
        starts: [{ id: 'cache.service', names: ['cache.service', 'cache-alias.service'], atBoot: false }],
        ...{ onFailure: [], onSuccess: [], emergency: [] },
      },
    });
  });
});

describe('missing facts about units', () => {
  it('are requested, and never treated as "no effect"', () => {
    const found = effectsOf([{ verb: 'start', unit: 'web.service' }], () => undefined);
    expect(found.missing).toEqual(['web.service']);
  });

  it('are all requested at once, in alphabetical order', () => {
    const web = unitRelations({
      name: 'web.service',
      wants: ['c.service', 'a.service'],
      onFailure: ['b.service'],
    });
    const { missing } = effectsOf([{ verb: 'start', unit: 'web.service' }], (name) =>
      name === 'web.service' ? web : undefined,
    );
    expect(missing).toEqual(['a.service', 'b.service', 'c.service']);
  });
});

describe('for arbitrary units', () => {
  const NAMES = ['web.service', 'a.service', 'b.service', 'c.service', 'ssh.service'];
  const LISTS = [
    ...['requires', 'bindsTo', 'wants', 'upholds', 'conflicts', 'conflictedBy', 'requiredBy'],
    ...['requisiteOf', 'boundBy', 'consistsOf', 'propagatesStopTo', 'propagatesReloadTo'],
  ] as const;
  const lists = fc.record(
    Object.fromEntries(LISTS.map((key) => [key, fc.subarray(NAMES)])) as Record<
      (typeof LISTS)[number],
      fc.Arbitrary<string[]>
    >,
  );
  const unit = fc
    .tuple(lists, fc.constantFrom('active', 'inactive', 'failed', 'activating', 'reloading'))
    .map(([more, activeState]) => ({ ...more, activeState, canReload: true }));

  it('a plan with a protected unit in its effects is always refused', () => {
    const verb = fc.constantFrom<Verb>('start', 'restart', 'reload', 'stop');
    fc.assert(
      fc.property(verb, fc.tuple(unit, unit, unit, unit, unit), fc.boolean(), (word, units, approved) => {
        const all = NAMES.map((name, index) => unitRelations({ name, ...units[index] }));
        const { effects: found, missing } = effectsOf([{ verb: word, unit: 'web.service' }], (name) =>
          all.find(({ id }) => id === name),
        );
        expect(missing).toEqual([]);
        const reached = [...found.touches, ...found.starts].some(({ id }) => id === 'ssh.service');
        const plan = planOf({ targets: [unitTargetOf({ id: 'web.service' })], effects: found });
        const reason = judgeSafety(plan, { services: undefined, protect: [] }, { approved })?.reason;
        expect(reason === 'protected').toBe(reached);
        for (const { id } of found.touches)
          expect(['active', 'activating', 'reloading']).toContain(
            all.find((one) => one.id === id)?.activeState,
          );
      }),
    );
  });
});
