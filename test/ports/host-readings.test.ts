import { afterAll, expect, describe, it } from 'vitest';
import type { Host } from '../../src/host/host.js';
import { isUnknown } from '../../src/model/reading.js';
import { DEADLINES } from '../../src/base/deadlines.js';
import { ownedHost } from '../../src/host/owned-host.js';
import { fakeClock, fakeHost, recordingLogger } from '../../src/testing/index.js';
import { WAYS, type Misbehaviour } from './ways.js';

/** Every optional reading of a host, with a valid result and an invalid one. */
const READINGS: readonly (readonly [
  method: keyof Host,
  answer: unknown,
  isAnswer: (word: string) => boolean,
])[] = [
  ['unitLog', ['a line'], (word) => word === 'answers an empty list'],
  ['unitMemory', 1024, (word) => /number$|nonsense$/.test(word)],
  ['unitRelations', [], (word) => word === 'answers an empty list'],
  ['activeServices', ['nginx.service'], (word) => word === 'answers an empty list'],
  ['unitChanges', ['nginx.service'], (word) => word === 'answers an empty list'],
  ['systemIdentity', { path: '/nix/store/a-system' }, (word) => word.includes('object')],
  ['preSwitchCheck', null, (word) => /null$|a string$/.test(word)],
  ['nixActivity', { switching: null, building: false }, (word) => word.includes('object')],
];

/** Ways of misbehaving that need no engine. */
const MISBEHAVIOURS = WAYS.filter(({ kind }) => ['fails', 'hangs', 'nonsense', 'late'].includes(kind));
let count = 0;

/** Calls one reading of a host that misbehaves in this way. */
async function read(method: keyof Host, answer: unknown, { way }: Misbehaviour) {
  count += 1;
  const clock = fakeClock();
  const logger = recordingLogger();
  let release = (): void => undefined;
  const late = new Promise<void>((resolve) => (release = resolve));
  const misbehaves = () => way({ engine: () => undefined, answer: () => answer, late });
  const host = { ...fakeHost({}, { clock }), [method]: misbehaves } as unknown as Host;
  const sources = { clock, logger, reading: new AbortController().signal };
  const owned = ownedHost(host, sources)[method] as (...given: string[]) => Promise<unknown>;
  const reading = owned('a', 'b').then(
    (value) => ({ value }),
    (error: unknown) => ({ rejected: error }),
  );
  await clock.advance(DEADLINES.readMs);
  const outcome = await reading;
  release();
  await clock.advance(1);
  return { outcome, said: logger.lines.map(({ message }) => message) };
}

describe('every reading of a host', () => {
  afterAll(() => console.info(`${count} cases: ${READINGS.length} readings × ${MISBEHAVIOURS.length} ways`));

  it.each(READINGS)('is unknown, and reported once, whatever %s does', async (method, answer, isAnswer) => {
    const faults = await Promise.all(
      MISBEHAVIOURS.map(async (one) => {
        const { outcome, said } = await read(method, answer, one);
        const { word, kind } = one;
        if ('rejected' in outcome) return [`${word}: it rejected`];
        const mayBeAnswer =
          word.startsWith('answers a thenable that answers') || (kind === 'nonsense' && isAnswer(word));
        if (!isUnknown(outcome.value)) return mayBeAnswer ? [] : [`${word}: it was believed`];
        const named = said.filter((line) => line.startsWith(`\`host.${method}\` `));
        return named.length === 1 ? [] : [`${word}: said ${named.length} times`];
      }),
    );
    expect(faults.flat()).toEqual([]);
  });

  it.each(READINGS)('is what the host returns: %s', async (method, answer) => {
    const right: Misbehaviour = { word: '', kind: 'late', way: (call) => call.answer() };
    expect(await read(method, answer, right)).toEqual({ outcome: { value: answer }, said: [] });
  });
});
