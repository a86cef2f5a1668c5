import { describe, expect, it } from 'vitest';
import { SelfHealingError } from '../../src/base/errors.js';
import type { Detector, InspectRequest, SimpleDetector } from '../../src/detect/detector.js';
import { ownedDetector } from '../../src/detect/owned-detector.js';
import type { ComponentVerdict, Issue } from '../../src/model/issue.js';
import { fakeClock } from '../../src/testing/index.js';

type Parts = Partial<Detector> & Pick<Partial<SimpleDetector>, 'enabledChecks'>;
const about = { check: 'mine', component: 'web', type: 'service', reason: 'It was seen' } as const;
const WELL: readonly ComponentVerdict[] = [{ ...about, status: 'ok' }];
const ISSUES: readonly Issue[] = [
  {
    ...{ type: 'service', component: 'web', severity: 3, description: 'It is down' },
    ...{ metricValue: 0, threshold: 1, timestamp: new Date(0) },
  },
];
const NOT_ANSWERED = new Promise<never>(() => undefined);
const broken = new Error('no database');

function owned(parts: Parts) {
  const clock = fakeClock();
  const detector: Detector = { detectIssues: () => Promise.resolve(ISSUES), ...parts };
  return { clock, detector: ownedDetector(detector, clock, new AbortController().signal) };
}
const rejection = async (answer: Promise<unknown>): Promise<Error> => {
  try {
    await answer;
  } catch (error) {
    return error as Error;
  }
  throw new Error('It did not reject');
};

describe('the methods of a detector of the host program', () => {
  it('are the looks at components and the issues themselves, if it has `look` or `inspect`', async () => {
    const invalid = [{}] as unknown as Issue[];
    for (const parts of [{ look: () => WELL }, { inspect: () => Promise.resolve(WELL) }] satisfies Parts[]) {
      const { detector } = owned({ ...parts, detectIssues: () => Promise.resolve(invalid) });
      expect(await detector.look?.({})).toBe(WELL);
      expect(await detector.inspect?.()).toBe(WELL);
      // The engine reads its verdicts; its issues are for the host program.
      expect(await detector.detectIssues()).toBe(invalid);
    }
  });

  it('are the issues alone, if it only finds issues', async () => {
    const { detector } = owned({});
    expect([detector.look, detector.inspect, detector.glance]).toEqual([undefined, undefined, undefined]);
    expect(await detector.detectIssues()).toBe(ISSUES);
  });

  it('have its fast path only if it has one', () => {
    const glance = { look: () => true, verdicts: () => WELL };
    expect(owned({ look: () => WELL, glance: () => glance }).detector.glance?.()).toBe(glance);
    expect(owned({ look: () => WELL }).detector).not.toHaveProperty('glance');
  });

  it('have the enabled checks of this moment', () => {
    const parts = { look: () => WELL, enabledChecks: ['cpu'] as readonly string[] };
    const clock = fakeClock();
    const mine: Detector & Parts = { detectIssues: () => Promise.resolve(ISSUES), ...parts };
    const detector = ownedDetector(mine, clock, new AbortController().signal) as Detector & Parts;
    expect(detector.enabledChecks).toEqual(['cpu']);
    mine.enabledChecks = ['disk'];
    expect(detector.enabledChecks).toEqual(['disk']);
  });

  it('pass the request on', async () => {
    const requests: unknown[] = [];
    const note = (request?: InspectRequest) => void requests.push(request);
    const request = { component: 'web' };
    const knows = owned({
      look: (one) => (note(one), WELL),
      detectIssues: (one) => (note(one), Promise.resolve([])),
    });
    await knows.detector.look?.(request);
    await knows.detector.detectIssues(request);
    await owned({ detectIssues: (one) => (note(one), Promise.resolve([])) }).detector.detectIssues(request);
    expect(requests).toEqual([request, request, request]);
  });
});

describe('a detector that does not answer', () => {
  it.each<[string, Parts, InspectRequest, string]>([
    ['30 s', {}, {}, '30 s'],
    ['30 s and the time limit of its checks', { longestCheckMs: 10_000 }, {}, '40 s'],
    ['30 s and twice that limit for a fresh look', { longestCheckMs: 10_000 }, { fresh: true }, '50 s'],
  ])('is given %s', async (_what, parts, request, time) => {
    const { clock, detector } = owned({ inspect: () => NOT_ANSWERED, ...parts });
    const answer = rejection(Promise.resolve(detector.look!(request)));
    await clock.advance(60_000);
    expect(await answer).toMatchObject({
      ...{ code: 'timeout', message: `The detector did not answer within ${time}` },
    });
  });

  it('is given 30 s for its issues', async () => {
    const { clock, detector } = owned({ detectIssues: () => NOT_ANSWERED });
    const answer = rejection(detector.detectIssues());
    await clock.advance(60_000);
    expect((await answer).message).toBe('The detector did not answer within 30 s');
  });
});

describe('the error of a detector', () => {
  const ended = AbortSignal.abort();
  const own = new SelfHealingError('timeout', 'The host did not answer');
  const ways = (error: Error) => [
    owned({ inspect: () => Promise.reject(error) }).detector.inspect!,
    owned({
      look: () => {
        throw error;
      },
    }).detector.inspect!,
    owned({ detectIssues: () => Promise.reject(error) }).detector.detectIssues,
  ];

  it('is reported as one of the detector, with its cause', async () => {
    for (const fail of ways(broken))
      for (const request of [undefined, {}, { signal: new AbortController().signal }])
        expect(await rejection(fail(request))).toMatchObject({
          ...{ message: 'The detector failed: no database', cause: broken },
        });
  });

  it('is unchanged if it is one of this library, or if the look was aborted', async () => {
    for (const fail of ways(own)) expect(await rejection(fail({}))).toBe(own);
    for (const fail of ways(broken)) expect(await rejection(fail({ signal: ended }))).toBe(broken);
  });
});

describe('an answer of a detector', () => {
  it.each<[unknown]>([
    [undefined],
    [{}],
    [[null]],
    [[...WELL, {}]],
    [[{ ...about }]],
    [[{ ...about, status: 'fine' }]],
    [[{ ...about, status: 'ok', component: undefined }]],
  ])('is refused if it is no list of verdicts: %j', async (answer) => {
    const sentence = 'The detector gave no list of verdicts, each with `component` and `status`';
    const wrong = answer as readonly ComponentVerdict[];
    expect(() => owned({ look: () => wrong }).detector.look!()).toThrow(sentence);
    expect(
      (await rejection(owned({ inspect: () => Promise.resolve(wrong) }).detector.inspect!())).message,
    ).toContain(sentence);
  });

  it('may have verdicts of each status', () => {
    const all = (['ok', 'bad', 'unknown'] as const).map((status) => ({ ...about, status }));
    expect(owned({ look: () => all }).detector.look!()).toBe(all);
  });

  it.each<[unknown]>([[undefined], [{}], [[null]], [[undefined]], [[...ISSUES, {}]], [[{ component: 7 }]]])(
    'is refused if it is no list of issues: %j',
    async (answer) => {
      const { detector } = owned({ detectIssues: () => Promise.resolve(answer as Issue[]) });
      expect((await rejection(detector.detectIssues())).message).toBe('The detector gave no list of issues');
    },
  );
});
