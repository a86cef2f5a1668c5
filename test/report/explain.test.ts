import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS as guards } from '../../src/model/guards.js';
import { GATE_MEANINGS } from '../../src/model/gate-texts.js';
import {
  EMPTY_STATE,
  FRESH_RECORD,
  type Act,
  type ComponentRecord,
  type GuardState,
} from '../../src/memory/state.js';
import { explain, type ExplanationSources } from '../../src/report/explain.js';
import { BLOCK_REASONS, type BlockReason } from '../../src/model/plan.js';
import type { HealingResult } from '../../src/model/result.js';
import { approvalId, digestOf } from '../../src/memory/approvals.js';
import { NO_EFFECTS } from '../../src/model/effects.js';
import { commandFor } from '../../src/model/operator-command.js';
import { issueOf, NOW as DATE, planOf } from '../make.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = 1_000 * HOUR;

const facts = (more: Partial<ExplanationSources> = {}): ExplanationSources => ({
  issue: issueOf(),
  openForMs: 0,
  result: undefined,
  inHand: false,
  state: EMPTY_STATE,
  guards,
  now: NOW,
  ...more,
});

const base = {
  id: '1',
  issue: issueOf(),
  actionTaken: 'restart_service',
  durationMs: 3_000,
  timestamp: DATE,
  dryRun: false,
  attempts: [],
};
const FOR_PERSON = planOf({ approvedBy: 'person' });
const skipped = (blockedBy: BlockReason, error: string): HealingResult => ({
  ...base,
  outcome: 'skipped',
  success: false,
  blockedBy,
  error,
});
const failed: HealingResult = { ...base, outcome: 'ineffective', success: false, error: 'It did not help' };

const actsOf = (count: number, more: Partial<Act> = {}): Act[] =>
  Array.from({ length: count }, (_, index) => ({
    at: NOW - (count - index) * 10 * MINUTE,
    component: 'nginx',
    action: 'restart_service',
    scope: 'host',
    outcome: 'fixed',
    words: 'nginx.service is active',
    ...more,
  }));
const stateOf = (record: Partial<ComponentRecord>, acts: readonly Act[] = []): GuardState => ({
  ...EMPTY_STATE,
  acts,
  components: { nginx: { ...FRESH_RECORD, ...record } },
});

describe('the reason of a block', () => {
  it.each(BLOCK_REASONS)('is reported with its sentence and the next step: %s', (reason) => {
    const told = explain(facts({ result: skipped(reason, 'Because of 3 of 4 min') }));
    expect(told).toMatchObject({ blockedBy: reason, blockedBecause: 'Because of 3 of 4 min' });
    expect(told.next).toBe(GATE_MEANINGS[reason].next);
    expect(told.text).toContain(`not acted on (${reason}): Because of 3 of 4 min`);
  });

  it('is absent if no gate blocks', () => {
    expect(explain(facts())).toMatchObject({ blockedBy: undefined, blockedBecause: undefined });
    expect(explain(facts({ result: failed })).text).not.toContain('not acted on');
  });
});

describe('the next step in an explanation', () => {
  const waiting = stateOf({ backoff: { restart_service: { count: 1, since: NOW, until: NOW + 90_000 } } });

  it.each<[string, Partial<ExplanationSources>, string]>([
    ['before anything was tried', {}, 'It is checked again in the next cycle'],
    ['while it is being healed', { inHand: true, result: failed }, 'It is being repaired now'],
    ['after a repair', { result: failed }, 'The next cycle tries again'],
    [
      'while the backoff runs',
      { result: failed, state: waiting },
      '`restart_service` may be tried again in 1 min 30 s',
    ],
    [
      'while it waits for another repair',
      { result: failed, waits: { component: 'system', action: 'rebuild_system' } },
      'Queued: it waits for `rebuild_system` of system',
    ],
    [
      'while it waits for another repair that runs',
      { waits: { component: 'system', action: 'rebuild_system', since: NOW - 5_000 } },
      'Queued: it waits for `rebuild_system` of system, which has been running for 5 s',
    ],
    [
      'while its job runs',
      { result: { ...base, outcome: 'pending', success: false, error: 'It runs' } as never },
      'Its job still runs; the repair is verified when it has ended',
    ],
    [
      'when a person must approve its plan',
      { result: { ...skipped('needs-approval', 'Ask'), plan: FOR_PERSON } },
      `It is carried out after \`${commandFor(approvalId(digestOf(FOR_PERSON)))}\` on this host, and dropped when nobody approves in time`,
    ],
    [
      'when the plan that a person would approve is blocked otherwise',
      { result: { ...skipped('storm', 'Wait'), plan: FOR_PERSON } },
      GATE_MEANINGS.storm.next,
    ],
    [
      'when the host program must approve its plan',
      { result: { ...skipped('needs-approval', 'Ask'), plan: planOf() } },
      GATE_MEANINGS['needs-approval'].next,
    ],
    [
      'in a dry run',
      { result: { ...base, dryRun: true, outcome: 'planned', success: true, plan: planOf() } },
      'Nothing: this is a dry run, and `restart_service` would be carried out',
    ],
  ])('is given %s', (_when, more, next) => {
    expect(explain(facts(more)).next).toBe(next);
  });
});

describe('the attempts in an explanation', () => {
  it('may be none', () => {
    expect(explain(facts()).text).toContain('  tried: nothing within the last day\n');
    expect(explain(facts({ state: { ...EMPTY_STATE, acts: actsOf(1) } })).text).not.toContain('nothing');
  });

  it('are all of the last day, oldest first, of this component only', () => {
    const acts = [
      ...actsOf(2, { component: 'redis' }),
      ...actsOf(3, { outcome: 'failed', words: 'exit code 1' }),
    ];
    expect(explain(facts({ state: { ...EMPTY_STATE, acts } })).tried).toEqual(
      [30, 20, 10].map((minutes) => ({
        agoMs: minutes * MINUTE,
        action: 'restart_service',
        outcome: 'failed',
        words: 'exit code 1',
      })),
    );
  });

  it('are printed up to a limited length', () => {
    const { tried, text } = explain(facts({ state: { ...EMPTY_STATE, acts: actsOf(9) } }));
    expect(tried).toHaveLength(9);
    expect(text.match(/tried:/g)).toHaveLength(5);
  });

  it('have an unknown root cause after 5 repairs in 4 hours', () => {
    const told = (count: number, more: Partial<Act> = {}) =>
      explain(facts({ state: { ...EMPTY_STATE, acts: actsOf(count, more) } }));
    expect(told(4).rootCauseUnknown).toBe(false);
    expect(told(5).rootCauseUnknown).toBe(true);
    expect(told(5).text).toContain('root cause unknown: repaired 5 times, and it came back each time');
    expect(told(5, { outcome: 'failed' }).rootCauseUnknown).toBe(false);
    expect(told(5, { at: NOW - 4 * HOUR }).rootCauseUnknown).toBe(false);
  });
});

describe('the breaker in an explanation', () => {
  it.each([
    ['closed', {}],
    ['open', { failures: 3, breakerUntil: NOW + 1 }],
    ['half-open', { failures: 3, breakerUntil: NOW }],
  ] as const)('is %s', (breaker, record) => {
    const told = explain(facts({ state: stateOf(record) }));
    expect(told.breaker).toBe(breaker);
    expect(told.text.includes('breaker:')).toBe(breaker !== 'closed');
  });
});

describe('an explanation', () => {
  it('has the effects of the last plan on other units, one line each', () => {
    const touches = [{ id: 'app.service', names: ['app.service'], how: 'stopped', refuseManualStart: false }];
    const plan = planOf({ effects: { ...NO_EFFECTS, touches } as never });
    const { effects, text } = explain(facts({ result: { ...failed, plan } as HealingResult }));
    expect(effects).toHaveLength(1);
    const [line] = effects as [string];
    expect(text).toContain(`\n  ${line.charAt(0).toLowerCase()}${line.slice(1)}\n`);
  });

  it('is a short text for an operator', () => {
    const state = stateOf(
      { failures: 3, breakerUntil: NOW + 40 * MINUTE },
      actsOf(1, {
        at: NOW - 20 * MINUTE,
        outcome: 'ineffective',
        words: 'nginx.service is failed (exit-code)',
      }),
    );
    const issue = issueOf({ evidence: ['Result=exit-code ExecMainStatus=1', 'bind() to 0.0.0.0:80 failed'] });
    const because = '3 repairs of nginx did not help or did not last; one more is tried in 40 min, of 1 h';
    const { text } = explain(
      facts({ issue, openForMs: 25 * MINUTE, state, result: skipped('breaker-open', because) }),
    );
    expect(text.split('\n')).toEqual([
      'nginx: nginx.service has failed (exit-code)',
      '  open for 25 min',
      '  | Result=exit-code ExecMainStatus=1',
      '  | bind() to 0.0.0.0:80 failed',
      '  tried: restart_service, 20 min ago: ineffective: nginx.service is failed (exit-code)',
      '  breaker: open',
      `  not acted on (breaker-open): ${because}`,
      '  next: One attempt when the breaker allows it',
    ]);
  });

  it('is plain frozen data', () => {
    const told = explain(facts());
    expect(Object.isFrozen(told)).toBe(true);
    expect(JSON.parse(JSON.stringify(told))).toMatchObject({ component: 'nginx', openForMs: 0 });
  });
});
