import type { SimplifiedHealingEngine } from '../../src/engine/engine.js';

/** Argument of a misbehaving callback. */
export interface Call {
  readonly engine: () => SimplifiedHealingEngine | undefined;
  /** The result that a correct callback would return. */
  readonly answer: () => unknown;
  /** Resolves when every deadline is over. */
  readonly late: Promise<void>;
}

export type Way = (call: Call) => unknown;

/** The kind of a way determines the expected reaction. */
export interface Misbehaviour {
  readonly word: string;
  /**
   * `fails`: it throws, rejects or never settles. `nonsense`: it returns an invalid value. `calls back`: it calls the
   * engine.
   */
  readonly kind: 'fails' | 'hangs' | 'nonsense' | 'late' | 'calls back' | 'ends';
  readonly way: Way;
}

/** The text of the thrown value, if it has one. */
export const BOOM = 'boom';

const hostile = (name: 'toString' | 'message'): object =>
  Object.defineProperty(name === 'message' ? new Error() : {}, name, {
    get: () => {
      throw new Error('must not be read');
    },
  });

const THROWN: Readonly<Record<string, () => unknown>> = {
  'an Error': () => new Error(BOOM),
  'a string': () => BOOM,
  undefined: () => undefined,
  null: () => null,
  'a frozen object': () => Object.freeze({ message: BOOM }),
  'an object without a prototype': () => Object.create(null) as unknown,
  'an Error whose message throws': () => hostile('message'),
  'an object whose toString throws': () => hostile('toString'),
  'a proxy that throws': () =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('must not be read');
        },
        getPrototypeOf: () => {
          throw new Error('must not be read');
        },
      },
    ),
};

const NONSENSE: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  'a number': () => 42,
  NaN: () => NaN,
  'a string': () => 'nonsense',
  true: () => true,
  'an empty list': () => [],
  'a list of nulls': () => [null],
  'an empty object': () => ({}),
  'a function': () => () => 42,
  'a symbol': () => Symbol('nonsense'),
  'a bigint': () => 42n,
  'an object whose getters throw': () => hostile('message'),
  'a promise of nonsense': () => Promise.resolve(42),
};

const THENABLES: Readonly<Record<string, Way>> = {
  'a thenable that throws': () => ({
    then: () => {
      throw new Error(BOOM);
    },
  }),
  'an object whose then throws': () =>
    Object.defineProperty({}, 'then', {
      get: () => {
        throw new Error(BOOM);
      },
    }),
  'a thenable that answers and then rejects': ({ answer }) => ({
    then: (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => {
      resolve(answer());
      reject(new Error(BOOM));
    },
  }),
};

const CALLS: Readonly<Record<string, (engine: SimplifiedHealingEngine) => unknown>> = {
  'pause()': (engine) => engine.pause('from inside'),
  'healIssue()': (engine) =>
    engine.healIssue({
      type: 'service',
      component: 'inside',
      severity: 3,
      description: 'from inside',
      metricValue: 0,
      threshold: 1,
    }),
  'detectAndHeal()': (engine) => engine.detectAndHeal(),
  'status() and explain()': (engine) => [engine.status(), engine.explain(), engine.getMetrics()],
};

const ENDS: Readonly<Record<string, (engine: SimplifiedHealingEngine) => unknown>> = {
  'close()': (engine) => engine.close(),
  'stopMonitoring()': (engine) => engine.stopMonitoring(),
};

const ignored = (work: unknown): void => void Promise.resolve(work).catch(() => undefined);

const each = (
  ways: Readonly<Record<string, Way>>,
  kind: Misbehaviour['kind'],
  word: (name: string) => string,
): Misbehaviour[] => Object.entries(ways).map(([name, way]) => ({ word: word(name), kind, way }));

const mapped = <From, To>(
  from: Readonly<Record<string, From>>,
  to: (value: From) => To,
): Record<string, To> => Object.fromEntries(Object.entries(from).map(([name, value]) => [name, to(value)]));

/** Every way in which a callback of the host program may misbehave. */
export const WAYS: readonly Misbehaviour[] = [
  ...each(
    mapped(THROWN, (value) => () => {
      throw value();
    }),
    'fails',
    (name) => `throws ${name}`,
  ),
  ...each(
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    mapped(THROWN, (value) => () => Promise.reject(value())),
    'fails',
    (name) => `rejects with ${name}`,
  ),
  ...each(
    mapped(
      THROWN,
      (value) =>
        ({ late }) =>
          late.then(() => Promise.reject(value() as Error)),
    ),
    'hangs',
    (name) => `rejects after the deadline with ${name}`,
  ),
  ...each(
    mapped(NONSENSE, (value) => () => value()),
    'nonsense',
    (name) => `answers ${name}`,
  ),
  ...each(THENABLES, 'nonsense', (name) => `answers ${name}`),
  { word: 'never answers', kind: 'hangs', way: () => new Promise(() => undefined) },
  {
    word: 'answers with a thenable that never settles',
    kind: 'hangs',
    way: () => ({ then: () => undefined }),
  },
  { word: 'answers after the deadline', kind: 'late', way: ({ late, answer }) => late.then(answer) },
  ...each(
    mapped(CALLS, (call) => ({ engine, answer }) => {
      const inner = engine();
      if (inner) ignored(call(inner));
      return answer();
    }),
    'calls back',
    (name) => `calls ${name}`,
  ),
  ...each(
    mapped(ENDS, (call) => ({ engine, answer }) => {
      const inner = engine();
      if (inner) ignored(call(inner));
      return answer();
    }),
    'ends',
    (name) => `calls ${name}`,
  ),
  ...each(
    mapped({ ...CALLS, ...ENDS }, (call) => async ({ engine, answer }) => {
      const inner = engine();
      if (inner) await call(inner);
      return answer();
    }),
    'ends',
    (name) => `waits for ${name}`,
  ),
];
