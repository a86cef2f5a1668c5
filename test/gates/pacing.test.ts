import { describe, expect, it, test } from 'vitest';
import { DEFAULT_GUARDS as guards } from '../../src/model/guards.js';
import {
  EARLY_GATES,
  firstGate,
  LATE_GATES,
  MISFIRE_GATES,
  PACING_GATES,
  spent,
  type GateInput,
} from '../../src/gates/pacing.js';
import {
  EMPTY_STATE,
  FRESH_RECORD,
  type Act,
  type ComponentRecord,
  type GuardState,
} from '../../src/memory/state.js';
import type { Issue } from '../../src/model/issue.js';
import { issueOf, planOf, verdictOf } from '../make.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = 1_000 * HOUR;

const ask = (more: Partial<GateInput> = {}): GateInput => ({
  issue: issueOf(),
  plan: planOf(),
  healingEnabled: true,
  state: EMPTY_STATE,
  guards,
  now: NOW,
  ...more,
});

/** Returns the names of all blocking gates. */
const gates = (more: Partial<GateInput> = {}) => {
  const said = Object.entries(PACING_GATES).map(([reason, gate]) => [reason, gate(ask(more))] as const);
  return Object.fromEntries(said.filter(([, sentence]) => sentence !== undefined));
};

const remembering = (record: Partial<ComponentRecord>): GuardState => ({
  ...EMPTY_STATE,
  components: { nginx: { ...FRESH_RECORD, ...record } },
});

const actsOf = (count: number, more: Partial<Act> = {}): Act[] =>
  Array.from({ length: count }, (_, index) => ({
    at: NOW - 30 * MINUTE + index * MINUTE,
    component: 'nginx',
    action: 'restart_service',
    scope: 'host',
    outcome: 'fixed',
    words: 'it is well',
    ...more,
  }));

const did = (...acts: Act[][]): Partial<GateInput> => ({ state: { ...EMPTY_STATE, acts: acts.flat() } });

describe('the gates of pacing', () => {
  it('permit a repair that no gate blocks', () => {
    expect(gates()).toEqual({});
    expect(gates({ before: verdictOf({ status: 'bad', severity: 3 }) })).toEqual({});
  });
});

test('the gates that are checked at other moments, too, are these', () => {
  expect({
    early: Object.keys(EARLY_GATES),
    late: Object.keys(LATE_GATES),
    misfire: Object.keys(MISFIRE_GATES),
  }).toEqual({
    early: ['healing-disabled', 'paused', 'monitor-only'],
    late: ['healing-disabled', 'paused', 'storm'],
    misfire: ['needs-human', 'breaker-open', 'backoff'],
  });
});

describe('a single blocking gate gives a sentence with its numbers:', () => {
  const low: Issue = issueOf({ severity: 1 });
  const seen = (more: Parameters<typeof verdictOf>[0]) => ({ before: verdictOf(more) });

  it.each<[string, Partial<GateInput>, string]>([
    ['healing-disabled', { healingEnabled: false }, 'Healing is switched off: `healingEnabled` is false'],
    ['paused', { state: { ...EMPTY_STATE, pauses: { backup: 1, upgrade: 2 } } }, 'Paused: backup; upgrade'],
    ['monitor-only', { issue: low }, 'An issue of severity LOW is reported and not acted on'],
    [
      'monitor-only',
      seen({ status: 'bad', severity: 1, reason: 'nginx was stopped by a person' }),
      'Read again, its severity is LOW: nginx was stopped by a person',
    ],
    [
      'already-healthy',
      seen({ status: 'ok', reason: 'nginx is active' }),
      'Read again, it is healthy: nginx is active',
    ],
    [
      'reading-unknown',
      seen({ status: 'unknown', reason: 'no bus' }),
      'Read again, its state is not known: no bus',
    ],
    [
      'needs-human',
      { state: remembering({ needsHumanSince: NOW - 2 * HOUR, openings: [1, 2, 3, 4, NOW - 2 * HOUR] }) },
      'The breaker of nginx opened 5 times within a day, the last time 2 h ago: investigate, then call `reset`; 1 d of health reset it as well',
    ],
    [
      'breaker-open',
      { state: remembering({ failures: 2, strikes: 3, breakerUntil: NOW + 20 * MINUTE }) },
      '3 repairs of nginx did not help or did not last; one more is tried in 20 min, of 1 h',
    ],
    [
      'breaker-open',
      { state: remembering({ strikes: 1, breakerUntil: NOW + 20 * MINUTE }) },
      '1 repair of nginx did not help or did not last; one more is tried in 20 min, of 1 h',
    ],
    [
      'backoff',
      {
        state: remembering({
          backoff: { restart_service: { count: 2, since: NOW - 40_000, until: NOW + 200_000 } },
        }),
      },
      '3 min 20 s of 4 min left after the second `restart_service` of nginx',
    ],
    ['budget', did(actsOf(6)), '6 of 6 repairs of nginx in the last hour; the next may be made in 30 min'],
    [
      'budget',
      did(actsOf(19, { component: 'redis' }), actsOf(1)),
      '20 of 20 repairs in the last hour; the next may be made in 30 min',
    ],
    [
      'resources-busy',
      { busy: 'nginx is worse and is healed in this cycle' },
      'nginx is worse and is healed in this cycle',
    ],
  ])('%s', (reason, circumstances, sentence) => {
    expect(gates(circumstances)).toEqual({ [reason]: sentence });
  });
});

describe('the gate backoff', () => {
  const waiting = (until: number) =>
    remembering({ backoff: { restart_service: { count: 1, since: NOW - MINUTE, until } } });

  it('ends at exactly the time that it gave', () => {
    expect(gates({ state: waiting(NOW + 1) })).toHaveProperty('backoff');
    expect(gates({ state: waiting(NOW) })).toEqual({});
  });

  it('applies to one action of one component', () => {
    expect(gates({ state: waiting(NOW + 1), plan: planOf({ action: 'reload_service' }) })).toEqual({});
    expect(gates({ state: waiting(NOW + 1), issue: issueOf({ component: 'redis' }) })).toEqual({});
  });

  it.each([
    [1, 'the first'],
    [3, 'the third'],
    [4, 'the fourth'],
    [5, 'the fifth'],
    [6, 'the sixth'],
    [7, 'the 7th'],
  ])('names the repair that it follows: %i', (count, which) => {
    const backoff = { restart_service: { count, since: NOW, until: NOW + MINUTE } };
    expect(gates({ state: remembering({ backoff }) })).toEqual({
      backoff: `1 min of 1 min left after ${which} \`restart_service\` of nginx`,
    });
  });

  it('has no entry for an action called `constructor`', () => {
    expect(gates({ state: waiting(NOW + 1), plan: planOf({ action: 'constructor' }) })).toEqual({});
  });
});

describe('the gate breaker', () => {
  it('is half-open at exactly the time that it gave, and permits one attempt', () => {
    expect(gates({ state: remembering({ failures: 3, breakerUntil: NOW }) })).toEqual({});
  });
});

describe('the gate budget', () => {
  it('counts the last hour, to the millisecond', () => {
    const [oldest, ...others] = actsOf(6);
    expect(gates(did([{ ...oldest!, at: NOW - HOUR + 1 }], others))).toEqual({
      budget: '6 of 6 repairs of nginx in the last hour; the next may be made in 1 ms',
    });
    expect(gates(did([{ ...oldest!, at: NOW - HOUR }], others))).toEqual({});
  });

  it('counts ineffective repairs like effective ones', () => {
    expect(gates(did(actsOf(3), actsOf(3, { outcome: 'failed' })))).toHaveProperty('budget');
  });

  it('of actions of process scope is separate', () => {
    const process = { plan: planOf({ scope: 'process' }) };
    expect(gates({ ...did(actsOf(6)), ...process })).toEqual({});
    expect(gates({ ...did(actsOf(6, { scope: 'process' })), ...process })).toHaveProperty('budget');
    expect(gates(did(actsOf(20, { scope: 'process' })))).toEqual({});
  });

  it.each(['rollback_generation', 'rebuild_system'])(
    'allows one change of generation a day: %s',
    (action) => {
      const change = { plan: planOf({ action }), issue: issueOf({ component: 'system', type: 'system' }) };
      const made = (at: number) => did(actsOf(1, { action: 'rebuild_system', component: 'system', at }));
      expect(gates({ ...change, ...made(NOW - 20 * HOUR) })).toEqual({
        budget: '1 of 1 changes of the generation in the last day; the next may be made in 4 h',
      });
      expect(gates({ ...change, ...made(NOW - 24 * HOUR) })).toEqual({});
      expect(gates(made(NOW - 20 * HOUR))).toEqual({});
    },
  );
});

describe('a repair that gained nothing', () => {
  const disk = issueOf({ type: 'resource', component: 'disk:/', metricValue: 97 });
  const state = {
    ...EMPTY_STATE,
    components: { 'disk:/': { ...FRESH_RECORD, useless: { action: 'clean', value: 97 } } },
  };
  const at = (value: number, action = 'clean') =>
    gates({
      state,
      issue: disk,
      plan: planOf({ action }),
      before: verdictOf({ component: 'disk:/', value }),
    });

  it('is blocked until the value has changed by 3 %, up or down', () => {
    expect(at(98)).toEqual({
      'no-expected-gain':
        '`clean` gained less than 3 % last time (at 97.0), and it has not changed by as much since',
    });
    expect(Object.keys(at(94.1))).toEqual(['no-expected-gain']);
    expect(at(100)).toEqual({});
    expect(at(94)).toEqual({});
  });

  it('may be repeated when the value has changed by exactly the percentage', () => {
    const components = { 'disk:/': { ...FRESH_RECORD, useless: { action: 'clean', value: 100 } } };
    const now = (value: number) =>
      gates({
        state: { ...EMPTY_STATE, components },
        issue: disk,
        plan: planOf({ action: 'clean' }),
        before: verdictOf({ component: 'disk:/', value }),
      });
    expect(Object.keys(now(102.99))).toEqual(['no-expected-gain']);
    expect(now(103)).toEqual({});
  });

  it('does not block another action', () => {
    expect(at(97, 'other')).toEqual({});
  });

  it('is compared with the issue if nothing was read again', () => {
    const plan = planOf({ action: 'clean' });
    expect(gates({ state, issue: disk, plan })).toHaveProperty('no-expected-gain');
    expect(gates({ state, issue: { ...disk, metricValue: 100 }, plan })).toEqual({});
  });
});

describe('the gate storm', () => {
  const state = { ...EMPTY_STATE, storm: { since: NOW - 5 * MINUTE, lastFailure: NOW - 4 * MINUTE } };

  it('blocks repairs of services until it is calm, and gives the remaining time', () => {
    expect(gates({ state })).toEqual({
      storm:
        'Many services failed at once 5 min ago, which suggests one cause; nothing is repaired until 6 min have passed without a new failure',
    });
    expect(gates({ state, now: NOW + 6 * MINUTE })).toEqual({});
  });

  it('blocks no other repair', () => {
    expect(gates({ state, issue: issueOf({ type: 'resource', component: 'disk:/' }) })).toEqual({});
  });
});

describe('the first blocking gate', () => {
  it('is the first in the order of BLOCK_REASONS, whatever the order of the gates', () => {
    const blocked = { healingEnabled: false, issue: issueOf({ severity: 1 }), busy: 'busy' };
    expect(firstGate(PACING_GATES, ask(blocked))?.reason).toBe('healing-disabled');
    const { 'resources-busy': busy, 'monitor-only': low } = PACING_GATES;
    expect(firstGate({ 'resources-busy': busy, 'monitor-only': low }, ask(blocked))?.reason).toBe(
      'monitor-only',
    );
    expect(firstGate(PACING_GATES, ask())).toBeUndefined();
  });
});

test('a budget of 0 allows nothing, and names the whole time as the wait', () => {
  expect(spent([], 0, HOUR, NOW, 'repairs in the last hour')).toBe(
    '0 of 0 repairs in the last hour; the next may be made in 1 h',
  );
});
