import type { Condition } from './conditions.js';
import type { Manner } from './probes.js';

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
    | 'well, by another plan'
    | 'well, and it dies in settling'
    | 'well, and nobody can tell';
  readonly takesMs: number;
  /** So long after the act it helps. */
  readonly lateMs?: number;
  /** So long it lasts, before it is bad again. */
  readonly lastsMs?: number;
  /** What happens while it is under way. */
  readonly meanwhile?:
    'healing disabled' | 'dry run' | 'pause' | { readonly component: string; readonly to: Condition };
}

/** Where an engine dies. */
export interface CrashPoint {
  readonly at: 'before the save' | 'after the save' | 'before the act' | 'after the act';
  /** So many are let pass. */
  readonly after: number;
}

/** One thing that happens. */
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
      /** What turns meanwhile, and when. */
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
  /** How long an act lasts of which nothing else is said. */
  readonly usuallyLastsMs?: number;
  /** What is in trouble when the story begins. */
  readonly troubles: readonly string[];
  readonly events: readonly Event[];
}
