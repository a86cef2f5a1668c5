import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../../src/host/systemd/journal-records.js';
import { candidatesOf, causeOf } from '../../../src/host/systemd/unit-causes.js';
import type { UnitFacts } from '../../../src/host/systemd/unit-facts.js';
import { madeUnit, type UnitChanges } from './made-units.js';

const DOWN = 1_000_000;
type Records = Readonly<Record<string, readonly JournalRecord[]>>;

/** Returns the cause of a stopped unit as text, among other units. */
function cause(
  about: UnitFacts,
  others: readonly UnitFacts[],
  records: Records = {},
  startFailed: boolean | undefined = false,
) {
  const found = causeOf(
    about,
    { stopped: true, startFailed },
    {
      factsOf: (name) => others.find(({ names }) => names.includes(name)),
      recordsOf: (id) => records[id] ?? [],
    },
  );
  return found && `${found.kind} ${found.unit}`;
}
const down = (id: string, links: UnitChanges['links'] = {}, changes: UnitChanges = {}) =>
  madeUnit(id, {
    ...{ activeState: 'inactive', ...changes },
    links: { upAt: 1_000, exitedAt: DOWN, downAt: DOWN + 10, boundTo: links.dependsOn ?? [], ...links },
  });
const bound = (to: string, exitedAt = DOWN + 5) => down('bound.service', { dependsOn: [to], exitedAt });
const record = (kind: JournalRecord['kind'], at: number, job = '', result = ''): JournalRecord => ({
  ...{ kind, at, job, result },
});

describe('two units', () => {
  it.each([
    [DOWN - 5_000, true],
    [DOWN - 5_001, false],
    [DOWN + 8_000, true],
    [DOWN + 8_001, false],
    [0, false],
  ])('go down together within five seconds: at %i, %s', (exitedAt, together) => {
    const mount = down('data.mount', { exitedAt: DOWN, downAt: DOWN + 3_000 });
    expect(cause(bound('data.mount', exitedAt), [mount])).toBe(together ? 'vanished data.mount' : null);
  });

  it('go down together if the one ended long before it was down again', () => {
    const mount = down('data.mount', { exitedAt: DOWN, downAt: 7 });
    expect(cause(bound('data.mount', DOWN + 5_000), [mount])).toBe('vanished data.mount');
    expect(cause(bound('data.mount', DOWN + 5_001), [mount])).toBeNull();
  });

  it.each([
    ['dev-sdb.device', DOWN - 5_000, true],
    ['dev-sdb.device', DOWN + 5_000, true],
    ['dev-sdb.device', DOWN + 5_001, false],
    ['data.mount', DOWN, false],
  ])('go down together if one has no end, for a device only: %s at %i, %s', (id, downAt, together) => {
    const other = down(id, { exitedAt: 0, downAt });
    expect(cause(bound(id, DOWN), [other])).toBe(together ? `vanished ${id}` : null);
  });

  it('do not go down together if the one never ran', () => {
    expect(
      cause(bound('dev-sdb.device', 0), [down('dev-sdb.device', { exitedAt: 0, downAt: 0 })]),
    ).toBeNull();
  });

  it.each([
    ['active', null],
    ['deactivating', null],
    ['failed', 'vanished data.mount'],
  ])('have no cause in a mount that is %s: %s', (activeState, expected) => {
    expect(cause(bound('data.mount', DOWN - 100), [down('data.mount', {}, { activeState })])).toBe(expected);
  });
});

describe('the records of a unit that ended', () => {
  /** A unit that was restarted, and ended again long after. */
  const healed = down('base.service', {
    upAt: DOWN + 80_000,
    exitedAt: DOWN + 90_000,
    downAt: DOWN + 90_001,
  });

  it.each([
    [DOWN - 5_000, 'failed base.service'],
    [DOWN - 5_001, null],
    [DOWN + 20, 'failed base.service'],
    [DOWN + 21, null],
  ])(
    'count from five seconds before the end of the other unit, and are written 20 ms late: %i',
    (at, expected) => {
      const records = { 'base.service': [record('failed', at)] };
      expect(cause(bound('base.service', DOWN), [healed], records)).toBe(expected);
    },
  );

  it('count from the start of the run of the other unit', () => {
    const about = (upAt: number) => down('bound.service', { dependsOn: ['base.service'], upAt });
    const records = { 'base.service': [record('failed', DOWN - 100)] };
    expect(cause(about(DOWN - 100), [healed], records)).toBe('failed base.service');
    expect(cause(about(DOWN - 99), [healed], records)).toBeNull();
  });

  it('are of its last end if they were written at most 20 ms before it', () => {
    const base = down('base.service', { exitedAt: DOWN });
    const at = (ms: number) => ({ 'base.service': [record('succeeded', ms)] });
    expect(cause(bound('base.service'), [base], at(DOWN - 20))).toBe('ended base.service');
    expect(cause(bound('base.service'), [base], at(DOWN - 21))).toBeNull();
  });

  it('are of an earlier end, and the cause, only if its last end was more than 20 ms later', () => {
    const ended = (exitedAt: number) =>
      cause(bound('base.service', DOWN), [down('base.service', { exitedAt })], {
        'base.service': [record('failed', DOWN - 1)],
      });
    expect(ended(DOWN + 19)).toBeNull();
    expect(ended(DOWN + 20)).toBe('failed base.service');
  });

  it('have its last end before the other unit went down, and its first of the last end', () => {
    const twice = [record('failed', DOWN - 50), record('succeeded', DOWN - 10)];
    expect(cause(bound('base.service', DOWN), [healed], { 'base.service': twice })).toBe(
      'ended base.service',
    );
    const base = down('base.service');
    const ends = [record('succeeded', DOWN - 100), record('failed', DOWN), record('succeeded', DOWN + 1)];
    expect(cause(bound('base.service'), [base], { 'base.service': ends })).toBe('failed base.service');
  });

  it.each([
    ['a stop job', record('job', DOWN, 'stop', 'done'), null],
    ['a stop job that was cancelled', record('job', DOWN, 'stop', 'canceled'), 'failed base.service'],
    ['a restart', record('job', DOWN, 'restart', 'done'), 'failed base.service'],
    ['a scheduled restart', record('restart', DOWN), 'failed base.service'],
  ])('show that it was not the cause only by %s', (_, other, expected) => {
    const base = down('base.service', {}, { activeState: 'failed' });
    expect(cause(bound('base.service'), [base], { 'base.service': [other] })).toBe(expected);
  });

  it('do not make a unit that was up all the time a cause, if they are of a restart or a job', () => {
    const up = madeUnit('base.service', {
      links: { dependsOn: ['lower.service'], boundTo: ['lower.service'] },
    });
    const lower = down('lower.service', {}, { activeState: 'failed' });
    const only = (kind: JournalRecord['kind']) => ({ 'base.service': [record(kind, DOWN)] });
    expect(cause(bound('base.service'), [up, lower], only('job'))).toBeNull();
    expect(cause(bound('base.service'), [up, lower], only('restart'))).toBeNull();
  });
});

describe('the search through dependencies', () => {
  it('is four units deep', () => {
    const failed = (id: string) => down(id, {}, { activeState: 'failed' });
    const chain = ['2', '3', '4'].map((n, at) =>
      down(`${at + 1}.service`, { dependsOn: [`${n}.service`], exitedAt: DOWN + 3 }),
    );
    expect(cause(bound('1.service'), [...chain, failed('4.service')])).toBe('failed 4.service');
    const four = down('4.service', { dependsOn: ['5.service'], exitedAt: DOWN + 3 });
    expect(cause(bound('1.service'), [...chain, four, failed('5.service')])).toBeNull();
  });

  it('is four units deep also through mounts that vanished with each other', () => {
    const mounts = [1, 2, 3, 4, 5].map((n) =>
      down(`m${n}.mount`, { dependsOn: [`m${n + 1}.mount`], exitedAt: DOWN + 3 }),
    );
    expect(cause(bound('m1.mount'), mounts)).toBe('vanished m4.mount');
  });

  it('leaves out targets, with which a unit may conflict', () => {
    const about = down('a.service', { conflicts: ['other.target', 'rival.service'] });
    expect(candidatesOf(about, { stopped: true, startFailed: false })).toEqual(['rival.service']);
  });

  it('goes on with the next unit if one has no cause', () => {
    const about = down('bound.service', { dependsOn: ['a.service', 'b.service'], exitedAt: DOWN + 5 });
    const others = [down('a.service'), down('b.service', {}, { activeState: 'failed' })];
    expect(cause(about, others)).toBe('failed b.service');
  });

  it('knows a unit by any of its names', () => {
    const names = ['base.service', 'alias.service'];
    const base = down('base.service', {}, { activeState: 'failed', names });
    expect(cause(bound('alias.service'), [base])).toBe('failed base.service');
  });

  it.each(['system.slice', '-.mount', 'sysinit.target', 'basic.target', 'shutdown.target', 'umount.target'])(
    'leaves out %s, on which every unit depends',
    (name) => {
      const about = down('a.service', { dependsOn: [name, 'b.service'], needsToStart: [name] });
      expect(candidatesOf(about, { stopped: true, startFailed: true })).toEqual(['b.service']);
      expect(candidatesOf(about, { stopped: false, startFailed: true })).toEqual([]);
      expect(cause(about, [down(name, {}, { activeState: 'failed' })])).toBeNull();
    },
  );
});

describe('the unit without which another one could not start', () => {
  const app = madeUnit('app.service', {
    activeState: 'inactive',
    links: { needsToStart: ['a.service', 'b.service'], exitedAt: DOWN },
  });
  const need = (id: string, activeState: string, upAt = 0) => madeUnit(id, { activeState, links: { upAt } });

  it.each([
    ['reloading', 'activating', 'dependency b.service'],
    ['activating', 'failed', 'dependency a.service'],
    ['active', 'inactive', 'dependency b.service'],
  ])('is the first that is not up: of %s and %s, %s', (one, other, expected) => {
    expect(cause(app, [need('a.service', one), need('b.service', other)], {}, true)).toBe(expected);
  });

  it('is the one that came up last if all are up, in any order', () => {
    expect(cause(app, [need('a.service', 'active', 9), need('b.service', 'active', 5)], {}, true)).toBe(
      'dependency a.service',
    );
  });

  it('is none if nothing is known of those that it needs', () => {
    expect(cause(app, [], {}, true)).toBeNull();
  });

  it.each([
    ['as its last run ended', [record('job', DOWN, 'start', 'dependency')], 'dependency a.service'],
    ['before its last run ended', [record('job', DOWN - 1, 'start', 'dependency')], null],
    [
      'and after that another job',
      [record('job', DOWN, 'start', 'dependency'), record('job', DOWN + 1, 'start', 'done')],
      null,
    ],
    [
      'and after that an end of a run',
      [record('job', DOWN, 'start', 'dependency'), record('failed', DOWN + 1)],
      'dependency a.service',
    ],
    ['of a stop job', [record('job', DOWN, 'stop', 'dependency')], null],
    ['of no job', [], null],
  ])('is shown by a record %s', (_, records, expected) => {
    const about = causeOf(
      app,
      { stopped: false, startFailed: undefined },
      { factsOf: (id) => need(id, 'failed'), recordsOf: () => records },
    );
    expect(about && `${about.kind} ${about.unit}`).toBe(expected);
  });
});

describe('a conflicting unit', () => {
  const about = (exitedAt = DOWN, conflicts = ['rival.service']) =>
    down('a.service', { conflicts, exitedAt });
  const rival = (upAt: number, id = 'rival.service') => madeUnit(id, { links: { upAt } });

  it.each([
    [DOWN - 5_001, null],
    [DOWN - 5_000, 'conflict rival.service'],
    [DOWN + 5_000, 'conflict rival.service'],
    [DOWN + 5_001, null],
  ])('is the cause within five seconds of its start: %i', (upAt, expected) => {
    expect(cause(about(), [rival(upAt)])).toBe(expected);
  });

  it('is no cause if nothing is known of it', () => {
    expect(cause(about(), [])).toBeNull();
  });

  it('is no cause for a unit that never ran, and never a target', () => {
    expect(cause(about(0), [rival(0)])).toBeNull();
    expect(cause(about(DOWN, ['other.target']), [rival(DOWN, 'other.target')])).toBeNull();
  });
});
