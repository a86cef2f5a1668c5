import { describe, expect, it } from 'vitest';
import { judgeGeneration, type GenerationInput } from '../../src/generations/verdict.js';
import {
  NO_GENERATIONS,
  type Generations,
  type SystemRecord,
  type UnitRecord,
} from '../../src/memory/generations.js';
import type { Ledger } from '../../src/memory/ledger.js';
import { EMPTY_STATE, type Act, type Intent } from '../../src/memory/state.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { unknown } from '../../src/model/reading.js';
import { fakeClock, nixosReading, systemIdentity } from '../../src/testing/index.js';

const MINUTE = 60_000;
const UNIT = 'nginx.service';
const [A, B] = [systemIdentity('a').path, systemIdentity('b').path];
/** Time of the switch from A to B, in steady time. */
const START = 10_000 * MINUTE;
const NOW = START + 2 * MINUTE;
const SWITCHED_AT = '2024-12-31 23:58:00 UTC';

const unit = (more: Partial<UnitRecord> = {}): UnitRecord => ({
  ...{
    run: '',
    activeSince: null,
    activeUntil: null,
    healthy: false,
    failedAt: null,
    failing: false,
    ...more,
  },
});
const system = (more: Partial<SystemRecord> = {}): SystemRecord => ({
  ...{ previous: null, enteredAt: START, seenAt: NOW, blindMs: 0, quietSince: START },
  ...{ good: false, bad: null, units: {}, ...more },
});
const WELL = unit({ activeSince: START - 60 * MINUTE, activeUntil: START, healthy: true });
const BROKEN = unit({ failing: true, failedAt: START + MINUTE });
const record = (
  units: Readonly<Record<string, UnitRecord>> = { [UNIT]: BROKEN },
  running: Partial<SystemRecord> = {},
  before: Partial<SystemRecord> = {},
): Generations => ({
  ...NO_GENERATIONS,
  running: B,
  systems: {
    [A]: system({ enteredAt: 0, units: { [UNIT]: WELL, 'db.service': WELL }, ...before }),
    [B]: system({ previous: A, units, ...running }),
  },
});
const restart = (more: Partial<Act> = {}): Act => ({
  ...{ at: NOW, component: 'nginx', action: 'restart_service', scope: 'host' },
  ...{ outcome: 'ineffective', words: 'it still fails', ...more },
});
const intent = (to: string | null = A, units: readonly string[] = [UNIT]): Intent => ({
  ...{ at: NOW, component: 'system', action: 'rollback_generation', scope: 'host', bootId: 'now' },
  generation: { from: B, to, verb: 'switch', units, failing: units },
});

interface Facts extends Partial<Omit<GenerationInput, 'parts'>> {
  readonly generations?: Generations;
  readonly acts?: readonly Act[];
  readonly intents?: readonly Intent[];
  readonly acting?: readonly string[];
  readonly now?: number;
}

/** Judges the running system two minutes after the switch from A to B. */
function judged({
  generations = record(),
  acts = [],
  intents = [],
  acting = [],
  now = NOW,
  ...more
}: Facts = {}) {
  const ledger = {
    state: { ...EMPTY_STATE, generations, acts, intents },
    now: () => now,
  } as unknown as Ledger;
  return judgeGeneration({
    ...{ nixos: nixosReading(['a', 'b']), changes: [UNIT], asked: false, ...more },
    parts: { ledger, clock: fakeClock(), guards: DEFAULT_GUARDS, acting: new Set(acting) },
  });
}

describe('the verdict on a generation that broke a unit', () => {
  const TRIED = { acts: [restart()] };

  it('is critical, with the evidence and a command, once a restart was tried', () => {
    const { severity, value, threshold, reason, evidence } = judged(TRIED);
    expect({ severity, value, threshold, reason }).toEqual({
      ...{ severity: 4, value: 1, threshold: 0 },
      reason: 'The generation that was switched to 2 min ago broke nginx.service',
    });
    expect(evidence).toEqual([
      `running: ${B} (generation 2), since ${SWITCHED_AT}`,
      `before: ${A} (generation 1)`,
      'yes: nginx.service: its definition differs between this system and the previous one, and no other unit differs',
      expect.stringMatching(/^yes: nginx.service: it was active for 1 h under the previous system/),
      expect.stringMatching(/^yes: nginx.service: it was first read failing 1 min after the switch/),
      `to check: diff -ur ${A}/etc/systemd/system/nginx.service ${B}/etc/systemd/system/nginx.service`,
    ]);
  });

  it.each<[string, Facts]>([
    ['another unit was restarted', { acts: [restart({ component: 'db' })] }],
    ['it was not restarted', { acts: [restart({ action: 'reload_service' })] }],
    ['it was restarted before the switch', { acts: [restart({ at: START - 1 })] }],
    ['nothing was tried', {}],
  ])('waits for a restart while %s', (_which, facts) => {
    const generations = record({ [UNIT]: unit({ failing: true, failedAt: NOW - MINUTE + 1 }) });
    expect(judged({ generations, ...facts })).toMatchObject({
      ...{ status: 'ok', value: 0, threshold: 0 },
      reason:
        'nginx.service fails since the switch, and all evidence is against this generation; a restart comes first',
    });
  });

  it('counts a restart at the time of the switch', () => {
    const generations = record({ [UNIT]: unit({ failing: true, failedAt: NOW }) });
    expect(judged({ generations, acts: [restart({ at: START })] }).status).toBe('bad');
  });

  it('waits for a restart no longer than a minute', () => {
    const at = (failedAt: number) =>
      judged({ generations: record({ [UNIT]: unit({ failing: true, failedAt }) }) });
    expect(at(NOW - MINUTE + 1).status).toBe('ok');
    expect(at(NOW - MINUTE)).toMatchObject({ status: 'bad', severity: 4 });
  });

  it('does not wait for a restart when it is asked for by name', () => {
    const generations = record({ [UNIT]: unit({ failing: true, failedAt: NOW }) });
    expect(judged({ generations, asked: true })).toMatchObject({ status: 'bad', severity: 4 });
  });

  it('names every unit of which the evidence is complete, as soon as one of them was restarted', () => {
    const both = { [UNIT]: BROKEN, 'db.service': unit({ failing: true, failedAt: NOW }) };
    const found = judged({ ...TRIED, generations: record(both), changes: [UNIT, 'db.service'] });
    expect(found).toMatchObject({ status: 'bad', value: 2 });
    expect(found.reason).toMatch(/broke nginx.service, db.service$/);
    const waiting = record({ [UNIT]: both['db.service'], 'db.service': both['db.service'] });
    expect(judged({ generations: waiting, changes: [UNIT, 'db.service'] }).reason).toMatch(
      /^nginx.service, db.service fails since the switch/,
    );
  });

  it.each<[string, Facts, string[]]>([
    [
      'a path without numbers where the generations cannot be read',
      { nixos: nixosReading(['a', 'b'], { generations: unknown('no') }) },
      [`running: ${B}, since ${SWITCHED_AT}`, `before: ${A}`],
    ],
    [
      'every number of a system',
      { nixos: nixosReading(['a', 'b', 'a']) },
      [`running: ${B} (generation 2), since ${SWITCHED_AT}`, `before: ${A} (generation 1, 3)`],
    ],
  ])('has as its heading %s', (_which, facts, heading) => {
    expect(judged({ ...TRIED, ...facts }).evidence?.slice(0, 2)).toEqual(heading);
  });
});

describe('the verdict on a generation without complete evidence', () => {
  it('is unknown, with what is missing', () => {
    expect(judged({ changes: unknown('a link is broken') })).toMatchObject({
      status: 'unknown',
      reason:
        'Whether this generation broke nginx.service is not proved: nginx.service: whether its definition differs is not known: a link is broken',
    });
  });

  it('is bad for a person who asks for it by name, who decides', () => {
    const found = judged({ changes: unknown('a link is broken'), asked: true });
    expect(found).toMatchObject({ status: 'bad', severity: 3, value: 1, threshold: 0 });
    expect(found.evidence).toHaveLength(5);
    expect(found.evidence?.[0]).toMatch(/^running: /);
    expect(found.evidence?.[2]).toMatch(/^not known: nginx.service: /);
  });

  it('says that what ran before is not on record', () => {
    const found = judged({ generations: record(undefined, { previous: null }), asked: true });
    expect(found.evidence?.[1]).toBe('what ran before is not on record');
  });

  it('is ok with the reason why what fails is not the doing of the generation', () => {
    expect(judged({ changes: ['db.service'] })).toMatchObject({
      ...{ status: 'ok', value: 0, threshold: 0 },
      reason:
        "What fails is not this generation's doing: nginx.service: its definition is the same in this system and the previous one",
    });
  });

  it('is about the units only whose evidence is open', () => {
    const units = { [UNIT]: BROKEN, 'old.service': unit({ failing: true, failedAt: START + MINUTE }) };
    const found = judged({ generations: record(units), changes: ['old.service'] });
    expect(found.status).toBe('unknown');
    expect(found.reason).toMatch(/^Whether this generation broke old.service is not proved: /);
  });

  it.each<[string, Facts]>([
    ['nothing fails', { generations: record({ [UNIT]: unit({ activeSince: START, activeUntil: NOW }) }) }],
    ['nothing is on record', { generations: NO_GENERATIONS }],
  ])('is ok when %s', (_which, facts) => {
    expect(judged(facts)).toMatchObject({
      ...{ status: 'ok', value: 0, threshold: 0 },
      reason: 'Nothing that is on record fails in the running system',
    });
  });

  it.each<[string, Facts, string]>([
    ['NixOS', { nixos: unknown('no link') }, 'no link'],
    ['the running system', { nixos: nixosReading(['a', 'b'], { running: unknown('no store') }) }, 'no store'],
  ])('is unknown when %s cannot be read', (_which, facts, reason) => {
    expect(judged(facts)).toEqual({
      ...{ check: 'system', type: 'system', component: 'system', status: 'unknown', reason },
    });
  });
});

describe('the verdict on a system that was left as bad', () => {
  const bad = { at: START, why: 'it broke nginx.service' };
  const calm = { [UNIT]: unit({ activeSince: START, activeUntil: NOW }) };

  it('is bad while it runs', () => {
    expect(judged({ generations: record(calm, { bad }) })).toMatchObject({
      ...{ status: 'bad', severity: 3, value: 1, threshold: 0 },
      reason: `The system that runs is one that was left before: it broke nginx.service, at ${SWITCHED_AT}`,
      evidence: [`${B} runs again`],
    });
  });

  it('is low while the next boot would enter it', () => {
    const nixos = nixosReading(['a', 'b'], { profile: { number: 1, path: A } });
    expect(judged({ nixos, generations: record(calm, {}, { bad }) })).toMatchObject({
      ...{ status: 'bad', severity: 1, value: 1, threshold: 0 },
      reason: `The next boot would enter a system that was left before: it broke nginx.service, at ${SWITCHED_AT}`,
      evidence: [`/nix/var/nix/profiles/system is ${A}`],
    });
  });

  it.each<[string, Facts]>([
    ['the profile is another system', { generations: record(calm, {}, { bad }) }],
    [
      'the profile cannot be read',
      {
        nixos: nixosReading(['a', 'b'], { profile: unknown('no link') }),
        generations: record(calm, {}, { bad }),
      },
    ],
  ])('is ok when %s', (_which, facts) => {
    expect(judged(facts).status).toBe('ok');
  });
});

describe('the verdict on a change of generation that was interrupted', () => {
  const active = { [UNIT]: unit({ activeSince: START, activeUntil: NOW }) };

  it.each<[string, Facts, object]>([
    [
      'critical while another system runs',
      { intents: [intent(A)] },
      {
        status: 'bad',
        severity: 4,
        value: 1,
        threshold: 0,
        reason: `\`rollback_generation\` was acting, and ${B} runs, not ${A}`,
      },
    ],
    [
      'critical while no system is on record',
      { intents: [intent(A)], generations: NO_GENERATIONS },
      { status: 'bad', reason: `\`rollback_generation\` was acting, and another system runs, not ${A}` },
    ],
    [
      'critical while a unit still fails',
      { intents: [intent(B)] },
      {
        status: 'bad',
        severity: 4,
        value: 1,
        threshold: 0,
        reason: '`rollback_generation` was acting, and nginx.service still fails',
      },
    ],
    [
      'unknown while a unit is not active yet',
      { intents: [intent(B)], generations: record({ [UNIT]: unit() }) },
      { status: 'unknown', reason: '`rollback_generation` was acting, and nginx.service is not active yet' },
    ],
    [
      'unknown while a unit is not on record',
      { intents: [intent(B, [UNIT, 'new.service'])], generations: record(active) },
      { status: 'unknown', reason: '`rollback_generation` was acting, and new.service is not active yet' },
    ],
    [
      'ok when its units are active in its system',
      { intents: [intent(B)], generations: record(active) },
      {
        status: 'ok',
        value: 0,
        threshold: 0,
        reason: `\`rollback_generation\` was acting, and nginx.service is active in ${B}`,
      },
    ],
    [
      'ok when its units are active after a change to whatever was built',
      { intents: [intent(null)], generations: record(active) },
      { status: 'ok', value: 0 },
    ],
  ])('is %s', (_which, facts, expected) => {
    expect(judged(facts)).toMatchObject(expected);
  });

  it.each<[string, Facts]>([
    ['the change is still running in this engine', { intents: [intent(A)], acting: ['system'] }],
    ['it was of another component', { intents: [{ ...intent(A), component: 'nginx' }] }],
    ['it was no change of the generation', { intents: [{ ...intent(A), generation: undefined } as never] }],
  ])('is left out while %s', (_which, facts) => {
    expect(judged(facts).reason).not.toContain('was acting');
  });
});
