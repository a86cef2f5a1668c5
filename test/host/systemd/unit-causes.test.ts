import { describe, expect, it } from 'vitest';
import { candidatesOf, causeOf, recordsWanted } from '../../../src/host/systemd/unit-causes.js';
import type { UnitFacts, UnitLinks } from '../../../src/host/systemd/unit-facts.js';
import type { JournalRecord } from '../../../src/host/systemd/journal-records.js';
import { unitReading } from '../../../src/testing/index.js';

const LINKS: UnitLinks = {
  ...{
    dependsOn: [],
    boundTo: [],
    needsToStart: [],
    partOf: [],
    consistsOf: [],
    conflicts: [],
    dependents: [],
    startedBy: [],
  },
  ...{ upAt: 0, exitedAt: 0, downAt: 0 },
};
const DOWN = 1_000_000;

function unit(id: string, activeState: string, links: Partial<UnitLinks> = {}): UnitFacts {
  const { dependsOn = [] } = links;
  return { ...unitReading({ name: id, activeState }), links: { ...LINKS, boundTo: dependsOn, ...links } };
}
/** A unit that went down at about the time of the incident. */
const down = (id: string, links: Partial<UnitLinks> = {}, activeState = 'inactive') =>
  unit(id, activeState, { upAt: 1_000, exitedAt: DOWN, downAt: DOWN + 10, ...links });
const record = (kind: JournalRecord['kind'], at: number, job = '', result = ''): JournalRecord => ({
  kind,
  at,
  job,
  result,
});
const stop = (at = DOWN) => record('job', at, 'stop', 'done');

function cause(
  about: UnitFacts,
  others: readonly UnitFacts[],
  records: Readonly<Record<string, readonly JournalRecord[]>> = {},
  stopped: boolean | null = true,
  startFailed?: boolean,
) {
  const jobs = { stopped: stopped ?? undefined, startFailed };
  const found = causeOf(about, jobs, {
    factsOf: (id) => others.find((other) => other.id === id),
    recordsOf: (id) => records[id] ?? [],
  });
  return found && `${found.kind} ${found.unit}`;
}
const bound = (...dependsOn: string[]) =>
  down('bound.service', { dependsOn, exitedAt: DOWN + 5, downAt: DOWN + 20 });

describe('the cause of a stop', () => {
  it('is the unit that failed when this one was stopped', () => {
    expect(cause(bound('base.service'), [down('base.service', {}, 'failed')])).toBe('failed base.service');
  });

  it('is that unit also after its repair, by the journal', () => {
    const healed = unit('base.service', 'active', { upAt: DOWN + 9_000, exitedAt: DOWN, downAt: DOWN + 1 });
    const records = { 'base.service': [record('failed', DOWN)] };
    expect(cause(bound('base.service'), [healed], records)).toBe('failed base.service');
    expect(cause(bound('base.service'), [healed])).toBeNull();
    const lately = unit('base.service', 'active', {
      upAt: DOWN + 99_000,
      exitedAt: DOWN + 90_000,
      downAt: DOWN + 90_001,
    });
    expect(cause(bound('base.service'), [lately], records), 'it died again since').toBe(
      'failed base.service',
    );
  });

  it('is none if the other unit was stopped manually, also with an exit code', () => {
    expect(cause(bound('base.service'), [down('base.service')], { 'base.service': [stop()] })).toBeNull();
    expect(
      cause(bound('base.service'), [down('base.service', {}, 'failed')], {
        'base.service': [stop(), record('failed', DOWN)],
      }),
    ).toBeNull();
  });

  it('is none if the other unit failed at another time', () => {
    const before = down('base.service', { exitedAt: DOWN - 60_000, downAt: DOWN - 59_000 }, 'failed');
    expect(cause(bound('base.service'), [before])).toBeNull();
  });

  it('is none if the unit went down before the other one failed', () => {
    const early = down('bound.service', { dependsOn: ['base.service'], exitedAt: DOWN - 30 });
    const base = down('base.service', {}, 'failed');
    const records = { 'base.service': [record('failed', DOWN + 1)] };
    expect(cause(early, [base])).toBeNull();
    expect(cause(early, [base], records)).toBeNull();
    const healed = unit('base.service', 'active', { upAt: DOWN + 900, exitedAt: DOWN, downAt: DOWN + 1 });
    expect(cause(early, [healed], records)).toBeNull();
    // Nor through a unit between them, which went down when the last one failed.
    const middle = down('middle.service', { dependsOn: ['base.service'], exitedAt: DOWN + 5 });
    const above = down('bound.service', { dependsOn: ['middle.service'], exitedAt: DOWN - 400 });
    expect(cause(above, [middle, base], { 'middle.service': [stop(DOWN + 5)] })).toBeNull();
  });

  it('is none if the unit was started after the failure of the other one, and stopped manually', () => {
    const again = down('bound.service', {
      dependsOn: ['base.service'],
      upAt: DOWN + 500,
      exitedAt: DOWN + 2_000,
    });
    const healed = unit('base.service', 'active', { upAt: DOWN + 300, exitedAt: DOWN, downAt: DOWN + 1 });
    expect(cause(again, [healed], { 'base.service': [record('failed', DOWN)] })).toBeNull();
  });

  it('is none for Requires= and PartOf=, which stop a unit only by a job', () => {
    const requires = { ...bound('base.service'), links: { ...bound('base.service').links, boundTo: [] } };
    const records = { 'base.service': [record('failed', DOWN)] };
    expect(cause(requires, [down('base.service', {}, 'failed')], records)).toBeNull();
  });

  it('is a unit that took long to end, by its journal record', () => {
    const slow = down('base.service', { downAt: DOWN + 3_000 });
    expect(
      cause(bound('base.service'), [slow], { 'base.service': [record('succeeded', DOWN + 3_000)] }),
    ).toBe('ended base.service');
  });

  it('is a unit that ended by itself, also successfully, and not one that was stopped manually', () => {
    const ended = down('base.service');
    const wrote = [record('succeeded', DOWN)];
    expect(cause(bound('base.service'), [ended], { 'base.service': wrote })).toBe('ended base.service');
    expect(cause(bound('base.service'), [ended], { 'base.service': [...wrote, stop()] })).toBeNull();
    // Without a journal record the reason of its end is unknown.
    expect(cause(bound('base.service'), [ended])).toBeNull();
  });

  it('is a removed device, through the mount on it', () => {
    const device = unit('dev-sdb1.device', 'inactive', { exitedAt: DOWN, downAt: DOWN });
    const mount = down('data.mount', { dependsOn: ['dev-sdb1.device'] });
    expect(cause(bound('data.mount'), [mount, device], { 'data.mount': [stop()] })).toBe(
      'vanished dev-sdb1.device',
    );
    expect(cause(bound('dev-sdb1.device'), [device])).toBe('vanished dev-sdb1.device');
  });

  it('is a mount that was unmounted without systemd, and not one that was stopped by a job', () => {
    expect(cause(bound('data.mount'), [down('data.mount')])).toBe('vanished data.mount');
    expect(cause(bound('data.mount'), [down('data.mount')], { 'data.mount': [stop()] })).toBeNull();
  });

  it('is found through a unit that was stopped for it, and the search ends in cycles', () => {
    const middle = down('middle.service', { dependsOn: ['base.service', 'bound.service'] });
    const others = [middle, down('base.service', {}, 'failed'), bound('middle.service')];
    expect(cause(bound('middle.service'), others, { 'middle.service': [stop()] })).toBe(
      'failed base.service',
    );
    const ring = [down('middle.service', { dependsOn: ['bound.service'] }), bound('middle.service')];
    expect(
      cause(bound('middle.service'), ring, { 'middle.service': [stop()], 'bound.service': [stop()] }),
    ).toBeNull();
  });

  it('is none for a unit that ended by itself or is running', () => {
    const others = [down('base.service', {}, 'failed')];
    expect(cause(bound('base.service'), others, {}, false)).toBeNull();
    expect(cause({ ...bound('base.service'), activeState: 'active' }, others)).toBeNull();
    expect(cause({ ...bound('base.service'), activeState: 'failed' }, others, {}, null)).toBeNull();
    expect(cause({ ...bound('base.service'), activeState: 'failed' }, others)).toBe('failed base.service');
  });

  it('is a conflicting unit that was started when this one was stopped, while it is up', () => {
    const about = down('a.service', { conflicts: ['rival.service', 'shutdown.target'] });
    const rival = (activeState: string, upAt: number) => unit('rival.service', activeState, { upAt });
    expect(cause(about, [rival('active', DOWN + 30)])).toBe('conflict rival.service');
    expect(cause(about, [rival('activating', DOWN - 30)])).toBe('conflict rival.service');
    expect(cause(about, [rival('active', DOWN + 60_000)])).toBeNull();
    expect(cause(about, [rival('inactive', DOWN + 30)])).toBeNull();
    expect(cause(about, [rival('active', DOWN + 30)], {}, false), 'nobody stopped it').toBeNull();
  });
});

describe('the cause of a failed start', () => {
  const needs = (...needsToStart: string[]) =>
    unit('app.service', 'inactive', { dependsOn: needsToStart, needsToStart });
  const lacked = (result = 'dependency', job = 'start') => ({
    'app.service': [record('job', DOWN, job, result)],
  });

  it('is the unit that is not up', () => {
    const others = [unit('well.service', 'active'), unit('need.service', 'failed')];
    expect(cause(needs('well.service', 'need.service'), others, lacked(), null)).toBe(
      'dependency need.service',
    );
    expect(cause(needs('need.service'), others, lacked('dependency', 'restart'), null)).toBe(
      'dependency need.service',
    );
  });

  it('is the unit that came up last if all are up by now', () => {
    const others = [unit('a.service', 'active', { upAt: 5 }), unit('b.service', 'active', { upAt: 9 })];
    expect(cause(needs('a.service', 'b.service'), others, lacked(), null)).toBe('dependency b.service');
  });

  it.each(['done', 'failed', 'timeout', 'canceled'])('is none after a start that ended with %s', (result) => {
    expect(cause(needs('need.service'), [unit('need.service', 'failed')], lacked(result), null)).toBeNull();
  });

  it('is none if the unit ran since', () => {
    const ran = { ...needs('need.service'), links: { ...needs('need.service').links, exitedAt: DOWN + 5 } };
    expect(cause(ran, [unit('need.service', 'failed')], lacked(), false)).toBeNull();
  });
});

describe('the cause of a failed start, by the signals of its job', () => {
  const about = unit('app.service', 'inactive', {
    needsToStart: ['need.service'],
    dependsOn: ['need.service'],
  });
  const others = [unit('need.service', 'failed')];

  it('is found without a record', () => {
    expect(cause(about, others, {}, false, true)).toBe('dependency need.service');
    expect(cause(about, others, {}, false)).toBeNull();
  });

  it('is none if its last job was another one, whatever the journal has of an earlier one', () => {
    const records = { 'app.service': [record('job', DOWN, 'start', 'dependency')] };
    expect(cause(about, others, records, false, false)).toBeNull();
  });

  it('is none for a unit that needs nothing but what every unit needs', () => {
    const alone = unit('app.service', 'inactive', { needsToStart: ['sysinit.target', 'system.slice'] });
    expect(cause(alone, [unit('sysinit.target', 'failed')], {}, false, true)).toBeNull();
  });
});

describe('what is read to find a cause', () => {
  const about = unit('a.service', 'inactive', {
    dependsOn: ['base.service', 'part.service', 'system.slice', 'sysinit.target', '-.mount', 'grp.target'],
    needsToStart: ['base.service', 'system.slice', 'sysinit.target'],
    conflicts: ['shutdown.target', 'rival.service'],
  });
  const simple = unit('a.service', 'inactive', {
    dependsOn: ['system.slice', 'sysinit.target'],
    needsToStart: ['system.slice', 'sysinit.target'],
    conflicts: ['shutdown.target'],
  });
  const others = ['base.service', 'part.service', 'sysinit.target'].map((id) => unit(id, 'active'));
  const factsOf = (id: string) => others.find((other) => other.id === id);

  it.each<[string, UnitFacts, boolean | undefined, boolean | undefined, string[], string[]]>([
    [
      'everything of a unit whose jobs are unknown',
      ...([about, undefined, undefined] as const),
      ['base.service', 'part.service', 'grp.target', 'rival.service'],
      ['a.service', 'base.service', 'part.service'],
    ],
    [
      'what it needs, of a unit that was not stopped',
      about,
      false,
      undefined,
      ['base.service'],
      ['a.service'],
    ],
    ['no record of a start that failed by its signals', about, false, true, ['base.service'], ['a.service']],
    ['nothing of a unit whose last run ended by itself', about, false, false, [], []],
    [
      'only the records of others if the unit was stopped',
      ...([about, true, false] as const),
      ['base.service', 'part.service', 'grp.target', 'rival.service'],
      ['base.service', 'part.service'],
    ],
    [
      'nothing of a failed unit without requirements',
      { ...simple, activeState: 'failed' },
      undefined,
      undefined,
      [],
      [],
    ],
    ['nothing of a unit without requirements', simple, undefined, undefined, [], []],
  ])('is %s', (_, unitDown, stopped, startFailed, candidates, records) => {
    expect(candidatesOf(unitDown, { stopped, startFailed })).toEqual(candidates);
    expect(recordsWanted(unitDown, { stopped, startFailed }, factsOf)).toEqual(records);
  });
});
