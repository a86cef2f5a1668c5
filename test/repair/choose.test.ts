import { describe, expect, it, vi } from 'vitest';
import { digestOf } from '../../src/memory/approvals.js';
import type { Issue } from '../../src/model/issue.js';
import type { Block, HealingAction, Plan } from '../../src/model/plan.js';
import { choose, climb, planAgain, type Place } from '../../src/repair/choose.js';
import type { Judge } from '../../src/repair/judge.js';
import { PlanMemory } from '../../src/repair/plan-memory.js';
import { fakeClock, fakeExecutor } from '../../src/testing/index.js';
import { issueOf, planOf } from '../make.js';

const rungOf = (rung: number): HealingAction => ({ action: `rung_${rung}`, parameters: {} });
const blockOf = (reason: Block['reason']): Block => ({ reason, sentence: `blocked by ${reason}` });

interface Ladder {
  /** Returns the action of a rung. Default: `rung_0`, `rung_1`, … */
  readonly getAction?: (rung: number, issue: Issue & { attempt?: number }) => unknown;
  readonly plan?: (action: HealingAction) => Plan;
  readonly block?: (plan: Plan) => Block | undefined;
  readonly early?: Block;
  readonly signal?: AbortSignal;
}

/** Sources that ask a ladder; `asked` are the rungs that it was asked for. */
function sourcesOf({
  getAction = rungOf,
  plan = (action) => planOf(action),
  block,
  early,
  signal = new AbortController().signal,
}: Ladder = {}) {
  const asked: number[] = [];
  const planned: unknown[] = [];
  const executor = {
    ...fakeExecutor(),
    plan: async (action: HealingAction, options: unknown) => {
      planned.push(options);
      return plan(action);
    },
  };
  const judge = { early: () => early, all: (_issue: Issue, { plan: made }: { plan: Plan }) => block?.(made) };
  const resolver = {
    getAction: (issue: Issue & { attempt?: number }) => {
      asked.push(issue.attempt ?? NaN);
      return getAction(issue.attempt ?? NaN, issue) as HealingAction;
    },
  };
  const sources = { resolver, executor, judge: judge as unknown as Judge, dryRun: true, signal };
  return { sources, asked, planned, signal };
}
const chosen = async (
  ladder: Ladder = {},
  { failures = 0, issue = {} }: { failures?: number; issue?: Partial<Issue> } = {},
) => {
  const { sources, ...more } = sourcesOf(ladder);
  return { choice: await choose(issueOf(issue), failures, sources), ...more };
};

describe('the choice of an action', () => {
  it('is the rung after those that did not help, with its plan and its digest', async () => {
    const { choice, asked, planned, signal } = await chosen({}, { failures: 2 });
    const plan = planOf(rungOf(2));
    expect(choice).toEqual({
      issue: issueOf(),
      action: rungOf(2),
      rung: 2,
      plan,
      digest: digestOf(plan),
      attempts: [],
    });
    expect(asked).toEqual([2]);
    expect(planned).toEqual([{ signal, dryRun: true }]);
  });

  it('is the rung that the issue names', async () => {
    const { choice } = await chosen({}, { failures: 2, issue: { attempt: 5 } });
    expect(choice.rung).toBe(5);
  });

  it('is none, and asks no resolver, when an early gate blocks the issue', async () => {
    const early = blockOf('paused');
    const { choice, asked } = await chosen({ early }, { failures: 1 });
    expect(choice).toEqual({
      issue: issueOf(),
      action: { action: 'none', parameters: {} },
      rung: 1,
      block: early,
      attempts: [],
    });
    expect(asked).toEqual([]);
  });

  it.each(['unavailable', 'not-allowed', 'no-expected-gain'] as const)(
    'passes over a rung that is %s, and lists it as an attempt',
    async (reason) => {
      const { choice, asked } = await chosen(
        {
          block: ({ action }) => (action === 'rung_3' ? undefined : blockOf(reason)),
        },
        { failures: 1 },
      );
      expect(asked).toEqual([1, 2, 3]);
      expect(choice).toMatchObject({ action: rungOf(3), rung: 3 });
      expect(choice).not.toHaveProperty('block');
      const attempt = (rung: number) => ({
        ...{ action: `rung_${rung}`, outcome: 'skipped', blockedBy: reason },
        ...{ error: `blocked by ${reason}`, durationMs: 0 },
      });
      expect(choice.attempts).toEqual([attempt(1), attempt(2)]);
    },
  );

  it.each(['budget', 'backoff', 'needs-approval', 'protected'] as const)(
    'stays at a rung that is blocked by %s',
    async (reason) => {
      const { choice, asked } = await chosen({ block: () => blockOf(reason) });
      expect(asked).toEqual([0]);
      expect(choice).toMatchObject({ action: rungOf(0), block: blockOf(reason), attempts: [] });
    },
  );

  it('ends at the last rung, which repeats itself', async () => {
    const { choice, asked } = await chosen({
      getAction: (rung) => rungOf(Math.min(rung, 1)),
      block: () => blockOf('unavailable'),
    });
    expect(asked).toEqual([0, 1, 2]);
    expect(choice).toMatchObject({ action: rungOf(1), rung: 1, block: blockOf('unavailable') });
    expect(choice.attempts).toHaveLength(1);
  });

  it('takes an action with other parameters for another rung', async () => {
    const { asked } = await chosen({
      getAction: (rung) => ({ action: 'clean', parameters: { step: Math.min(rung, 2) } }),
      block: () => blockOf('unavailable'),
    });
    expect(asked).toEqual([0, 1, 2, 3]);
  });

  it('is given up after 16 rungs', async () => {
    const { choice, asked } = await chosen({ block: () => blockOf('unavailable') }, { failures: 3 });
    expect(asked).toEqual(Array.from({ length: 16 }, (_, index) => index + 3));
    expect(choice.block).toEqual({
      reason: 'no-action',
      sentence: "The resolver's ladder has more than 16 rungs, and none of them can be done",
    });
  });
});

describe('a ladder climbed further in the same cycle', () => {
  const climbed = (place: Place, ladder: Ladder = {}) => {
    const { sources, asked, planned } = sourcesOf(ladder);
    return climb(issueOf(), place, sources).then((choice) => ({ choice, asked, planned }));
  };
  const attempt = { action: 'rung_0', outcome: 'ineffective', durationMs: 1, error: 'no' } as const;

  it('goes on after the rung that made it worse, and keeps its attempt', async () => {
    const { choice, asked } = await climbed({ rung: 1, attempts: [attempt], met: [rungOf(0)] });
    expect(asked).toEqual([1]);
    expect(choice).toMatchObject({ action: rungOf(1), rung: 1, attempts: [attempt] });
  });

  it('has no further rung when the next action is one that was met, which is not planned either', async () => {
    const { choice, planned } = await climbed(
      { rung: 1, attempts: [attempt], met: [rungOf(0)] },
      { getAction: () => rungOf(0) },
    );
    expect(choice).toBeUndefined();
    expect(planned).toEqual([]);
  });
});

describe('a resolver', () => {
  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['null', () => null],
    ['a name', () => 'restart_service'],
    ['no parameters', () => ({ action: 'x' })],
    ['null as parameters', () => ({ action: 'x', parameters: null })],
    ['an empty name', () => ({ action: '', parameters: {} })],
    ['a promise', () => Promise.resolve(rungOf(0))],
    ['a promise that rejects', () => Promise.reject(new Error('not handled by anybody'))],
  ])('that returns %s has failed', async (_what, answer) => {
    const { choice, planned } = await chosen({ getAction: answer });
    expect(choice).toMatchObject({
      action: { action: 'none' },
      error:
        'The resolver failed: `getAction` must return `{ action, parameters }`, at once and not as a promise',
    });
    expect(planned).toEqual([]);
  });

  it('that returns a promise has its rejection handled, so that the process goes on', async () => {
    const answer = Promise.resolve(rungOf(0));
    const then = vi.spyOn(answer, 'then');
    await chosen({ getAction: () => answer });
    expect(then).toHaveBeenCalled();
  });

  it('that throws has failed with its error', async () => {
    const getAction = () => {
      throw new Error('no rule');
    };
    expect((await chosen({ getAction })).choice.error).toBe('The resolver failed: no rule');
  });

  it('that asks for a dry run of one action is refused: the option belongs to the call', async () => {
    const { choice } = await chosen({ getAction: () => ({ ...rungOf(0), dryRun: true }) });
    expect(choice.error).toMatch(/^The resolver failed: .*dryRun/);
    expect(choice.error).toContain('getAction(issue)');
  });

  const MANUAL = 'No safe automatic repair is known for nginx: it needs manual attention';
  it.each<[string, Partial<Issue>, string]>([
    ['of no check', {}, MANUAL],
    ['of a built-in check', { check: 'services' }, MANUAL],
    [
      'of your own check that has a `heals`',
      { check: 'http', heals: { action: 'mend', parameters: {} } },
      MANUAL,
    ],
    [
      'of your own check without a `heals`',
      { check: 'http' },
      'The check `http` has no `heals`, and the resolver picked nothing: nginx is only reported',
    ],
  ])('that has no action for an issue %s leaves it to a person', async (_which, issue, sentence) => {
    const { choice, planned } = await chosen(
      { getAction: () => ({ action: 'none', parameters: {} }) },
      { issue },
    );
    expect(choice.block).toEqual({ reason: 'no-action', sentence });
    expect(planned).toEqual([]);
  });
});

describe('a plan of a monitor', () => {
  /** Number of plans that were made for an issue that was blocked by each of these in turn. */
  const plansFor = async (...reasons: (Block['reason'] | undefined)[]): Promise<number> => {
    let reason: Block['reason'] | undefined;
    const { sources, planned } = sourcesOf({ block: () => reason && blockOf(reason) });
    const monitor = { ...sources, dryRun: false, plans: new PlanMemory(fakeClock()) };
    for (reason of reasons) await choose(issueOf(), 0, monitor);
    return planned.length;
  };

  it('is used again while it needs approval', async () => {
    expect(await plansFor('needs-approval', 'needs-approval')).toBe(1);
  });

  it('is used again while its unit is protected', async () => {
    expect(await plansFor('protected', 'protected')).toBe(1);
  });

  it('is made again as soon as nothing blocks it', async () => {
    expect(await plansFor('needs-approval', undefined)).toBe(2);
  });

  it('is not kept while it is only blocked for a moment', async () => {
    expect(await plansFor('in-transition', 'needs-approval')).toBe(2);
  });
});

describe('a plan that cannot be made', () => {
  it('is an error of the choice, with the action', async () => {
    const plan = () => {
      throw new Error('no bus');
    };
    const { choice } = await chosen({ plan });
    expect(choice).toMatchObject({ action: rungOf(0), error: 'no bus' });
    expect(choice).not.toHaveProperty('plan');
  });

  it('again keeps the choice, with the error', async () => {
    const { choice } = await chosen();
    const { sources } = sourcesOf({
      plan: () => {
        throw new Error('no bus');
      },
    });
    expect(await planAgain(choice, sources)).toEqual({ ...choice, error: 'no bus' });
  });

  it('is made again with a new digest when it has changed', async () => {
    const { choice } = await chosen();
    const { sources } = sourcesOf({
      plan: (action) => planOf({ ...action, parameters: { other: true } }),
    });
    const again = await planAgain(choice, sources);
    expect(again.plan?.parameters).toEqual({ other: true });
    expect(again.digest).not.toBe(choice.digest);
  });
});
