import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/memory/approvals.js';
import type { Ledger } from '../../src/memory/ledger.js';
import { EMPTY_STATE, type Act, type GuardState } from '../../src/memory/state.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { Severity } from '../../src/model/issue.js';
import { Judge } from '../../src/repair/judge.js';
import { issueOf, planOf } from '../make.js';

const NOW = 10_000_000;
/** End of the description of a service that is not listed. */
const NOT_LISTED = 'it is not listed in `services`';
const PLAN = planOf();
const PLANNED = { plan: PLAN, digest: digestOf(PLAN) };
const act = (component: string): Act => ({
  ...{ at: NOW - 1_000, component, action: 'restart_service', scope: 'host', outcome: 'fixed', words: 'x' },
});

function judgeOf(
  state: Partial<GuardState> = {},
  { acting = [] as string[], enabled = true, lockedBy = undefined as string | undefined } = {},
) {
  const ledger = { state: { ...EMPTY_STATE, ...state }, now: () => NOW, lockedBy } as unknown as Ledger;
  return new Judge({
    ...{ ledger, guards: DEFAULT_GUARDS, policy: { services: undefined, protect: [] } },
    ...{ healingEnabled: enabled, acting: new Set(acting) },
  });
}
const LOW = { severity: Severity.LOW, check: 'services' };

describe('the gates before a plan is made', () => {
  it('name the list for a service that is only reported because it is not listed', () => {
    const issue = issueOf({ ...LOW, description: `nginx.service has failed; ${NOT_LISTED}` });
    expect(judgeOf().early(issue)).toEqual({
      reason: 'not-allowed',
      sentence: 'nginx is not among the listed services: add it to `services` to allow it',
    });
  });

  it('leave another LOW issue to a person', () => {
    expect(judgeOf().early(issueOf(LOW))?.reason).toBe('monitor-only');
  });

  it('block a service that is not listed by another gate first', () => {
    const issue = issueOf({ ...LOW, description: `nginx.service has failed; ${NOT_LISTED}` });
    expect(judgeOf({}, { enabled: false }).early(issue)?.reason).toBe('healing-disabled');
  });

  it('let a HIGH issue pass, also one whose description names the list', () => {
    const issue = issueOf({ check: 'services', description: `nginx.service has failed; ${NOT_LISTED}` });
    expect(judgeOf().early(issue)).toBeUndefined();
  });
});

describe('the gates of a plan', () => {
  it('let it pass when nothing is against it', () => {
    expect(judgeOf().all(issueOf(), PLANNED)).toBeUndefined();
  });

  it('block it while an interrupted act on its component has not been verified, and not while one is running', () => {
    const intents = [{ ...act('nginx'), at: NOW, bootId: 'now' }];
    expect(judgeOf({ intents }).all(issueOf(), PLANNED)).toMatchObject({ reason: 'in-flight' });
    expect(judgeOf({ intents }, { acting: ['nginx'] }).all(issueOf(), PLANNED)).toBeUndefined();
    expect(judgeOf({ intents }).all(issueOf({ component: 'db' }), PLANNED)).toBeUndefined();
  });

  it('block it while another engine holds the state', () => {
    expect(judgeOf({}, { lockedBy: 'held by 7' }).all(issueOf(), PLANNED)).toEqual({
      reason: 'locked',
      sentence: 'held by 7',
    });
  });

  it('count the plans of a dry run as acts, besides those that were carried out', () => {
    const { componentPerHour } = DEFAULT_GUARDS.budget;
    const done = Array.from({ length: componentPerHour - 1 }, () => act('nginx'));
    const judge = judgeOf({ acts: done });
    expect(judge.all(issueOf(), PLANNED)).toBeUndefined();
    judge.rehearse(issueOf({ component: 'db' }), PLAN);
    expect(judge.all(issueOf(), PLANNED)).toBeUndefined();
    judge.rehearse(issueOf(), PLAN);
    expect(judge.all(issueOf(), PLANNED)).toMatchObject({ reason: 'budget' });
  });
});

describe('the first plan of a dry run', () => {
  it('counts, too', () => {
    const { componentPerHour } = DEFAULT_GUARDS.budget;
    const judge = judgeOf({ acts: Array.from({ length: componentPerHour - 1 }, () => act('nginx')) });
    judge.rehearse(issueOf(), PLAN);
    expect(judge.all(issueOf(), PLANNED)).toMatchObject({ reason: 'budget' });
  });
});

describe('an approval', () => {
  const approval = (more: object = {}) => ({
    ...{ id: '1', digest: PLANNED.digest, component: 'nginx', action: 'restart_service' },
    ...{ reason: 'x', askedAt: NOW, answer: 'yes' as const, ...more },
  });

  it.each([
    ['is one for its plan and its component', approval(), true],
    ['is none while nobody has answered', approval({ answer: 'waiting' }), false],
    ['is none for another component with the same plan', approval({ component: 'db' }), false],
    ['is none for another plan', approval({ digest: 'x' }), false],
  ])('%s', (_which, one, expected) => {
    expect(judgeOf({ approvals: [one] }).isApproved(issueOf(), PLANNED.digest)).toBe(expected);
  });

  it('lets a plan pass that needs one', () => {
    const plan = planOf({ approval: 'it stops db' });
    const planned = { plan, digest: digestOf(plan) };
    expect(judgeOf().all(issueOf(), planned)).toMatchObject({ reason: 'needs-approval' });
    const approvals = [approval({ digest: planned.digest })];
    expect(judgeOf({ approvals }).all(issueOf(), planned)).toBeUndefined();
  });
});
