import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  showBlocks,
  shownMoment,
  shownProperties,
  shownSpan,
  shownWords,
} from '../../../src/host/systemd/show-output.js';
import { unitFacts, type UnitFacts } from '../../../src/host/systemd/unit-facts.js';

const text = readFileSync(new URL('fixtures/odd-units.txt', import.meta.url), 'utf8');
const nothingAround = { job: '', stateOf: () => '', dragsAlong: [] };
const odd = new Map(
  showBlocks(text).map((block) => [
    block.get('Id'),
    unitFacts(block.get('Id') ?? '', shownProperties(block), nothingAround),
  ]),
);
const unit = (id: string): UnitFacts => odd.get(id)!;

describe('recorded output of systemctl 252 about odd units', () => {
  it('contains every unit', () => {
    expect(odd.size).toBe(21);
  });

  it('reads a healthy service', () => {
    expect(unit('nginx.service')).toMatchObject({
      loadState: 'loaded',
      activeState: 'active',
      subState: 'running',
      unitFileState: 'enabled',
      type: 'forking',
      result: 'success',
      canReload: true,
      transient: false,
      conditionMet: true,
      wantedBy: ['multi-user.target'],
      startTimeoutMs: 90_000,
      stopTimeoutMs: 5_000,
    });
    expect(unit('nginx.service').invocationId).toMatch(/^[0-9a-f]{32}$/);
    expect(new Date(unit('nginx.service').activeSince).getUTCFullYear()).toBe(2026);
  });

  it.each([
    ['fails.service', { activeState: 'failed', result: 'exit-code', exitStatus: 3 }],
    ['limit.service', { activeState: 'failed', result: 'exit-code', exitStatus: 1 }],
    ['limit2.service', { activeState: 'failed', result: 'start-limit-hit', restarts: 3 }],
    ['again.service', { activeState: 'activating', subState: 'auto-restart' }],
    ['once.service', { activeState: 'failed', type: 'oneshot', result: 'signal', exitStatus: 11 }],
    ['slowstart.service', { activeState: 'activating', subState: 'start', startTimeoutMs: Infinity }],
    ['stopped.service', { activeState: 'inactive', result: 'success', conditionMet: true }],
    ['masked.service', { loadState: 'masked', unitFileState: 'masked', conditionMet: true }],
    ['nope.service', { loadState: 'not-found', names: ['nope.service'], activeSince: 0, conditionMet: true }],
    ['bad.service', { loadState: 'bad-setting' }],
    ['cond.service', { activeState: 'inactive', conditionMet: false }],
    ['passing.service', { activeState: 'active', transient: true }],
    ['tmpl@a-b.service', { activeState: 'active', canReload: true }],
    ['tmpl@x\\x2dy.service', { activeState: 'active', names: ['tmpl@x\\x2dy.service'] }],
    ['lazy.service', { triggeredBy: [{ name: 'lazy.socket', activeState: '' }] }],
    [
      'lazy.socket',
      { subState: 'listening', type: '', result: '', startTimeoutMs: 90_000, stopTimeoutMs: 90_000 },
    ],
    ['multi-user.target', { type: '', result: '', startTimeoutMs: Infinity, stopTimeoutMs: Infinity }],
    ['base.service', { names: ['base.service', 'fundament.service'], stopTimeoutMs: 123_000 }],
  ])('reads %s', (id, expected) => {
    expect(unit(id)).toMatchObject(expected);
  });
});

describe('the output of systemctl', () => {
  it('consists of units with keys and values, between empty lines', () => {
    expect(showBlocks('=x\nA=1=2\nno value\n\n\nnothing\n\nB=\n')).toEqual([
      new Map([['A', '1=2']]),
      new Map([['B', '']]),
    ]);
  });

  it('has flags and counts; a missing or invalid one is false or 0', () => {
    const { flag, count } = shownProperties(
      new Map(Object.entries({ on: 'yes', off: 'no', seven: '7', huge: '1'.repeat(16), text: '7x' })),
    );
    expect(['on', 'off', 'missing'].map(flag)).toEqual([true, false, false]);
    expect(['seven', 'huge', 'text', 'missing'].map(count)).toEqual([7, 0, 0, 0]);
  });
});

describe('a list of systemctl', () => {
  it('is parsed with quoted words', () => {
    expect(shownWords('a.service "b\\\\x2dc.service" d.socket')).toEqual([
      'a.service',
      'b\\x2dc.service',
      'd.socket',
    ]);
    expect(shownWords('')).toEqual([]);
    expect(shownWords('a "" "b')).toEqual(['a', '', '"b']);
  });

  it('is parsed with the unquoted words of an older systemctl', () => {
    expect(shownWords('b\\x2dc.service')).toEqual(['b\\x2dc.service']);
  });
});

describe('times of systemctl', () => {
  it.each([
    ['1min 30s', 90_000],
    ['infinity', Infinity],
    ['0', 0],
    ['500ms', 500],
    ['500us', 0.5],
    ['2d', 172_800_000],
    ['1y', 31_557_600_000],
    ['2.500s', 2_500],
    ['1h 2min 3s 4ms', 3_723_004],
    ['1month 1w', 2_629_800_000 + 604_800_000],
    ['', Infinity],
    ['soon', Infinity],
    ['3constructor', Infinity],
  ])('reads the span %j', (span, ms) => {
    expect(shownSpan(span)).toBe(ms);
  });

  it.each([
    ['Mon 2026-11-23 19:17:52 UTC', Date.UTC(2026, 10, 23, 19, 17, 52)],
    ['2026-11-23 19:17:52.250000 UTC', Date.UTC(2026, 10, 23, 19, 17, 52, 250)],
    ['@1795461472', 1_795_461_472_000],
    ['', 0],
    ['n/a', 0],
    ['Mon 2026-13-45 19:17:52 UTC', 0],
    ['Mon 2026-11-23 19:17:52 CET', 0],
  ])('reads the moment %j', (moment, ms) => {
    expect(shownMoment(moment)).toBe(ms);
  });
});

describe('any text at all', () => {
  const keys = [
    'Id',
    'ActiveState',
    'LoadState',
    'Names',
    'NRestarts',
    'TimeoutStartUSec',
    'ActiveEnterTimestamp',
    'Job',
  ];
  const line = fc.tuple(fc.constantFrom(...keys), fc.string()).map(([key, value]) => `${key}=${value}`);
  const required = fc
    .tuple(fc.string(), fc.string({ minLength: 1 }), fc.string({ minLength: 1 }))
    .map(([id, load, active]) => `Id=${id}.service\nLoadState=${load}\nActiveState=${active}`);
  const anything = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(line, fc.string())).map((lines) => lines.join('\n')),
    fc.tuple(required, fc.array(line)).map(([first, lines]) => [first, ...lines].join('\n')),
  );

  it('results in facts without NaN, or in an error', () => {
    const seen = { facts: 0, errors: 0 };
    fc.assert(
      fc.property(anything, (said) => {
        for (const block of showBlocks(said)) {
          let facts: UnitFacts;
          try {
            facts = unitFacts('x.service', shownProperties(block), nothingAround);
          } catch (error) {
            expect(String(error)).toContain('systemd returned no properties of x.service');
            seen.errors += 1;
            continue;
          }
          for (const value of Object.values(facts)) expect(value).not.toBeNaN();
          seen.facts += 1;
        }
      }),
      { numRuns: 200, seed: 20_261_128 },
    );
    expect(seen.facts).toBeGreaterThan(20);
    expect(seen.errors).toBeGreaterThan(20);
  });
});

describe('the relations of a unit', () => {
  const RELATIONS = {
    ...{ BindsTo: 'bound.service', Requires: 'required.service', Requisite: 'requisite.service' },
    ...{ PartOf: 'part.service', After: 'after.service', WantedBy: 'wanting.target', UpheldBy: 'up.service' },
    ...{ RequiredBy: 'requiring.service', RequisiteOf: 'needing.service', BoundBy: 'tied.service' },
    ...{ ConsistsOf: 'member.service', Conflicts: 'one.service', ConflictedBy: 'other.service' },
    ...{ TriggeredBy: 'a.timer', Triggers: 'b.service' },
  };
  const block = showBlocks(
    Object.entries({ Id: 'a.service', LoadState: 'loaded', ActiveState: 'active', ...RELATIONS })
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
  )[0]!;
  const facts = unitFacts('a.service', shownProperties(block), nothingAround);

  it('are read from every property that systemd has for them', () => {
    expect(facts).toMatchObject({
      requires: ['bound.service', 'required.service'],
      needs: ['after.service', 'bound.service', 'required.service'],
      wantedBy: ['requiring.service', 'wanting.target'],
      triggeredBy: [{ name: 'a.timer', activeState: '' }],
      triggers: ['b.service'],
    });
  });

  it('tell which units take it down, start it, or go down with it', () => {
    expect(facts.links).toMatchObject({
      boundTo: ['bound.service'],
      needsToStart: ['bound.service', 'required.service', 'requisite.service'],
      dependsOn: ['bound.service', 'part.service', 'required.service', 'requisite.service'],
      partOf: ['part.service'],
      consistsOf: ['member.service'],
      conflicts: ['one.service', 'other.service'],
      dependents: ['member.service', 'needing.service', 'requiring.service', 'tied.service'],
      startedBy: ['a.timer', 'requiring.service', 'tied.service', 'up.service', 'wanting.target'],
    });
  });
});
