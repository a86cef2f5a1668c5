import { describe, expect, it } from 'vitest';
import { dbusProperties } from '../../../src/host/systemd/dbus-properties.js';
import { sinceEpoch } from '../../../src/host/systemd/systemd-clock.js';
import {
  SERVICE_PROPERTIES,
  timeoutProperties,
  UNIT_PROPERTIES,
  unitFacts,
  type UnitFacts,
  type UnitLinks,
  type RelatedFacts,
  type UnitProperties,
} from '../../../src/host/systemd/unit-facts.js';

const ALONE: RelatedFacts = { job: '', stateOf: () => '', dragsAlong: [] };
const LOADED = { Id: 'a.service', LoadState: 'loaded', ActiveState: 'active' };
const NO_LIMIT = 0xffff_ffff_ffff_ffffn;

/** Facts about `a.service`, loaded and active, with these properties. */
const facts = (properties: Record<string, unknown> = {}, related = ALONE) =>
  unitFacts('asked.service', dbusProperties({ ...LOADED, ...properties }), related);

const X = ['x.service'];

describe('the facts about a unit', () => {
  it('have its requested and its primary name, and its other names in alphabetical order', () => {
    expect(facts({ Names: ['z.service', 'a.service', 'b.service'] })).toMatchObject({
      ...{ name: 'asked.service', id: 'a.service', names: ['a.service', 'b.service', 'z.service'] },
    });
  });

  it('have its states, its file, and why it could not be loaded', () => {
    const read = facts({
      ...{ LoadState: 'bad-setting', ActiveState: 'inactive', SubState: 'dead', UnitFileState: 'enabled' },
      LoadError: ['org.freedesktop.systemd1.BadUnitSetting', 'Unit a.service has a bad unit file setting.'],
      ...{ InvocationID: Buffer.from('0aff', 'hex'), ActiveEnterTimestamp: 5_000_999n },
    });
    expect(read).toMatchObject({
      ...{ loadState: 'bad-setting', activeState: 'inactive', subState: 'dead', unitFileState: 'enabled' },
      loadError: 'Unit a.service has a bad unit file setting.',
      ...{ invocationId: '0aff', activeSince: 5_000 },
    });
    expect(facts().loadError).toBe('');
  });

  it.each([
    ['NeedDaemonReload', 'needsReload'],
    ['Transient', 'transient'],
    ['CanReload', 'canReload'],
    ['RemainAfterExit', 'remainsAfterExit'],
  ] as const)('have %s as %s', (property, key) => {
    expect(facts({ [property]: true })[key]).toBe(true);
    expect(facts({ [property]: false })[key]).toBe(false);
  });

  const RUN = {
    ...{ Type: 'oneshot', Result: 'exit-code', ExecMainStatus: 3, ExecMainCode: 1 },
    ...{ NRestarts: 7, RestartUSec: 100_000n, RemainAfterExit: true },
  };

  it('have the run of a service, and none of another unit', () => {
    expect(facts(RUN)).toMatchObject({
      ...{ type: 'oneshot', result: 'exit-code', exitStatus: 3, exitKind: 'exited', restarts: 7 },
      ...{ restartDelayMs: 100, remainsAfterExit: true },
    });
    expect(facts({ ...RUN, Id: 'a.socket' })).toMatchObject({
      ...{ type: '', result: '', exitStatus: 0, exitKind: '', restarts: 0 },
      ...{ restartDelayMs: 0, remainsAfterExit: false },
    });
  });

  it.each([
    [0, ''],
    [1, 'exited'],
    [2, 'killed'],
    [3, 'dumped'],
    [4, ''],
  ])('have the kind of an exit by its code: %i is %j', (ExecMainCode, kind) => {
    expect(facts({ ExecMainCode }).exitKind).toBe(kind);
  });

  it('have no restart delay if that is infinite', () => {
    expect(facts({ RestartUSec: NO_LIMIT }).restartDelayMs).toBe(0);
  });

  it.each([
    ['are met', true, 5_000n, true],
    ['are not met', false, 5_000n, false],
    ['count as met if they were never tested', false, 0n, true],
  ])('tell whether its conditions %s', (_, ConditionResult, ConditionTimestamp, met) => {
    const read = facts({ ConditionResult, ConditionTimestamp });
    expect(read.conditionMet).toBe(met);
    expect(read.conditionAt).toBe(Number(ConditionTimestamp) / 1_000);
  });

  const TIMES = {
    InactiveExitTimestampMonotonic: 1_000_000n,
    ActiveExitTimestampMonotonic: 2_000_000n,
    InactiveEnterTimestampMonotonic: 3_000_000n,
    StateChangeTimestampMonotonic: 4_000_000n,
  };

  it.each([
    ['activating', 1_000_000],
    ['deactivating', 2_000_000],
    ['reloading', 4_000_000],
    ['refreshing', 4_000_000],
    ['maintenance', 4_000_000],
    ['active', 0],
    ['failed', 0],
  ])('have the time since which it is %s', (ActiveState, microseconds) => {
    expect(facts({ ...TIMES, ActiveState }).transitionSince).toBe(sinceEpoch(microseconds));
  });

  it('have the times of its last run in milliseconds since the boot, and since the epoch when it went down', () => {
    expect(facts(TIMES).links).toMatchObject({ upAt: 1_000, exitedAt: 2_000, downAt: 3_000 });
    expect(facts(TIMES).inactiveSince).toBe(sinceEpoch(3_000_000));
    expect(facts()).toMatchObject({ inactiveSince: 0, links: { upAt: 0, exitedAt: 0, downAt: 0 } });
  });

  it.each<[string, Partial<UnitFacts>, Partial<UnitLinks>]>([
    ['BindsTo', { requires: X, needs: X }, { dependsOn: X, boundTo: X, needsToStart: X }],
    ['Requires', { requires: X, needs: X }, { dependsOn: X, needsToStart: X }],
    ['Requisite', {}, { dependsOn: X, needsToStart: X }],
    ['PartOf', {}, { dependsOn: X, partOf: X }],
    ['After', { needs: X }, {}],
    ['ConsistsOf', {}, { consistsOf: X, dependents: X }],
    ['Conflicts', {}, { conflicts: X }],
    ['ConflictedBy', {}, { conflicts: X }],
    ['WantedBy', { wantedBy: X }, { startedBy: X }],
    ['RequiredBy', { wantedBy: X }, { dependents: X, startedBy: X }],
    ['BoundBy', {}, { dependents: X, startedBy: X }],
    ['RequisiteOf', {}, { dependents: X }],
    ['UpheldBy', {}, { startedBy: X }],
    ['Triggers', { triggers: X }, {}],
    ['TriggeredBy', { triggeredBy: [{ name: 'x.service', activeState: '' }] }, { startedBy: X }],
  ])('have the lists of other units that %s is part of, and no others', (property, own, links) => {
    const none = facts();
    expect(facts({ [property]: X })).toEqual({ ...none, ...own, links: { ...none.links, ...links } });
  });

  it('have its job, the states of its triggers, and the units that stop with it', () => {
    const related = { job: 'start', stateOf: (unit: string) => `state of ${unit}`, dragsAlong: ['z', 'b'] };
    expect(facts({ TriggeredBy: ['t.timer', 's.socket'] }, related)).toMatchObject({
      ...{ job: 'start', dragsAlong: ['z', 'b'] },
      triggeredBy: [
        { name: 's.socket', activeState: 'state of s.socket' },
        { name: 't.timer', activeState: 'state of t.timer' },
      ],
    });
  });

  it.each(['Id', 'LoadState', 'ActiveState'])('are not read without %s', (name) => {
    expect(() => facts({ [name]: '' })).toThrow('systemd returned no properties of asked.service');
  });
});

describe('the timeouts of a unit', () => {
  it.each([
    ['a.service', { start: 'TimeoutStartUSec', stop: 'TimeoutStopUSec' }],
    ['a.socket', { start: 'TimeoutUSec', stop: 'TimeoutUSec' }],
    ['a.mount', { start: 'TimeoutUSec', stop: 'TimeoutUSec' }],
    ['a.swap', { start: 'TimeoutUSec', stop: 'TimeoutUSec' }],
    ['a.scope', { stop: 'TimeoutStopUSec' }],
    ['a.target', {}],
  ])('have these names of %s: %j', (id, names) => {
    expect(timeoutProperties(id)).toEqual(names);
  });

  const TIMEOUTS = { TimeoutStartUSec: 1_000_000n, TimeoutStopUSec: 2_000_000n, TimeoutUSec: 3_000_000n };

  it.each([
    ['a.service', 1_000, 2_000],
    ['a.mount', 3_000, 3_000],
    ['a.scope', Infinity, 2_000],
    ['a.target', Infinity, Infinity],
  ])('are read of %s: %d ms to start, %d ms to stop', (Id, startTimeoutMs, stopTimeoutMs) => {
    expect(facts({ ...TIMEOUTS, Id })).toMatchObject({ startTimeoutMs, stopTimeoutMs });
  });
});

describe('the properties that systemctl is asked for', () => {
  /** Returns the names of all properties that are read of a unit, without those of timeouts. */
  function propertiesRead(Id: string): string[] {
    const read = new Set<string>();
    const all = dbusProperties({ ...LOADED, Id });
    const noting =
      <Value>(method: (name: string) => Value) =>
      (name: string) => {
        read.add(name);
        return method(name);
      };
    const bag: UnitProperties = {
      ...{ text: noting(all.text), words: noting(all.words), flag: noting(all.flag) },
      ...{ count: noting(all.count), moment: noting(all.moment), span: noting(all.span) },
    };
    for (const ActiveState of ['activating', 'deactivating', 'reloading'])
      unitFacts(
        Id,
        { ...bag, text: noting((name) => (name === 'ActiveState' ? ActiveState : all.text(name))) },
        ALONE,
      );
    // Sources read these themselves.
    return [...read, 'Job', 'PropagatesStopTo'].filter((name) => !/^Timeout|^$/.test(name)).sort();
  }

  it('are all that facts are read from, and no others', () => {
    expect(propertiesRead('a.service')).toEqual([...UNIT_PROPERTIES, ...SERVICE_PROPERTIES].sort());
    expect(propertiesRead('a.socket')).toEqual([...UNIT_PROPERTIES].sort());
  });
});
