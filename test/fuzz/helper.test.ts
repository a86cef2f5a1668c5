import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { parseAnswer } from '../../src/execute/helper-answer.js';
import type { HelperRequest } from '../../src/execute/helper-protocol.js';
import type { ActBook } from '../../src/service/helper/act-book.js';
import { answerTo } from '../../src/service/helper/answer-to.js';
import { unknown } from '../../src/model/reading.js';
import { lineOf } from '../../src/service/helper/line-of.js';
import type { HelperAct } from '../../src/service/helper/limits.js';
import { parsePolicy } from '../../src/service/helper/policy.js';
import { parseRequest } from '../../src/service/helper/request.js';
import { fakeHost } from '../../src/testing/index.js';
import { overLimits, POLICY, RELATIONS, transgressions, UNITS } from './judge.js';
import { requestBytes } from './requests.js';
import type { Execution } from '../../src/model/execution.js';

/** Number of requests: CI makes 100,000, `npm run test:fuzz` 1,000,000 others. To repeat a run: `FUZZ_SEED=…`. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 10_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? (RUNS > 100_000 ? Date.now() % 2 ** 31 : 20_261_123));
/** Number of requests for which a helper keeps its book; then a new day starts. */
const CHUNK = 500;

const policy = parsePolicy(POLICY);
const seen = { unreadable: 0, failed: 0, skipped: 0, planned: 0, stopped: 0, budget: 0 };
afterAll(() => console.log(`${RUNS} requests, seed ${SEED}: ${JSON.stringify(seen)}`));

/** Returns every key, at any depth. */
const keysIn = (value: unknown): number =>
  typeof value !== 'object' || value === null
    ? 0
    : Object.values(value).reduce<number>((sum, entry) => sum + 1 + keysIn(entry), 0);

/** A text, a boolean, or texts by name. */
const isHarmless = (value: unknown): boolean =>
  ['string', 'boolean'].includes(typeof value) ||
  (typeof value === 'object' &&
    Object.values(value ?? { none: 0 }).every((text) => typeof text === 'string'));

/** Returns the error of a readable request, by an independent second implementation. */
function oddities(request: HelperRequest, bytes: Uint8Array): string[] {
  const { version, do: todo, action, parameters, approved = false, ...more } = request;
  const whole =
    (version as unknown) === 1 &&
    ['plan', 'execute'].includes(todo) &&
    typeof action === 'string' &&
    typeof approved === 'boolean' &&
    Object.getPrototypeOf(request) === Object.prototype &&
    Object.getPrototypeOf(parameters) === Object.prototype &&
    Object.values(parameters).every(isHarmless);
  const text = Buffer.from(bytes).toString('utf8');
  const colons = text.replace(/"(\\.|[^"\\])*"/g, '').split(':').length - 1;
  return [
    ...(whole && Object.keys(more).length === 0 ? [] : [`it was read as ${JSON.stringify(request)}`]),
    ...(Buffer.from(text).equals(bytes) ? [] : ['it was not UTF-8']),
    ...(colons === keysIn(request) ? [] : ['a key came twice']),
  ];
}

async function answer(bytes: Uint8Array, book: ActBook, asks: 'engine' | 'person'): Promise<string[]> {
  let request: HelperRequest;
  try {
    request = parseRequest(bytes, asks === 'engine' ? ['plan', 'execute'] : ['plan', 'approve']);
  } catch (error) {
    if (asks === 'engine') seen.unreadable += 1;
    return error instanceof Error && error.message !== '' ? [] : ['it was refused without a reason'];
  }
  const execution = await answerTo(request, {
    policy,
    host: fakeHost({ units: UNITS, relations: RELATIONS }),
    book,
    approvals: {
      add: () => Promise.reject(new Error('a plan was approved whose fingerprint nobody knew')),
      find: () => undefined,
      take: () => undefined,
    },
    ...{ uid: 1_000, asks },
    record: () => unknown('there is none'),
    now: () => ({ at: 0, boot: 'a', upMs: 0 }),
    planWithin: new AbortController().signal,
    // Aborted before its first step, so that nothing is executed on the machine of the tests.
    signal: AbortSignal.abort(),
  });
  if (asks === 'person') return atPersons(execution);
  count(execution);
  return [
    ...oddities(request, bytes),
    ...transgressions(execution),
    ...overLimits(book.read()),
    ...unsaid(execution, request),
  ];
}

/** Violations at the socket for people: nothing may be executed there, and only a displayed plan may be approved. */
function atPersons({ outcome, steps, error = '' }: Execution): string[] {
  return [
    ...(outcome === 'executed' || steps.length > 0 ? ['a person had something done'] : []),
    ...(error.includes('whose fingerprint nobody knew') ? [error] : []),
  ];
}

/** Requests that the client of the helper itself would reject. */
function unsaid(execution: Execution, request: HelperRequest): string[] {
  const line = lineOf(execution);
  if (line.indexOf('\n') !== line.length - 1) return ['its answer is not one line'];
  try {
    parseAnswer(line, request);
    return [];
  } catch (error) {
    return [String(error)];
  }
}

/** The same request as an approval of some plan; at that socket nothing can be executed. */
function approving(bytes: Uint8Array): Uint8Array {
  const digest = createHash('sha256').update(bytes).digest('hex');
  const text = Buffer.from(bytes).toString('latin1');
  return Buffer.from(text.replace('"do":"execute"', `"do":"approve","digest":"${digest}"`), 'latin1');
}

function count({ outcome, blockedBy, error = '' }: Execution): void {
  if (outcome === 'failed' && error.startsWith('Stopped before')) seen.stopped += 1;
  else if (blockedBy === 'budget') seen.budget += 1;
  else if (outcome !== 'executed') seen[outcome] += 1;
}

function newBook(): ActBook {
  let acts: readonly HelperAct[] = [];
  return {
    read: () => acts,
    write: (more) => void (acts = more),
    lock: () => Promise.resolve(),
    release: () => Promise.resolve(),
  };
}

it(
  'the helper plans nothing outside its policy, for any input',
  async () => {
    for (let done = 0; done < RUNS; done += CHUNK) {
      const book = newBook();
      await fc.assert(
        fc.asyncProperty(requestBytes, async (bytes) => {
          const wrong = [
            ...(await answer(bytes, book, 'engine')),
            ...(await answer(approving(bytes), book, 'person')),
          ];
          if (wrong.length > 0) throw new Error(wrong.join('; '));
        }),
        { numRuns: Math.min(CHUNK, RUNS - done), seed: SEED + done },
      );
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  },
  24 * 60 * 60_000,
);

it('the generated requests of the helper cover every kind of answer', () => {
  expect(Object.entries(seen).filter(([, often]) => often < RUNS / 1_000)).toEqual([]);
});
