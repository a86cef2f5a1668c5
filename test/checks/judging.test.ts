import { afterEach, describe, expect, it, vi } from 'vitest';
import { refusedCertificate } from '../../src/checks/certificate.js';
import { expectContent, looksInside, matchesPattern, type ContentOptions } from '../../src/checks/content.js';
import { TimeLimit, withinLimit } from '../../src/checks/deadline.js';
import { CannotTell, verdictOfFailure, WrongAnswer } from '../../src/checks/failure.js';
import { ageOf, expectFacts, Growth } from '../../src/checks/file-facts.js';
import { expectJson, type JsonExpected } from '../../src/checks/json-value.js';
import { firstNumber, judgeLimits, type Measured } from '../../src/checks/limits.js';
import { bad, makeCheck, ok, unknownVerdict, type CommonOptions } from '../../src/checks/make.js';
import { latency, tookTooLong } from '../../src/checks/socket.js';
import { daysLeft } from '../../src/checks/tls.js';
import { verdictOf } from './house.js';

afterEach(() => void vi.useRealTimers());

/** Returns what a function throws; nothing when it does not. */
const thrown = (judge: () => void): Error | undefined => {
  try {
    judge();
  } catch (error) {
    return error as Error;
  }
  return undefined;
};

describe('a number held against its bounds', () => {
  const size = { what: 'size', show: (value: number) => `${value} B`, unit: 'B' } as const;

  it.each<[string, readonly Measured[], object]>([
    ['at its greatest is ok', [{ ...size, value: 5, max: 5 }], { status: 'ok', value: 5, threshold: 5 }],
    ['at its least is ok', [{ ...size, value: 5, min: 5 }], { status: 'ok', value: 5, threshold: 5 }],
    [
      'between both is shown with its greatest',
      [{ ...size, value: 5, min: 4, max: 6 }],
      { status: 'ok', reason: 'well', value: 5, threshold: 6, valueUnit: 'B' },
    ],
    [
      'over its greatest is bad',
      [{ ...size, value: 6, max: 5 }],
      { status: 'bad', reason: 'size is 6 B, over 5 B', value: 6, threshold: 5, valueUnit: 'B' },
    ],
    [
      'under its least is bad',
      [{ ...size, value: 4, min: 5 }],
      { status: 'bad', reason: 'size is 4 B, under 5 B', value: 4, threshold: 5, valueUnit: 'B' },
    ],
    [
      'without a unit is shown without one',
      [{ what: 'count', value: 2, max: 1 }],
      { status: 'bad', reason: 'count is 2, over 1', value: 2, threshold: 1 },
    ],
    ['without bounds is not asked about', [{ what: 'count', value: 2 }], { status: 'ok', reason: 'well' }],
    ['without bounds may be unknown', [{ what: 'a', value: 'why' }], { status: 'ok', reason: 'well' }],
    [
      'that is not known is unknown, with the reason',
      [{ what: 'growth', value: 'it needs two readings', max: 1 }],
      { status: 'unknown', reason: 'growth is not known: it needs two readings' },
    ],
    [
      'after one that is not known may be bad',
      [
        { what: 'growth', value: 'why', max: 1 },
        { what: 'count', value: 2, max: 1 },
      ],
      { status: 'bad', reason: 'count is 2, over 1', value: 2, threshold: 1 },
    ],
    [
      'that is good does not hide one that is not known',
      [
        { what: 'count', value: 1, max: 1 },
        { what: 'growth', value: 'why', min: 1 },
      ],
      { status: 'unknown', reason: 'growth is not known: why' },
    ],
    [
      'is judged after those before it',
      [
        { what: 'a', value: 2, max: 1 },
        { what: 'b', value: 2, max: 1 },
      ],
      { status: 'bad', reason: 'a is 2, over 1', value: 2, threshold: 1 },
    ],
  ])('%s', (_what, all, verdict) => {
    const judged = judgeLimits(all, 'well');
    if ('reason' in verdict) expect(judged).toStrictEqual(verdict);
    else expect(judged).toMatchObject(verdict);
  });

  it.each([
    ['queue: 7 of 9', 7],
    ['-3.5', -3.5],
    ['1e3 jobs', 1_000],
    ['2E-2', 0.02],
    ['x10', 10],
    ['none', undefined],
    ['', undefined],
  ])('the first number in %j is %s', (text, number) => expect(firstNumber(text)).toBe(number));
});

describe('a ready-made check', () => {
  const run = () => bad('broken');
  const made = (options: CommonOptions = {}) => makeCheck(options, { name: 'kind:x', type: 'service', run });

  it('has the name of what it looks at, and only the options that were given', () => {
    expect(made()).toStrictEqual({
      ...{ name: 'kind:x', component: 'kind:x', type: 'service', parts: [], timeoutMs: 7_000 },
      run: expect.any(Function) as unknown,
    });
    expect(Object.isFrozen(made())).toBe(true);
  });

  it('has the options that were given, and 2 s more than its own limit, up to 10 minutes', () => {
    const given: CommonOptions = {
      ...{ name: 'shop', type: 'resource', heals: 'shop', every: 5, failAfter: 3, recoverAfter: 4 },
      settleMs: 6,
    };
    expect(made({ ...given, timeoutMs: 100 })).toMatchObject({
      ...given,
      component: 'shop',
      timeoutMs: 2_100,
    });
    expect(made({ name: 'a', component: 'b' })).toMatchObject({ name: 'a', component: 'b' });
    expect(made({ timeoutMs: 598_000 }).timeoutMs).toBe(600_000);
    expect(made({ timeoutMs: 599_000 }).timeoutMs).toBe(600_000);
  });

  it('gives a bad verdict its severity, and no other one', async () => {
    expect(await verdictOf(made())).toEqual({ status: 'bad', reason: 'broken' });
    expect(await verdictOf(made({ severity: 2 }))).toEqual({ status: 'bad', reason: 'broken', severity: 2 });
    const well = makeCheck({ severity: 2 }, { name: 'x', type: 'system', run: () => ok('well') });
    expect(await verdictOf(well)).toEqual({ status: 'ok', reason: 'well' });
    const later = { name: 'x', type: 'system', run: () => Promise.resolve(bad('broken')) } as const;
    expect(await verdictOf(makeCheck({ severity: 1 }, later))).toMatchObject({ severity: 1 });
  });

  it('passes its time limit on, 5 s by default', async () => {
    const limits: number[] = [];
    const asked = (options: CommonOptions) =>
      verdictOf(
        makeCheck(options, {
          ...{ name: 'x', type: 'system' },
          run: ({ timeoutMs }) => {
            limits.push(timeoutMs);
            return unknownVerdict('blind', { transient: true });
          },
        }),
      );
    expect(await asked({})).toEqual({ status: 'unknown', reason: 'blind', transient: true });
    await asked({ timeoutMs: 20 });
    expect(limits).toEqual([5_000, 20]);
  });
});

describe('what a probe failed with', () => {
  const of = (code: string) => Object.assign(new Error(`${code} happened`), { code });

  it.each([
    ['ECONNREFUSED', 'refused the connection'],
    ['ECONNRESET', 'closed the connection without an answer'],
    ['ECONNABORTED', 'closed the connection without an answer'],
    ['EPIPE', 'closed the connection without an answer'],
    ['ETIMEDOUT', 'did not accept the connection'],
    ['EAGAIN', 'does not accept connections: its queue is full'],
    ['HPE_INVALID_CONSTANT', 'does not speak HTTP (HPE_INVALID_CONSTANT)'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'failed the TLS handshake (ERR_SSL_WRONG_VERSION_NUMBER)'],
    ['EPROTO', 'failed the TLS handshake (EPROTO)'],
    ['ERR_TLS_INVALID_PROTOCOL_VERSION', 'failed the TLS handshake (ERR_TLS_INVALID_PROTOCOL_VERSION)'],
    ['CERT_HAS_EXPIRED', 'has a certificate that has expired'],
    ['CERT_NOT_YET_VALID', 'has a certificate that is not valid yet'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'has a certificate for another name'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'has a certificate that signed itself'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'has a certificate of an authority that is not trusted'],
    [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'does not send the certificates between its own and a trusted authority',
    ],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'has a certificate of an authority that is not trusted'],
    ['UNABLE_TO_GET_ISSUER_CERT', 'has a certificate of an authority that is not trusted'],
    ['CERT_REVOKED', 'has a certificate that was revoked'],
    ['CERT_UNTRUSTED', 'has a certificate that is not trusted'],
    ['CERT_REJECTED', 'has a certificate that is not trusted'],
    ['CERT_SIGNATURE_FAILURE', 'has a certificate with a wrong signature'],
    ['UNABLE_TO_DECRYPT_CERT_SIGNATURE', 'has a certificate with a wrong signature'],
    ['UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY', 'has a certificate with a wrong signature'],
    ['CERT_CHAIN_TOO_LONG', 'sends too many certificates between its own and a trusted authority'],
    ['PATH_LENGTH_EXCEEDED', 'sends too many certificates between its own and a trusted authority'],
    ['INVALID_CA', 'has a certificate that was signed by one that is no authority'],
    ['INVALID_PURPOSE', 'has a certificate that is not for a server'],
    ['HOSTNAME_MISMATCH', 'has a certificate for another name'],
    ['ERROR_IN_CERT_NOT_BEFORE_FIELD', 'has a certificate without a readable start'],
    ['ERROR_IN_CERT_NOT_AFTER_FIELD', 'has a certificate without a readable end'],
  ])('%s is bad: the server %s', (code, words) =>
    expect(verdictOfFailure('shop', of(code))).toEqual({ status: 'bad', reason: `shop ${words}` }),
  );

  it.each([
    ['ENOTFOUND', 'the name cannot be resolved'],
    ['EAI_AGAIN', 'the name cannot be resolved now'],
    ['ENETUNREACH', 'no route to the network'],
    ['EHOSTUNREACH', 'no route to the host'],
    ['EHOSTDOWN', 'no route to the host'],
    ['ENETDOWN', 'the network is down'],
    ['EADDRNOTAVAIL', 'no local address or port is free'],
    ['EMFILE', 'this program has no file descriptor left'],
    ['ENFILE', 'this machine has no file descriptor left'],
    ['ENOBUFS', 'this machine has no buffer left'],
    ['ENOMEM', 'this machine has no memory left'],
    ['EACCES', 'permission denied'],
    ['EPERM', 'permission denied'],
    ['EWHATEVER', 'EWHATEVER happened'],
  ])('%s is unknown: %s', (code, words) =>
    expect(verdictOfFailure('shop', of(code))).toEqual({ status: 'unknown', reason: `shop: ${words}` }),
  );

  it.each<[string, unknown, object]>([
    ['no error', undefined, { status: 'unknown' }],
    [
      'an error with a number as its code',
      Object.assign(new Error('odd'), { code: 5 }),
      { status: 'unknown' },
    ],
    [
      'a wrong answer, with its numbers',
      new WrongAnswer('is late', { value: 2 }),
      { status: 'bad', reason: 'shop is late', value: 2 },
    ],
    ['what cannot be told', new CannotTell('no proc'), { status: 'unknown', reason: 'shop: no proc' }],
    [
      'a server that starts',
      new CannotTell('it loads', true),
      { status: 'unknown', reason: 'shop: it loads', transient: true },
    ],
    [
      'silence until the time limit',
      new TimeLimit(1_500, true),
      { status: 'bad', reason: 'shop did not answer within 1.5 s' },
    ],
    [
      'a time limit while this program was busy',
      new TimeLimit(60.5, false),
      {
        status: 'unknown',
        reason: 'shop: no answer within 61 ms, but this program was too busy to receive one',
      },
    ],
    [
      'two addresses, of which the second refuses',
      new AggregateError([of('ETIMEDOUT'), of('ECONNREFUSED')]),
      { status: 'bad', reason: 'shop refused the connection' },
    ],
    [
      'two addresses that are silent',
      new AggregateError([of('ETIMEDOUT'), of('ETIMEDOUT')]),
      { status: 'unknown' },
    ],
  ])('%s', (_what, error, verdict) => {
    const judged = verdictOfFailure('shop', error);
    if ('reason' in verdict) expect(judged).toEqual(verdict);
    else expect(judged).toMatchObject(verdict);
  });

  it('is no word about certificates without a code', () =>
    expect(refusedCertificate(undefined)).toBeUndefined());
});

describe('an answer with a time limit', () => {
  it.each([
    [5, undefined, undefined],
    [5, 5, undefined],
    [
      5,
      4,
      {
        status: 'bad',
        reason: 'shop took 5 ms to answer, over 4 ms',
        value: 5,
        threshold: 4,
        valueUnit: 'ms',
      },
    ],
  ])('that took %d ms of at most %s', (took, most, verdict) =>
    expect(tookTooLong('shop', took, most)).toEqual(verdict),
  );

  it('has its time as its number', () =>
    expect(latency(3, 50)).toEqual({ value: 3, threshold: 50, valueUnit: 'ms' }));

  /** Waits for an answer that never comes, while each slice of the time limit takes so many milliseconds. */
  const silence = async (limitMs: number, slices: readonly number[]): Promise<unknown> => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let now = 5_000;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    let error: unknown = 'none yet';
    const { signal } = new AbortController();
    void withinLimit(limitMs, signal, () => new Promise(() => undefined)).catch(
      (caught: unknown) => (error = caught),
    );
    for (const ms of slices) {
      now += ms;
      await vi.advanceTimersByTimeAsync(Math.max(1, limitMs / 20));
    }
    clock.mockRestore();
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return error;
  };
  const each = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

  it.each<[string, number, readonly number[], unknown]>([
    ['waits until the limit', 1_000, [...each(19, 50), 49.9], 'none yet'],
    ['ends at the limit', 1_000, each(20, 50), { message: 'no answer within 1000 ms', onTime: true }],
    ['with timers that are 2 ms late each is on time', 1_000, each(20, 52), { onTime: true }],
    ['with a tenth of the limit lost is on time', 1_000, [...each(17, 50), 152], { onTime: true }],
    ['with more than a tenth of it lost is not', 1_000, [...each(17, 50), 153], { onTime: false }],
    ['adds up what was lost', 1_000, [102, ...each(16, 50), 103], { onTime: false }],
    ['gains nothing by early timers', 1_000, [153, ...each(20, 45)], { onTime: false }],
    ['with 50 ms lost of a short limit is on time', 100, [57, ...each(10, 5)], { onTime: true }],
    ['with 51 ms lost of a short limit is not', 100, [58, ...each(10, 5)], { onTime: false }],
    ['is counted in slices of 1 ms at least', 4, each(4, 1), { onTime: true }],
  ])('that never comes %s: %d ms', async (_what, limitMs, slices, ended) => {
    const error = await silence(limitMs, slices);
    if (typeof ended === 'string') expect(error).toBe(ended);
    else expect(error).toMatchObject(ended as object);
  });

  it('leaves no timer behind after an answer, and passes it on', async () => {
    vi.useFakeTimers();
    const { signal } = new AbortController();
    expect(await withinLimit(1_000, signal, () => Promise.resolve('hello'))).toBe('hello');
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['before', 'during'])('is given up when the caller aborts %s it', async (when) => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    if (when === 'before') stop.abort(reason);
    const asked = withinLimit(60_000, stop.signal, () => new Promise(() => undefined));
    stop.abort(reason);
    await expect(asked).rejects.toBe(reason);
  });
});

describe('the content of a text', () => {
  it.each<[ContentOptions, string | undefined]>([
    [{}, undefined],
    [{ contains: 'ready' }, undefined],
    [{ contains: ['all', 'ready'] }, undefined],
    [{ contains: ['all', 'busy'] }, 'lacks "busy" in its body'],
    [{ lacks: 'error' }, undefined],
    [{ lacks: ['error', 'ready'] }, 'has "ready" in its body'],
    [{ matches: '^all' }, undefined],
    [{ matches: /READY$/i }, undefined],
    [{ matches: 'READY' }, 'has no match of READY in its body'],
    [{ matches: /^ready/ }, 'has no match of /^ready/ in its body'],
    [{ contains: 'x'.repeat(60) }, `lacks "${'x'.repeat(60)}" in its body`],
    [{ contains: 'x'.repeat(61) }, `lacks "${'x'.repeat(60)}…" in its body`],
  ])('"all ready" with %o', (options, sentence) =>
    expect(thrown(() => expectContent('all ready', options, 'its body'))?.message).toBe(sentence),
  );

  it.each<[ContentOptions, boolean]>([
    [{}, false],
    [{ contains: 'a' }, true],
    [{ lacks: 'a' }, true],
    [{ matches: 'a' }, true],
  ])('is read only if something is asked about it: %o', (options, looks) =>
    expect(looksInside(options)).toBe(looks),
  );

  it('is matched from its start each time, also by an expression that goes on from its last match', () => {
    const sticky = /ready/g;
    expect([1, 2, 3].map(() => matchesPattern('all ready', sticky))).toEqual([true, true, true]);
    expect(sticky.lastIndex).toBe(0);
  });
});

describe('a value in JSON', () => {
  const text = JSON.stringify({
    up: true,
    none: null,
    list: [{ a: 1 }, [7]],
    word: 'x'.repeat(99),
    0: 'zero',
  });

  it.each<[Record<string, JsonExpected>, string | undefined]>([
    [{}, undefined],
    [{ up: true, none: null, 'list[0].a': 1, 'list[1][0]': 7, '0': 'zero' }, undefined],
    [{ 'list[0].a': { min: 1, max: 1 } }, undefined],
    [{ 'list.0.a': 1 }, undefined],
    [{ up: false }, 'has true at up, expected false'],
    [{ none: 1 }, 'has null at none, expected 1'],
    [{ 'none.a': 1 }, 'has nothing at none.a, expected 1'],
    [{ 'up.a': 1 }, 'has nothing at up.a, expected 1'],
    [{ 'list.length': { max: 1 } }, 'has 2 at list.length, over 1'],
    [{ toString: 'x' }, 'has nothing at toString, expected "x"'],
    [{ up: { min: 1 } }, 'has true at up, expected a number'],
    [{ gone: { max: 1 } }, 'has nothing at gone, expected a number'],
    [{ 'list[0].a': { min: 2 } }, 'has 1 at list[0].a, under 2'],
    [{ 'list[0].a': { max: 0 } }, 'has 1 at list[0].a, over 0'],
    [{ up: true, 'list[1][0]': 8 }, 'has 7 at list[1][0], expected 8'],
    [{ word: '' }, `has "${'x'.repeat(59)} at word, expected ""`],
  ])('%o', (expected, sentence) => expect(thrown(() => expectJson(text, expected))?.message).toBe(sentence));

  it.each([
    [{ min: 2 }, { value: 1, threshold: 2 }],
    [{ max: 0 }, { value: 1, threshold: 0 }],
  ])('out of the bounds %o is reported with its numbers', (bounds, more) =>
    expect(thrown(() => expectJson('{"a":1}', { a: bounds }))).toMatchObject({ more }),
  );

  it('is not looked for in what is no JSON', () =>
    expect(thrown(() => expectJson('<html>', {}))?.message).toBe('did not answer with JSON'));
});

describe('the facts about a file', () => {
  const stats = { mode: 0o100640, uid: 1_000, gid: 100 };

  it.each([
    [{}, undefined],
    [{ mode: '640', uid: 1_000, gid: 100 }, undefined],
    [{ mode: '0640' }, undefined],
    [{ mode: '4640' }, 'has the mode 0640, expected 4640'],
    [{ mode: '600' }, 'has the mode 0640, expected 600'],
    [{ uid: 0 }, 'belongs to the user 1000, expected 0'],
    [{ gid: 0 }, 'belongs to the group 100, expected 0'],
  ])('%o', (options, sentence) =>
    expect(thrown(() => expectFacts(stats as never, { path: '/a', ...options }))?.message).toBe(sentence),
  );

  it('set-user-ID and sticky bits are part of its mode', () => {
    const special = { ...stats, mode: 0o107777 };
    expect(thrown(() => expectFacts(special as never, { path: '/a', mode: '7777' }))).toBeUndefined();
    expect(
      thrown(() => expectFacts({ ...stats, mode: 0o100044 } as never, { path: '/a', mode: '044' })),
    ).toBe(undefined);
  });

  it('its age is the time since it was modified, and 0 for a time to come', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 100_000 });
    const bounds = { path: '/a', minAgeSeconds: 1, maxAgeSeconds: 5 };
    const age = ageOf('a', 97_500, bounds);
    expect(age).toEqual({ what: 'age of a', value: 2.5, min: 1, max: 5, unit: 's' });
    expect(judgeLimits([{ ...age, max: 1 }], '').reason).toBe('age of a is 2.5 s, over 1 s');
    expect(judgeLimits([{ ...age, value: 90 }], '').reason).toBe('age of a is 1 min 30 s, over 5 s');
    expect(ageOf('a', 100_001, bounds).value).toBe(0);
  });

  it('its growth is bytes an hour since the reading before', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const growth = new Growth();
    const unknown = 'it needs two readings';
    const measure = (size: number) => growth.perHour('a', size, 5).value;
    expect(measure(100)).toBe(unknown);
    expect(measure(200)).toBe(unknown);
    vi.advanceTimersByTime(1_800_000);
    expect(measure(300)).toBe(200);
    vi.advanceTimersByTime(3_600_000);
    expect(measure(200)).toBe(0);
    vi.advanceTimersByTime(3_600_000);
    const last = growth.perHour('a', 1_224, 5);
    expect(last).toEqual({ what: 'growth of a per hour', value: 1_024, max: 5, unit: 'B' });
    expect(judgeLimits([last], '').reason).toBe('growth of a per hour is 1.0 KiB, over 5 B');
  });

  it('its number grows by so much a second, and a counter that was set back tells nothing', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const rate = new Growth();
    expect(rate.perSecond(10)).toBe('it needs two readings');
    expect(rate.perSecond(20)).toBe('it needs two readings');
    vi.advanceTimersByTime(2_000);
    expect(rate.perSecond(50)).toBe(15);
    vi.advanceTimersByTime(1_000);
    expect(rate.perSecond(50)).toBe(0);
    expect(rate.perSecond(50)).toBe('it needs two readings');
    vi.advanceTimersByTime(1_000);
    expect(rate.perSecond(49)).toBe('its number was set back');
    vi.advanceTimersByTime(1_000);
    expect(rate.perSecond(50)).toBe(1);
  });
});

describe('the days that a certificate is valid for', () => {
  it.each([
    ['now', 0, 0],
    ['in a day less a second', 86_399, 0],
    ['in a day', 86_400, 1],
    ['a second ago', -1, -1],
    ['a day ago', -86_400, -1],
    ['a day and a second ago', -86_401, -2],
  ])('are whole days: it ends %s', (_when, seconds, days) => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    expect(daysLeft(new Date(Date.now() + seconds * 1_000).toUTCString())).toBe(days);
  });
});
