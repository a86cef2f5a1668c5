import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type DecisionInput } from '../../src/gates/decide.js';
import { DEFAULT_GUARDS as guards } from '../../src/model/guards.js';
import {
  EMPTY_STATE,
  FRESH_RECORD,
  type Act,
  type ComponentRecord,
  type GuardState,
} from '../../src/memory/state.js';
import { BLOCK_REASONS, type BlockReason } from '../../src/model/plan.js';
import { issueOf, planOf, unitTargetOf, verdictOf } from '../make.js';

const NOW = 1_000_000_000;

type Draft = { -readonly [Key in keyof DecisionInput]: DecisionInput[Key] };

const start = (): Draft => ({
  issue: issueOf(),
  plan: planOf(),
  policy: { services: undefined, protect: [] },
  healingEnabled: true,
  state: EMPTY_STATE,
  guards,
  now: NOW,
});

function remember(draft: Draft, more: Partial<ComponentRecord>): void {
  const record = draft.state.components['nginx'] ?? FRESH_RECORD;
  draft.state = { ...draft.state, components: { nginx: { ...record, ...more } } };
}
const note = (draft: Draft, more: Partial<GuardState>): void =>
  void (draft.state = { ...draft.state, ...more });
const target = (draft: Draft, more: Parameters<typeof unitTargetOf>[0]): void => {
  const [unit] = draft.plan.targets;
  draft.plan = { ...draft.plan, targets: [{ ...unitTargetOf(), ...unit, ...more }] };
};

const act: Act = {
  at: NOW - 1_000,
  component: 'nginx',
  action: 'restart_service',
  scope: 'host',
  outcome: 'fixed',
  words: '',
};

/** Input with which only one gate blocks. `already-healthy` and `reading-unknown` exclude each other. */
const CAUSES: Readonly<Partial<Record<BlockReason, (draft: Draft) => void>>> = {
  'healing-disabled': (draft) => void (draft.healingEnabled = false),
  paused: (draft) => note(draft, { pauses: { backup: 1 } }),
  'monitor-only': (draft) => void (draft.issue = { ...draft.issue, severity: 1 }),
  protected: (draft) => target(draft, { dragsAlong: ['dbus.service'] }),
  unavailable: (draft) =>
    void (draft.plan = { ...draft.plan, refusal: { reason: 'unavailable', sentence: 'There is no nginx' } }),
  'not-allowed': (draft) => target(draft, { wantedBy: [] }),
  'in-transition': (draft) => target(draft, { job: 'start' }),
  'already-healthy': (draft) => void (draft.before = verdictOf({ status: 'ok' })),
  'reading-unknown': (draft) => void (draft.before ??= verdictOf({ status: 'unknown' })),
  'no-expected-gain': (draft) => remember(draft, { useless: { action: 'restart_service', value: 1e9 } }),
  locked: (draft) => void (draft.lockedBy = 'Another engine holds the state'),
  'in-flight': (draft) => void (draft.inFlight = 'restart_service'),
  storm: (draft) => note(draft, { storm: { since: NOW, lastFailure: NOW } }),
  'needs-human': (draft) => remember(draft, { needsHumanSince: NOW }),
  'breaker-open': (draft) => remember(draft, { failures: 3, breakerUntil: NOW + 1 }),
  backoff: (draft) =>
    remember(draft, { backoff: { restart_service: { count: 1, since: NOW, until: NOW + 1 } } }),
  budget: (draft) => note(draft, { acts: Array<Act>(6).fill(act) }),
  'resources-busy': (draft) => void (draft.busy = 'The load is high'),
  'needs-approval': (draft) => void (draft.plan = { ...draft.plan, approval: 'A person has to decide' }),
};
const reasons = BLOCK_REASONS.filter((reason) => reason !== 'no-action');

function decideWith(causes: readonly BlockReason[]) {
  const draft = start();
  if (causes.includes('no-expected-gain')) draft.issue = { ...draft.issue, metricValue: 1e9 };
  for (const cause of causes) CAUSES[cause]?.(draft);
  return decide(draft);
}

describe('decide', () => {
  it('permits a repair that no gate blocks', () => {
    expect(decide(start())).toBeUndefined();
    expect(decide({ ...start(), plan: planOf({ approval: 'Ask' }), approved: true })).toBeUndefined();
  });

  it('has a case for every gate but `no-action`, which is decided elsewhere', () => {
    expect(Object.keys(CAUSES).sort()).toEqual([...reasons].sort());
  });

  it.each(reasons)('returns %s with a sentence when only that gate blocks', (reason) => {
    const block = decideWith([reason]);
    expect(block?.reason).toBe(reason);
    expect(block?.sentence).not.toBe('');
    expect(block?.sentence).not.toMatch(/NaN|undefined/);
  });

  it('returns the first of any blocking gates, in the order of BLOCK_REASONS', () => {
    fc.assert(
      fc.property(fc.subarray(reasons, { minLength: 1 }), fc.context(), (causes, context) => {
        context.log(causes.join());
        expect(decideWith(causes)?.reason).toBe(causes[0]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not modify its input', () => {
    const question = Object.freeze({ ...start(), plan: Object.freeze(planOf()) });
    expect(decide(question)).toEqual(decide(question));
  });
});
