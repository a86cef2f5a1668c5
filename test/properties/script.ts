import fc from 'fast-check';
import { ASPECTS, COMPONENTS, CONDITIONS, LISTED, PROBES } from './conditions.js';
import type { ActScript, Event, History } from './history.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const component = fc.constantFrom(...COMPONENTS);
const aspect = fc.constantFrom(...ASPECTS);
/** States that are more frequent for listed services, own components and probes. */
const lively = fc.constantFrom(...ASPECTS, 'web-http', 'web-http', 'db-query', 'db-query', 'web', 'pool');
const condition = fc.constantFrom(...CONDITIONS);
const troubled = fc.constantFrom(...CONDITIONS, 'bad', 'bad', 'bad', 'worse', 'ok');
const wait = fc.constantFrom(
  0,
  1_000,
  2_999,
  30_000,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  11 * MINUTE,
  16 * MINUTE,
  HOUR,
  5 * HOUR,
  25 * HOUR,
);
const jump = fc.constantFrom(0, 1_000, -1_000, HOUR, -HOUR, 30 * 24 * HOUR, -30 * 24 * HOUR);

const act: fc.Arbitrary<ActScript> = fc.record(
  {
    goes: fc.constantFrom(
      'well',
      'for nothing',
      'for nothing',
      'wrong',
      'wrong, but it helps',
      'worse',
      'broken',
      'nonsense',
      'refused',
      'well, by another plan',
      'well',
      'well',
      'well, and it dies in settling',
      'well, and nobody can tell',
    ),
    takesMs: fc.constantFrom(0, 0, 0, 1_000, 70_000, 10 * MINUTE),
    lateMs: fc.constantFrom(1_500, 4_000, 30_000, 90_000),
    lastsMs: fc.constantFrom(2_000, 12_000, 30_000, 90_000, 3 * MINUTE, 7 * MINUTE, 20 * MINUTE),
    during: fc.oneof(
      fc.constantFrom('healing disabled' as const, 'dry run' as const, 'pause' as const),
      fc.record({ component: aspect, to: condition }),
    ),
  },
  { requiredKeys: ['goes', 'takesMs'] },
);

const weighted = {
  turns: {
    weight: 8,
    arbitrary: fc.record({ what: fc.constant('turns' as const), component: lively, to: troubled }),
  },
  storm: {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('many fail' as const),
      count: fc.integer({ min: 4, max: LISTED.length }),
    }),
  },
  time: { weight: 3, arbitrary: fc.record({ what: fc.constant('time passes' as const), ms: wait }) },
  jump: { weight: 1, arbitrary: fc.record({ what: fc.constant('the clock jumps' as const), ms: jump }) },
  cycles: {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('cycles' as const),
      times: fc.constantFrom(1, 1, 1, 2, 5),
      everyMs: fc.constantFrom(1_000, MINUTE, 2 * MINUTE, 11 * MINUTE, 67 * MINUTE),
    }),
  },
  through: {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('goes through' as const),
      component: lively,
      conditions: fc.oneof(
        fc.array(troubled, { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 4, max: 9 }).map((times) => Array.from({ length: times }, () => 'bad' as const)),
      ),
      everyMs: fc.constantFrom(70_000, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 67 * MINUTE),
    }),
  },
  monitoring: {
    weight: 2,
    arbitrary: fc.record(
      {
        what: fc.constant('monitoring' as const),
        minutes: fc.constantFrom(1, 2, 4),
        everyS: fc.constantFrom(5, 20, 60),
        turns: fc.array(
          fc.record({
            afterMs: fc.constantFrom(0, 2_500, 11_000, 25_000, 61_000, 100_000),
            component: lively,
            to: troubled,
          }),
          { maxLength: 4 },
        ),
      },
      { requiredKeys: ['what', 'minutes'] },
    ),
  },
  hand: {
    weight: 2,
    arbitrary: fc.record(
      { what: fc.constant('heal by hand' as const), component, dryRun: fc.constant(true) },
      { requiredKeys: ['what', 'component'] },
    ),
  },
  rehearsal: { weight: 1, arbitrary: fc.record({ what: fc.constant('rehearsal' as const) }) },
  checks: {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('a check answers' as const),
      check: fc.constantFrom(...Object.keys(PROBES)),
      after: fc.constantFrom(0, 1_000, 3_000, 8_000, 20_000, 'never' as const),
    }),
  },
  plans: {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('plans change' as const),
      component: fc.constantFrom('web', 'db', 'mail', 'mail', 'pool', 'memory'),
      change: fc.constantFrom(true, true, false),
    }),
  },
  neighbours: {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('gets neighbours' as const),
      component: fc.constantFrom('web', 'db', 'queue'),
      units: fc.subarray(['web.service', 'db.service', 'queue.service', 'stray.service', 'sshd.service']),
    }),
  },
  batch: {
    weight: 1,
    arbitrary: fc.record(
      {
        what: fc.constant('batch' as const),
        components: fc.array(component, { maxLength: 4 }),
        dryRun: fc.constant(true),
      },
      { requiredKeys: ['what', 'components'] },
    ),
  },
  acts: {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('acts will go' as const),
      acts: fc.array(act, { minLength: 1, maxLength: 4 }),
    }),
  },
  planning: {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('planning fails' as const), component, fails: fc.boolean() }),
  },
  saving: {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('saving fails' as const),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  crash: {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('will crash' as const),
      point: fc.record({
        at: fc.constantFrom(
          'before the save' as const,
          'after the save' as const,
          'before the act' as const,
          'after the act' as const,
        ),
        after: fc.nat({ max: 3 }),
      }),
      downMs: wait,
      jumpMs: jump,
    }),
  },
  restart: {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('restarts' as const),
      cleanly: fc.boolean(),
      lost: fc.boolean(),
      downMs: wait,
    }),
  },
  pause: {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom('pause' as const, 'resume' as const, 'resume' as const),
      reason: fc.constantFrom('backup', 'upgrade'),
    }),
  },
  answers: { weight: 3, arbitrary: fc.record({ what: fc.constant('answers' as const), yes: fc.boolean() }) },
  reset: { weight: 1, arbitrary: fc.record({ what: fc.constant('reset' as const), component }) },
  switches: {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom('healing enabled' as const, 'dry run' as const),
      value: fc.boolean(),
    }),
  },
} satisfies Record<string, { readonly weight: number; readonly arbitrary: fc.Arbitrary<Event> }>;

/** Kinds of events that can be made more frequent. */
export type Kind = keyof typeof weighted;

/** Returns histories in which some kinds of events are more frequent than usual. */
export function histories(more: Partial<Record<Kind, number>> = {}): fc.Arbitrary<History> {
  const kinds = Object.entries(weighted).map(([kind, { weight, arbitrary }]) => ({
    weight: weight * (more[kind as Kind] ?? 1),
    arbitrary: arbitrary as fc.Arbitrary<Event>,
  }));
  const answer = fc.record({
    answer: fc.constantFrom<boolean | 'throws'>(true, false, 'throws'),
    afterMs: fc.constantFrom(0, 5 * MINUTE, 20 * MINUTE),
  });
  const usually = fc.constantFrom<ActScript['goes']>(
    'well',
    'well',
    'for nothing',
    'for nothing',
    'wrong',
    'worse',
  );
  const badAtStart = fc.uniqueArray(aspect, { maxLength: 3 });
  const events = fc.array(fc.oneof(...kinds.filter(({ weight }) => weight > 0)), {
    minLength: 2,
    maxLength: 7,
    size: 'max',
  });
  // State at the beginning.
  const { acts, checks, plans, neighbours } = weighted;
  const settings = [acts, checks, plans, neighbours].map(({ arbitrary }) => arbitrary as fc.Arbitrary<Event>);
  const setting = fc.array(fc.oneof(...settings), { maxLength: 2 });
  const story = {
    listed: fc.boolean(),
    chance: fc.constantFrom(0, 0.5, 0.999),
    toTheEnd: fc.boolean(),
    usually,
    badAtStart,
    events: fc.tuple(setting, events).map((both) => both.flat()),
  };
  const usuallyLastsMs = fc.constantFrom(2_000, 20_000, 50_000, 3 * MINUTE);
  return fc.oneof(
    { weight: 3, arbitrary: fc.record(story) },
    { weight: 1, arbitrary: fc.record({ ...story, usuallyLastsMs }) },
    { weight: 1, arbitrary: fc.record({ ...story, approver: answer }) },
  );
}
