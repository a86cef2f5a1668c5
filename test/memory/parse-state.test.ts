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

/** A state with a value in every field; each list and map has one entry. */
const FULL: GuardState = {
  ...{ version: 2, savedAt: 1, cautious: false, storm: { since: 1, lastFailure: 2 }, pauses: { backup: 1 } },
  components: {
    nginx: {
      ...{ failures: 1, strikes: 1, relapses: 1, breakerUntil: 1, openings: [1], needsHumanSince: 1 },
      ...{
        healthySince: 1,
        backoff: { a: { count: 1, until: 1, since: 1 } },
        useless: { action: 'a', value: 1 },
      },
      fixed: {
        ...{ at: 1, action: 'a', check: 'services', bootId: 'b', system: '/a', gained: true, strikes: 1 },
        probation: false,
      },
    },
  },
  acts: [
    {
      ...{
        at: 1,
        component: 'nginx',
        action: 'a',
        scope: 'host',
        outcome: 'fixed',
        words: '',
        relapsed: true,
      },
    },
  ],
  approvals: [
    {
      ...{ id: 'd', digest: 'd', component: 'nginx', action: 'a', reason: '', askedAt: 1, answer: 'waiting' },
    },
  ],
  intents: [
    {
      ...{ at: 1, component: 'nginx', action: 'a', scope: 'process', bootId: 'b', awaitsReboot: true },
      ...{ id: 'r', check: 'services' },
      generation: { from: '/a', to: '/b', verb: 'switch', units: ['u'], failing: ['u'] },
    },
  ],
  generations: {
    running: '/a',
    systems: {
      '/a': {
        ...{ previous: '/b', enteredAt: 1, seenAt: 1, blindMs: 1, quietSince: 1, good: true },
        bad: { at: 1, why: 'w' },
        units: {
          u: { run: 'r', activeSince: 1, activeUntil: 1, healthy: true, failedAt: 1, failing: false },
        },
      },
    },
    lastChange: { at: 1, action: 'a', from: '/a', to: '/b' },
    repeat: '/b',
  },
  undo: [{ at: 1, component: 'cpu', action: 'a', parameters: {}, bootId: 'b', until: 1 }],
  commands: [{ at: 1, command: 'pause', of: 'backup', by: 'uid 1000' }],
};
/** Fields that may be null, by the end of their path. */
const NULLABLE = [
  ...['storm', 'breakerUntil', 'needsHumanSince', 'healthySince', 'useless', 'fixed', 'fixed.check'],
  ...['fixed.system', 'fixed.gained', 'generation.to', 'running', 'previous', 'bad', 'activeSince'],
  ...['activeUntil', 'failedAt', 'lastChange', 'lastChange.to', 'repeat'],
];
/** Fields that earlier versions did not write, or that are written only in some cases. */
const OPTIONAL = [
  ...[
    'nginx.strikes',
    'nginx.relapses',
    'nginx.fixed',
    'acts.0.relapsed',
    'generation',
    'awaitsReboot',
    'intents.0.id',
  ],
  ...['intents.0.check', 'undo', 'commands'],
];
/** Names of entries, which may be any. */
const NAMES = ['components.nginx', 'backoff.a', 'pauses.backup', 'systems./a', 'units.u'];

/** Path of every field, list and entry of the state: names and places in lists, with dots between them. */
function placesIn(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = path === '' ? key : `${path}.${key}`;
    return [place, ...placesIn(inner, place)];
  });
}
/** Returns whether the state is accepted after the field at a place was changed. */
function isAccepted(place: string, change: (holder: Record<string, unknown>, key: string) => void): boolean {
  const state = structuredClone(FULL) as unknown as Record<string, unknown>;
  const keys = place.split('.');
  const holder = keys.slice(0, -1).reduce((one, key) => one[key] as Record<string, unknown>, state);
  change(holder, keys.at(-1)!);
  try {
    parseState(JSON.stringify(state));
    return true;
  } catch {
    return false;
  }
}
const isAmong = (place: string, ends: readonly string[]): boolean =>
  ends.some((end) => place === end || place.endsWith(`.${end}`));

describe('each field of a stored state', () => {
  const places = placesIn(FULL);
  const accepted = (change: (holder: Record<string, unknown>, key: string) => void): string[] =>
    places.filter((place) => isAccepted(place, change));

  it('is kept as it was written', () => {
    expect(parseState(JSON.stringify(FULL))).toEqual(FULL);
  });

  it('may be null only if it may have no value', () => {
    const nullable = accepted((holder, key) => void (holder[key] = null));
    expect(nullable).toEqual(places.filter((place) => isAmong(place, NULLABLE)));
  });

  it('may be missing only if earlier versions did not write it, or if there is nothing to write', () => {
    const optional = accepted((holder, key) => {
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
    });
    const entries = places.filter((place) => /\.\d+$/.test(place) || isAmong(place, NAMES));
    const expected = places.filter((place) => entries.includes(place) || isAmong(place, OPTIONAL));
    expect(optional).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['a number in place of another value', 7],
    ['a text in place of another value', 'other'],
    ['a truth value in place of another value', true],
    ['a list in place of another value', ['/a', 1, {}]],
    ['an object in place of another value', { '/a': { a: 1 } }],
  ])('is not accepted with %s', (_what, value) => {
    const kind = (one: unknown) => (Array.isArray(one) ? 'list' : typeof one);
    const valueAt = (place: string) =>
      place.split('.').reduce<unknown>((one, key) => (one as Record<string, unknown>)[key], FULL);
    const others = places.filter((place) => kind(valueAt(place)) !== kind(value));
    expect(others.filter((place) => isAccepted(place, (holder, key) => void (holder[key] = value)))).toEqual(
      [],
    );
  });

  const paths = ['running', 'repeat', 'lastChange.from', 'lastChange.to', 'systems./a.previous'];
  it.each([
    ...paths.map((path) => `generations.${path}`),
    ...['intents.0.generation.from', 'intents.0.generation.to', 'components.nginx.fixed.system'],
  ])('that is a path of a system is absolute, so that no program takes it for an option: %s', (place) => {
    const withPath = (path: string) => isAccepted(place, (holder, key) => void (holder[key] = path));
    expect([withPath('/nix/store/b'), withPath('--option'), withPath('b/c'), withPath('')]).toEqual([
      ...[true, false, false, false],
    ]);
  });

  it.each([
    ['acts.0.scope', ['host', 'process']],
    ['intents.0.scope', ['host', 'process']],
    ['acts.0.outcome', ['fixed', 'ineffective', 'failed', 'pending-reboot']],
    ['approvals.0.answer', ['waiting', 'yes']],
    ['intents.0.generation.verb', ['switch', 'boot']],
    ['commands.0.command', ['pause', 'resume', 'approve', 'reject', 'reset']],
    ['cautious', [true, false]],
    ['acts.0.relapsed', [true]],
  ])('%s has one of its words, and no other: %j', (place, words) => {
    const others = ['', 'Host', 'planned', 'skipped', 'no', 'YES', true, false];
    const known = [...words, ...others.filter((other) => !words.includes(other as never))].filter((word) =>
      isAccepted(place, (holder, key) => void (holder[key] = word)),
    );
    expect(known).toEqual(words);
  });
});

describe('the nesting of a stored state', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const deep = 'it is nested deeper than 64 levels';
  const notAnObject = 'it is not an object';

  it.each([
    ['64 lists in each other are parsed', nested(64), notAnObject],
    ['65 lists in each other are not', nested(65), deep],
    ['65 objects in each other are not', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, deep],
    ['100 lists side by side are parsed', `[${'[],'.repeat(100)}[]]`, notAnObject],
    ['100 objects side by side are parsed', `[${'{},'.repeat(100)}{}]`, notAnObject],
    ['64 lists in a list after a closed one are not', `[[],${nested(64)}]`, deep],
    ['brackets in a text do not count', JSON.stringify(['['.repeat(65)]), notAnObject],
    ['brackets after a quote in a text do not count', JSON.stringify([`"${'{'.repeat(65)}`]), notAnObject],
    ['closing brackets in a text do not count', `["]]",${nested(64)}]`, deep],
    ['brackets after a text count', `["a",${nested(64)}]`, deep],
    ['brackets after a text that ends with a quote count', `["\\"",${nested(64)}]`, deep],
    ['brackets after a text that ends with a backslash count', `["\\\\",${nested(64)}]`, deep],
    ['brackets after a text with an escaped letter count', `["\\n",${nested(64)}]`, deep],
  ])('is measured before it is parsed, and at most 64 levels: %s', (_what, text, message) => {
    expect(() => parseState(text)).toThrow(message);
  });
});
