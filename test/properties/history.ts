import type { Condition } from './conditions.js';
import type { Manner } from './probes.js';

/** Result of one repair. */
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
    | 'well, by another plan'
    | 'well, and it dies in settling'
    | 'well, and nobody can tell';
  readonly takesMs: number;
  /** Delay after the repair until it takes effect. */
  readonly lateMs?: number;
  /** Time until the component is bad again. */
  readonly lastsMs?: number;
  /** Event during the repair. */
  readonly during?:
    'healing disabled' | 'dry run' | 'pause' | { readonly component: string; readonly to: Condition };
}

/** Point at which an engine dies. */
export interface CrashPoint {
  readonly at: 'before the save' | 'after the save' | 'before the act' | 'after the act';
  /** Number of earlier passes of that point. */
  readonly after: number;
}

/** Event of a history. */
export type Event =
  | { readonly what: 'turns'; readonly component: string; readonly to: Condition }
  | { readonly what: 'many fail'; readonly count: number }
  | { readonly what: 'time passes'; readonly ms: number }
  | { readonly what: 'the clock jumps'; readonly ms: number }
  | { readonly what: 'cycles'; readonly times: number; readonly everyMs: number }
  | {
      readonly what: 'goes through';
      readonly component: string;
      readonly conditions: readonly Condition[];
      readonly everyMs: number;
    }
  | {
      readonly what: 'monitoring';
      readonly minutes: number;
      readonly everyS?: number;
      /** Components that change, and when. */
      readonly turns?: readonly {
        readonly afterMs: number;
        readonly component: string;
        readonly to: Condition;
      }[];
    }
  | { readonly what: 'heal by hand'; readonly component: string; readonly dryRun?: boolean }
  | { readonly what: 'batch'; readonly components: readonly string[]; readonly dryRun?: boolean }
  | { readonly what: 'rehearsal' }
  | { readonly what: 'acts will go'; readonly acts: readonly ActScript[] }
  | { readonly what: 'a check answers'; readonly check: string; readonly after: Manner }
  | { readonly what: 'plans change'; readonly component: string; readonly change: boolean }
  | { readonly what: 'gets neighbours'; readonly component: string; readonly units: readonly string[] }
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

/** History: the setup of the engine, and the events. */
export interface History {
  readonly listed: boolean;
  /** Answer of the option `approve`, and its delay; without one, operators call `approve(id)`. */
  readonly approver?: { readonly answer: boolean | 'throws'; readonly afterMs: number };
  readonly chance: number;
  /** `true` if a whole day of health follows at the end. */
  readonly toTheEnd: boolean;
  /** Result of repairs without a prescribed one, until all is well at the end. */
  readonly usually: ActScript['goes'];
  /** Duration of the effect of such repairs. */
  readonly usuallyLastsMs?: number;
  /** Components that are bad at the beginning. */
  readonly badAtStart: readonly string[];
  readonly events: readonly Event[];
}
