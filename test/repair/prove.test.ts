import { describe, expect, it } from 'vitest';
import {
  defineAction,
  verifyByCheck,
  type ActionDefinition,
  type Verification,
  type VerifyContext,
} from '../../src/actions/define.js';
import { DEADLINES } from '../../src/base/deadlines.js';
import { span } from '../../src/base/format.js';
import type { Detector, InspectRequest } from '../../src/detect/detector.js';
import { DEFAULT_GUARDS, type Guards } from '../../src/model/guards.js';
import type { ComponentVerdict, Issue } from '../../src/model/issue.js';
import { isWorse, prove } from '../../src/repair/prove.js';
import { fakeClock, fakeHost } from '../../src/testing/index.js';
import { whenDone } from '../make-engine.js';
import { issueOf, planOf, verdictOf } from '../make.js';

const HTTP = { check: 'http', component: 'nginx', type: 'service' } as const;
const ok = (more: Partial<ComponentVerdict> = {}) =>
  verdictOf({ ...HTTP, status: 'ok', reason: 'it answers', ...more });
const bad = (more: Partial<ComponentVerdict> = {}) =>
  verdictOf({ ...HTTP, status: 'bad', reason: 'no answer', ...more });
const unknown = () => verdictOf({ ...HTTP, status: 'unknown', reason: 'no route' });

interface Question {
  /** Readings of the checks, by the number of milliseconds since the act and the number of earlier looks. */
  readonly reads?: (ms: number, looks: number) => readonly ComponentVerdict[];
  readonly verify?: (context: VerifyContext) => unknown;
  readonly settleMs?: number;
  readonly issue?: Partial<Issue>;
  readonly before?: readonly ComponentVerdict[];
  readonly open?: readonly string[];
  readonly signal?: AbortSignal;
  readonly guards?: Guards;
}

/** Proves a repair that was just carried out. Returns the proof, and when and how the checks were run. */
async function proved({ reads = () => [ok()], before = [bad()], open = [], ...more }: Question = {}) {
  const clock = fakeClock();
  // The act was not carried out at time 0.
  await clock.advance(500);
  const acted = clock.monotonic();
  const looks: { readonly ms: number; readonly request: InspectRequest | undefined }[] = [];
  const hostReads: unknown[] = [];
  const detector: Detector = {
    detectIssues: async () => [],
    inspect: async (request) => {
      const ms = clock.monotonic() - acted;
      const found = reads(ms, looks.length);
      looks.push({ ms, request });
      return found;
    },
  };
  const fake = fakeHost();
  const host = {
    ...fake,
    read: (request: Parameters<typeof fake.read>[0]) => (hostReads.push(request), fake.read(request)),
  };
  const definition: ActionDefinition | undefined = more.verify && {
    ...defineAction({
      parse: (parameters: Readonly<Record<string, unknown>>) => parameters,
      plan: () => ({ targets: [], steps: [], effect: 'x' }),
      verify: (_parameters, context) => more.verify!(context) as Verification,
      scope: 'process',
      risk: 'reversible',
      timeoutMs: 1_000,
    }),
    ...(more.settleMs !== undefined && { settleMs: more.settleMs }),
  };
  const repair = {
    ...{
      id: '1',
      issue: issueOf({ check: 'http', ...more.issue }),
      plan: planOf(),
      before,
      openChecks: open,
    },
  };
  const { signal = new AbortController().signal } = more;
  const sources = { host, detector, guards: more.guards ?? DEFAULT_GUARDS, clock, signal };
  const result = await whenDone(prove(repair, definition, [], sources), clock);
  return { result, at: looks.map(({ ms }) => ms), looks, hostReads };
}
const says =
  (status: Verification['status'], reason = 'the unit runs') =>
  (): Verification => ({ status, reason });

describe('the proof of a repair by a built-in check', () => {
  it.each<[string, Question, number]>([
    ['of a service', {}, 3_000],
    ['of the CPU', { issue: { type: 'resource', component: 'cpu' } }, 1_000],
    ['of the memory', { issue: { type: 'resource', component: 'memory' } }, 15_000],
    ['of a disk', { issue: { type: 'resource', component: 'disk:/var' } }, 0],
    ['of the system', { issue: { type: 'system', component: 'system' } }, 60_000],
    ['of a component of no kind that is known', { issue: { type: 'resource', component: 'pool' } }, 0],
    [
      'of a component of no kind that is known, by other guards',
      {
        issue: { type: 'resource', component: 'pool' },
        guards: { ...DEFAULT_GUARDS, settleMs: { ...DEFAULT_GUARDS.settleMs, others: 4_000 } },
      },
      4_000,
    ],
    ['by an action that settles longer', { verify: (context) => context.proof(), settleMs: 7_000 }, 7_000],
    ['by an action that settles at once', { verify: (context) => context.proof(), settleMs: 0 }, 0],
  ])('%s is read once, after its settle time', async (_which, question, ms) => {
    const { result, at } = await proved(question);
    expect(result.status).toBe('fixed');
    expect(at).toEqual([ms]);
  });

  it('reads the checks of the repaired component again', async () => {
    const { signal } = new AbortController();
    const { looks } = await proved({ signal });
    expect(looks[0]?.request).toEqual({ component: 'nginx', check: 'http', fresh: true, signal });
  });

  it('counts the time that the verification of the action took', async () => {
    const slow = async (context: VerifyContext) => (await context.settle(2_000), says('fixed')());
    expect((await proved({ verify: slow })).at).toEqual([3_000]);
    const slower = async (context: VerifyContext) => (await context.settle(5_000), says('fixed')());
    expect((await proved({ verify: slower })).at).toEqual([5_000]);
  });

  it.each<[string, Question, Partial<Verification>]>([
    [
      'is fixed with both readings',
      { verify: says('fixed') },
      { status: 'fixed', reason: 'the unit runs; it answers' },
    ],
    [
      'does not repeat a reading that the action has already',
      { verify: says('fixed', 'nginx runs, and it answers') },
      { status: 'fixed', reason: 'nginx runs, and it answers' },
    ],
    [
      'is ineffective when the check still reads bad',
      { verify: says('fixed'), reads: () => [bad()] },
      { status: 'ineffective', reason: 'no answer' },
    ],
    [
      'is unknown when the check cannot tell',
      { verify: says('fixed'), reads: () => [unknown()] },
      { status: 'unknown', reason: 'no route' },
    ],
    [
      'is unknown when a check that opened another issue of it gives no verdict',
      { verify: says('fixed'), open: ['tcp'] },
      { status: 'unknown', reason: 'The check `tcp` gives no verdict on nginx' },
    ],
    [
      'is unknown when a check that was bad before gives no verdict',
      { verify: says('fixed'), before: [bad(), bad({ check: 'tcp' })] },
      { status: 'unknown', reason: 'The check `tcp` gives no verdict on nginx' },
    ],
    [
      'rests on the action alone when no check opened the issue',
      { verify: says('fixed'), reads: () => [], before: [], issue: { check: undefined } as never },
      {
        status: 'fixed',
        reason: 'the unit runs; no check opened this issue, so only the action proves it',
      },
    ],
  ])('%s', async (_which, question, expected) => {
    expect((await proved(question)).result).toMatchObject(expected);
  });
});

describe('the proof of a repair by a check of your own', () => {
  it.each<[string, number, number[]]>([
    ['of no settle time twice, at once', 0, [0, 0]],
    ['of 10 s every second, until two readings in a row are ok', 10_000, [1_000, 2_000]],
    ['of 1 s every half of it', 1_000, [500, 1_000]],
  ])('reads one %s', async (_which, settleMs, at) => {
    const { result, at: read } = await proved({ before: [bad({ settleMs })] });
    expect(result.status).toBe('fixed');
    expect(read).toEqual(at);
  });

  it('needs as many readings in a row as clear an issue of the check', async () => {
    const { at } = await proved({ before: [bad({ settleMs: 10_000, recoverAfter: 4 })] });
    expect(at).toEqual([1_000, 2_000, 3_000, 4_000]);
    const one = await proved({ before: [bad({ settleMs: 10_000, recoverAfter: 1 })] });
    expect(one.at).toEqual([1_000, 2_000]);
  });

  it('has the longest settle time of the verdicts before', async () => {
    const before = [bad({ check: 'tcp' }), bad({ settleMs: 2_000 }), bad({ check: 'tls', settleMs: 5_000 })];
    const { at } = await proved({ before, reads: () => [bad()] });
    expect(at).toEqual([1_000, 2_000, 3_000, 4_000, 5_000]);
  });

  it('reads bad until its settle time is over: the repair is ineffective', async () => {
    const { result, at } = await proved({ before: [bad({ settleMs: 3_000 })], reads: () => [bad()] });
    expect(result).toMatchObject({ status: 'ineffective', reason: 'no answer' });
    expect(at).toEqual([1_000, 2_000, 3_000]);
  });

  it('confirms a first ok at the end of its settle time', async () => {
    const { result, at } = await proved({
      before: [bad({ settleMs: 3_000 })],
      reads: (ms) => [ms >= 3_000 ? ok() : bad()],
    });
    expect(result.status).toBe('fixed');
    expect(at).toEqual([1_000, 2_000, 3_000, 4_000]);
  });

  it('counts from the start after a bad reading', async () => {
    const { result, at } = await proved({
      before: [bad({ settleMs: 10_000 })],
      reads: (ms) => [ms === 2_000 ? bad() : ok()],
    });
    expect(result.status).toBe('fixed');
    expect(at).toEqual([1_000, 2_000, 3_000, 4_000]);
  });

  it('is ineffective by the reading after a first ok that came too late', async () => {
    const { result, at } = await proved({
      before: [bad({ settleMs: 3_000 })],
      reads: (ms) => [ms === 3_000 ? ok() : bad()],
    });
    expect(result.status).toBe('ineffective');
    expect(at).toEqual([1_000, 2_000, 3_000, 4_000]);
  });
});

describe('the verification of an action', () => {
  it.each(['ineffective', 'unknown', 'pending', 'pending-reboot'] as const)(
    'that answers %s is the result, with the verdicts of one look',
    async (status) => {
      const { result, at } = await proved({ verify: says(status), reads: () => [bad()] });
      expect(result).toEqual({ status, reason: 'the unit runs', after: [bad()] });
      expect(at).toEqual([0]);
    },
  );

  it('that has run the checks with success is not followed by another look', async () => {
    const { result, at } = await proved({ verify: (context) => context.proof() });
    expect(result).toEqual({ status: 'fixed', reason: 'it answers', after: [ok()] });
    expect(at).toEqual([3_000]);
  });

  it('that calls it fixed although the checks were bad is followed by another look', async () => {
    const verify = async (context: VerifyContext) => (await context.proof(), says('fixed')());
    const { result, at } = await proved({ verify, reads: () => [bad()] });
    expect(result).toMatchObject({ status: 'ineffective', after: [bad()] });
    expect(at).toEqual([3_000, 3_000]);
  });

  it.each<[string, readonly ComponentVerdict[], Verification]>([
    ['fixed for ok', [ok()], { status: 'fixed', reason: 'it answers' }],
    ['ineffective for bad', [bad()], { status: 'ineffective', reason: 'no answer' }],
    ['unknown for unknown', [unknown()], { status: 'unknown', reason: 'no route' }],
    ['unknown where no check looks', [], { status: 'unknown', reason: 'No check looks at nginx' }],
  ])('gets the proof of the checks as %s', async (_which, verdicts, expected) => {
    let proof: Verification | undefined;
    const verify = async (context: VerifyContext) => (proof = await context.proof());
    await proved({ verify, reads: () => verdicts, before: [], issue: { check: undefined } as never });
    expect(proof).toEqual(expected);
  });

  it('gets the worst verdict before, and the worst one now', async () => {
    const seen: unknown[] = [];
    const worst = bad({ check: 'tcp' });
    await proved({
      before: [ok(), worst],
      reads: () => [ok(), bad()],
      verify: async (context) => (seen.push(context.before, await context.inspect()), says('ineffective')()),
    });
    expect(seen).toEqual([worst, bad()]);
  });

  it('reads the host afresh, with the signal of the repair', async () => {
    const { signal } = new AbortController();
    const { hostReads } = await proved({
      verify: async (context) => (await context.read({ parts: ['cpu'] }), says('ineffective')()),
      signal,
    });
    expect(hostReads).toEqual([{ parts: ['cpu'], fresh: true, signal }]);
  });

  it.each<[string, Partial<Question>, number]>([
    ['its own settle time', { settleMs: 7_000 }, 7_000],
    ['the settle time of its component', {}, 3_000],
  ])('waits for %s when it names none', async (_which, question, ms) => {
    const verify = async (context: VerifyContext) => (await context.settle(), says('ineffective')());
    expect((await proved({ ...question, verify })).at).toEqual([ms]);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['no status', { reason: 'x' }],
    ['another status', { status: 'well', reason: 'x' }],
    ['no reason', { status: 'fixed' }],
    ['a reason that is no text', { status: 'fixed', reason: 1 }],
  ])('that answers %s proves nothing', async (_which, answer) => {
    const { result } = await proved({ verify: () => answer });
    expect(result).toEqual({
      ...{ status: 'unknown', reason: '`verify` returned no `status` and `reason`', after: [ok()] },
    });
  });

  it('that throws proves nothing, even when the component cannot be read', async () => {
    const { result } = await proved({
      verify: () => Promise.reject(new Error('the probe is broken')),
      reads: () => {
        throw new Error('no detector');
      },
    });
    expect(result).toEqual({ status: 'unknown', reason: 'the probe is broken', after: [] });
  });

  it('that cannot read the component has the verdicts of the look after it', async () => {
    let looks = 0;
    const { result } = await proved({
      verify: (context) => context.proof(),
      reads: () => {
        if ((looks += 1) === 1) throw new Error('no detector');
        return [bad()];
      },
    });
    expect(result).toEqual({ status: 'unknown', reason: 'no detector', after: [bad()] });
  });

  it('that ends because the engine is stopped says so', async () => {
    const controller = new AbortController();
    const verify = async (context: VerifyContext) => {
      controller.abort();
      await context.settle();
    };
    const { result } = await proved({ verify, signal: controller.signal });
    expect(result).toMatchObject({ status: 'unknown', reason: 'the engine was stopped' });
  });

  it.each<[string, Question, number]>([
    ['a service', {}, 60_000],
    ['a check of your own that settles longer', { before: [bad({ settleMs: 90_000 })] }, 150_000],
    ['an action that settles longer', { settleMs: 600_000 }, 600_000],
  ])(
    'that never answers about %s ends after the settle times, a job and a reading',
    async (_which, question, ms) => {
      const verify = async (context: VerifyContext) => {
        // Longer than any limit: the deadline ends it.
        await context.settle(10_000_000);
      };
      const { result } = await proved({ ...question, verify });
      const limit = span(ms + DEADLINES.unlimitedMs + DEADLINES.readMs);
      expect(result).toMatchObject({
        status: 'unknown',
        reason: `\`verify\` of \`restart_service\` did not answer within ${limit}`,
      });
    },
  );
});

describe('whether a component is worse', () => {
  const reading = (more: Partial<ComponentVerdict>) => verdictOf({ status: 'bad', severity: 3, ...more });
  const at = (value: number, threshold = 80) => reading({ value, threshold });
  it.each<[string, ComponentVerdict, ComponentVerdict, boolean]>([
    ['is so when it got a severity', reading({ severity: undefined } as never), reading({}), true],
    ['is not so when it lost its severity', reading({}), reading({ severity: undefined } as never), false],
    [
      'is not so without a severity, before and after',
      reading({ severity: undefined } as never),
      reading({ severity: undefined } as never),
      false,
    ],
    [
      'is judged by the value without a severity, before and after',
      verdictOf({ value: 90, threshold: 80 }),
      verdictOf({ value: 97, threshold: 80 }),
      true,
    ],
    [
      'is not so when it lost the lowest severity, whatever its value is',
      verdictOf({ severity: 1, value: 90, threshold: 80 }),
      verdictOf({ value: 97, threshold: 80 }),
      false,
    ],
    ['is so when it got the lowest severity', verdictOf(), verdictOf({ severity: 1 }), true],
    ['is not known without a value before', reading({ threshold: 80 }), at(200), false],
    ['is not known without a value after', at(90), reading({ threshold: 80 }), false],
    ['is not known without a threshold', reading({ value: 90 }), reading({ value: 200 }), false],
    ['is so from the other side of the threshold', at(85), at(70), true],
    ['is not so at 3 % of the threshold', at(110, 100), at(113, 100), false],
    ['is so over 3 % of the threshold', at(110, 100), at(113.1, 100), true],
    ['is judged by the size of a negative threshold', at(-90, -80), at(-93, -80), true],
    ['is not so within 3 % of a negative threshold', at(-90, -80), at(-92, -80), false],
    ['is so for any change where the threshold is 0', at(1, 0), at(2, 0), true],
  ])('%s', (_which, before, after, expected) => {
    expect(isWorse(before, after)).toBe(expected);
  });

  it('is not so when only the reading after is missing', () => {
    expect(isWorse(at(90), undefined)).toBe(false);
  });
});

it('an action of no definition is verified by the checks alone', async () => {
  expect(await proved({ verify: (context) => verifyByCheck({}, context) as unknown })).toEqual({
    ...(await proved()),
    looks: expect.anything() as unknown,
  });
});
