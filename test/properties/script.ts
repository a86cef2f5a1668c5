import fc from 'fast-check';
import { COMPONENTS, CONDITIONS, LISTED } from './world.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How one act goes. */
export interface ActScript {
  readonly goes:
    | 'well'
    | 'for nothing'
    | 'wrong'
    | 'wrong, but it helps'
    | 'worse'
    | 'broken'
    | 'nonsense'
    | 'refused'
    | 'well, and it dies in settling'
    | 'well, and nobody can tell';
  readonly takesMs: number;
  /** What happens while it is under way. */
  readonly meanwhile?:
    | 'healing disabled'
    | 'dry run'
    | 'pause'
    | { readonly component: string; readonly to: (typeof CONDITIONS)[number] };
}

/** Where an engine dies. */
export interface CrashPoint {
  readonly at: 'before the save' | 'after the save' | 'before the act' | 'after the act';
  /** So many are let pass. */
  readonly after: number;
}

/** One thing that happens. */
export type Event =
  | { readonly what: 'turns'; readonly component: string; readonly to: (typeof CONDITIONS)[number] }
  | { readonly what: 'many fail'; readonly count: number }
  | { readonly what: 'time passes'; readonly ms: number }
  | { readonly what: 'the clock jumps'; readonly ms: number }
  | { readonly what: 'cycles'; readonly times: number; readonly everyMs: number }
  | {
      readonly what: 'goes through';
      readonly component: string;
      readonly conditions: readonly (typeof CONDITIONS)[number][];
      readonly everyMs: number;
    }
  | { readonly what: 'monitoring'; readonly minutes: number }
  | { readonly what: 'heal by hand'; readonly component: string }
  | { readonly what: 'batch'; readonly components: readonly string[] }
  | { readonly what: 'acts will go'; readonly acts: readonly ActScript[] }
  | { readonly what: 'planning fails'; readonly component: string; readonly fails: boolean }
  | { readonly what: 'saving fails'; readonly times: number }
  | {
      readonly what: 'will crash';
      readonly point: CrashPoint;
      readonly downMs: number;
      readonly jumpMs: number;
    }
  | { readonly what: 'restarts'; readonly cleanly: boolean; readonly lost: boolean; readonly downMs: number }
  | { readonly what: 'pause' | 'resume'; readonly reason: string }
  | { readonly what: 'answers'; readonly yes: boolean }
  | { readonly what: 'reset'; readonly component: string }
  | { readonly what: 'healing enabled' | 'dry run'; readonly value: boolean };

/** A whole story: how the engine is set up, and what happens. */
export interface History {
  readonly listed: boolean;
  /** What the option `approve` answers, and after how long; without one, people call `approve(id)`. */
  readonly approver?: { readonly answer: boolean | 'throws'; readonly afterMs: number };
  readonly chance: number;
  /** Whether a whole day of health is waited for in the end. */
  readonly toTheEnd: boolean;
  /** How an act goes of which nothing else is said, until all is well in the end. */
  readonly usually: ActScript['goes'];
  /** What is in trouble when the story begins. */
  readonly troubles: readonly string[];
  readonly events: readonly Event[];
}

const component = fc.constantFrom(...COMPONENTS);
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
      'well, and it dies in settling',
      'well, and nobody can tell',
    ),
    takesMs: fc.constantFrom(0, 0, 0, 1_000, 70_000, 10 * MINUTE),
    meanwhile: fc.oneof(
      fc.constantFrom('healing disabled' as const, 'dry run' as const, 'pause' as const),
      fc.record({ component, to: condition }),
    ),
  },
  { requiredKeys: ['goes', 'takesMs'] },
);

const weighted = {
  turns: {
    weight: 8,
    arbitrary: fc.record({ what: fc.constant('turns' as const), component, to: troubled }),
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
      component,
      conditions: fc.oneof(
        fc.array(troubled, { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 4, max: 9 }).map((times) => Array.from({ length: times }, () => 'bad' as const)),
      ),
      everyMs: fc.constantFrom(70_000, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 67 * MINUTE),
    }),
  },
  monitoring: {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('monitoring' as const), minutes: fc.constantFrom(1, 2, 4) }),
  },
  hand: { weight: 2, arbitrary: fc.record({ what: fc.constant('heal by hand' as const), component }) },
  batch: {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('batch' as const),
      components: fc.array(component, { maxLength: 4 }),
    }),
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

/** Kinds of events that histories may lean to. */
export type Kind = keyof typeof weighted;

/** Histories in which some kinds of events come more often than usual. */
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
  const troubles = fc.uniqueArray(component, { maxLength: 3 });
  const events = fc.array(fc.oneof(...kinds.filter(({ weight }) => weight > 0)), {
    minLength: 2,
    maxLength: 6,
    size: 'max',
  });
  const story = {
    listed: fc.boolean(),
    chance: fc.constantFrom(0, 0.5, 0.999),
    toTheEnd: fc.boolean(),
    usually,
    troubles,
    events,
  };
  return fc.oneof(
    { weight: 4, arbitrary: fc.record(story) },
    { weight: 1, arbitrary: fc.record({ ...story, approver: answer }) },
  );
}
