import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseState } from '../../src/memory/parse-state.js';
import { EMPTY_STATE, FRESH_RECORD, type GuardState } from '../../src/memory/state.js';

const time = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0));
const count = fc.nat();
const word = fc.string({ unit: 'grapheme' });
const scope = fc.constantFrom('host' as const, 'process' as const);
const record = fc.record({
  backoff: fc.dictionary(word, fc.record({ count, until: time, since: time })),
  failures: count,
  strikes: count,
  relapses: count,
  fixed: fc.option(
    fc.record({
      at: time,
      action: word,
      check: fc.option(word),
      bootId: word,
      system: fc.option(word.map((rest) => `/${rest}`)),
      gained: fc.option(fc.boolean()),
      strikes: count,
      probation: fc.boolean(),
    }),
  ),
  breakerUntil: fc.option(time),
  openings: fc.array(time),
  needsHumanSince: fc.option(time),
  healthySince: fc.option(time),
  useless: fc.option(fc.record({ action: word, value: time })),
});
const path = word.map((rest) => `/${rest}`);
const generation = fc.record({
  from: path,
  to: fc.option(path),
  verb: fc.constantFrom('switch' as const, 'boot' as const),
  units: fc.array(word),
  failing: fc.array(word),
});
const unit = fc.record({
  run: word,
  activeSince: fc.option(time),
  activeUntil: fc.option(time),
  healthy: fc.boolean(),
  failedAt: fc.option(time),
  failing: fc.boolean(),
});
const system = fc.record({
  previous: fc.option(path),
  enteredAt: time,
  seenAt: time,
  blindMs: time,
  quietSince: time,
  good: fc.boolean(),
  bad: fc.option(fc.record({ at: time, why: word })),
  units: fc.dictionary(word, unit),
});
/** Any state that an engine can have. */
const states: fc.Arbitrary<GuardState> = fc.record({
  version: fc.constant(2 as const),
  savedAt: time,
  cautious: fc.boolean(),
  components: fc.dictionary(word, record),
  acts: fc.array(
    fc.record({
      at: time,
      component: word,
      action: word,
      scope,
      outcome: fc.constantFrom(
        'fixed' as const,
        'ineffective' as const,
        'failed' as const,
        'pending-reboot' as const,
      ),
      words: word,
    }),
  ),
  storm: fc.option(fc.record({ since: time, lastFailure: time })),
  pauses: fc.dictionary(word, time),
  approvals: fc.array(
    fc.record({
      id: word,
      digest: word,
      component: word,
      action: word,
      reason: word,
      askedAt: time,
      answer: fc.constantFrom('waiting' as const, 'yes' as const),
    }),
  ),
  intents: fc.array(
    fc.record(
      {
        at: time,
        component: word,
        action: word,
        scope,
        bootId: word,
        generation,
        awaitsReboot: fc.boolean(),
      },
      { requiredKeys: ['at', 'component', 'action', 'scope', 'bootId'] },
    ),
  ),
  generations: fc.record({
    running: fc.option(path),
    systems: fc.dictionary(path, system),
    lastChange: fc.option(fc.record({ at: time, action: word, from: path, to: fc.option(path) })),
    repeat: fc.option(path),
  }),
});

describe('a written state', () => {
  it('is parsed to the same state', () => {
    fc.assert(
      fc.property(states, (state) => {
        const text = JSON.stringify(state);
        expect(JSON.stringify(parseState(text))).toBe(text);
      }),
    );
    expect(parseState(JSON.stringify(EMPTY_STATE))).toEqual(EMPTY_STATE);
  });
});

describe('a state of the first version', () => {
  it('is accepted, without a record of generations', () => {
    const { generations: _none, ...rest } = EMPTY_STATE;
    const first = { ...rest, version: 1, pauses: { backup: 5 } };
    expect(parseState(JSON.stringify(first))).toEqual({ ...EMPTY_STATE, pauses: { backup: 5 } });
  });
});

describe('a state from before relapses were counted', () => {
  const { strikes: _strikes, relapses: _relapses, fixed: _fixed, ...before } = FRESH_RECORD;

  it('is accepted: its failures count for the breaker, and it has no relapses', () => {
    const components = { nginx: { ...before, failures: 2 } };
    const { nginx } = parseState(JSON.stringify({ ...EMPTY_STATE, components })).components;
    expect(nginx).toEqual({ ...FRESH_RECORD, failures: 2, strikes: 2 });
  });

  it('keeps an intent without a check or a result id', () => {
    const intents = [{ at: 1, component: 'nginx', action: 'restart_service', scope: 'host', bootId: 'b' }];
    expect(parseState(JSON.stringify({ ...EMPTY_STATE, intents })).intents).toEqual(intents);
  });
});

describe('any other value as a state', () => {
  it('is refused with an error, or is a state that can be written and read again', () => {
    const almost = fc
      .tuple(states, fc.constantFrom(...Object.keys(EMPTY_STATE)), fc.jsonValue())
      .map(([state, key, value]) => JSON.stringify({ ...state, [key]: value }));
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), almost), (text) => {
        let state: GuardState;
        try {
          state = parseState(text);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          return;
        }
        expect(parseState(JSON.stringify(state))).toEqual(state);
        for (const key of Object.keys(EMPTY_STATE)) expect(state).toHaveProperty(key);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused wherever it was truncated', () => {
    const text = JSON.stringify({ ...EMPTY_STATE, pauses: { backup: 5 } });
    for (let length = 0; length < text.length; length += 1) {
      expect(() => parseState(text.slice(0, length))).toThrow();
    }
  });

  it.each([
    ['null', 'it is not an object'],
    ['[]', 'it is not an object'],
    ['7', 'it is not an object'],
    ['{}', 'its version is undefined, and this library knows 2'],
    [JSON.stringify({ ...EMPTY_STATE, version: 0 }), 'its version is 0, and this library knows 2'],
    [JSON.stringify({ ...EMPTY_STATE, version: 3 }), 'its version is 3, and this library knows 2'],
    [JSON.stringify({ ...EMPTY_STATE, version: '1' }), 'its version is "1", and this library knows 2'],
    [JSON.stringify({ ...EMPTY_STATE, savedAt: null }), '`savedAt` is not as it was written'],
    [JSON.stringify({ ...EMPTY_STATE, cautious: 1 }), '`cautious` is not as it was written'],
    [JSON.stringify({ ...EMPTY_STATE, components: { nginx: {} } }), '`components` is not as it was written'],
    [JSON.stringify({ ...EMPTY_STATE, components: [] }), '`components` is not as it was written'],
    [JSON.stringify({ ...EMPTY_STATE, acts: [{}] }), '`acts` is not as it was written'],
    [JSON.stringify({ ...EMPTY_STATE, pauses: { backup: 'x' } }), '`pauses` is not as it was written'],
    [JSON.stringify({ ...EMPTY_STATE, intents: undefined }), '`intents` is not as it was written'],
  ])('is refused with the reason: %s', (text, message) => {
    expect(() => parseState(text)).toThrow(message);
  });
});
