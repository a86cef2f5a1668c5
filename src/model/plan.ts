import type { Effects } from './effects.js';

/** What the resolver picks, by name. The action `none` means that there is nothing to do. */
export interface HealingAction {
  readonly action: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Runs one program. */
export interface CommandStep {
  readonly kind: 'command';
  /** Program and arguments, each a string of its own: no shell ever sees them. */
  readonly argv: readonly string[];
  /** Variables added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text for its standard input. */
  readonly input?: string;
  /** Whether it takes root to succeed. */
  readonly needsRoot: boolean;
  /** After this many milliseconds the program is ended, with its children. */
  readonly timeoutMs: number;
  /** Whether stopping the engine may end it half way; if not, it is waited for, up to its timeout. */
  readonly interruptible: boolean;
  /**
   * When it runs: `start-limit-hit` only if the step before it failed because its unit was started too often. Steps
   * with the same condition in a row run together or not at all. Default: always.
   */
  readonly onlyIf?: 'start-limit-hit';
  /** The transient unit that it waits for: what that unit prints to the journal is told while it runs. */
  readonly unit?: string;
}

/** Writes one file that is there already, for example under `/sys`. */
export interface WriteStep {
  readonly kind: 'write';
  readonly path: string;
  readonly content: string;
  readonly needsRoot: boolean;
  readonly timeoutMs: number;
  readonly interruptible: boolean;
}

/** Calls a function of the host program, in this process. */
export interface CallStep {
  readonly kind: 'call';
  /** What it does, for the reader of a plan. */
  readonly name: string;
  /** The function. */
  readonly run: (context: { readonly signal: AbortSignal }) => unknown;
  readonly timeoutMs: number;
  readonly interruptible: boolean;
}

/** One step of a plan. */
export type Step = CommandStep | WriteStep | CallStep;

/** A systemd unit that a plan acts on, with the facts that the safety gates judge. */
export interface UnitTarget {
  readonly kind: 'unit';
  /** Its primary name: `ssh.service`. */
  readonly id: string;
  /** Every name it goes by, and the one it was asked for by. */
  readonly names: readonly string[];
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  /** `simple`, `oneshot`, `notify` … */
  readonly type: string;
  readonly transient: boolean;
  /** Kind of the job in progress, or empty. */
  readonly job: string;
  /** How often systemd restarted it in the last 10 minutes without a run of 60 s. */
  readonly recentRestarts: number;
  /**
   * Other units that it may be listed through: the one that it is a member of, and for a socket the service that it
   * starts. Absent where there are none.
   */
  readonly listedThrough?: readonly string[];
  /** Whether its last start ended because another unit could not be started. Absent for no. */
  readonly lacksDependency?: boolean;
  /** Units that want or require it. */
  readonly wantedBy: readonly string[];
  /** Units that would go down with it. */
  readonly dragsAlong: readonly string[];
  /** Units it needs or comes after. */
  readonly needs: readonly string[];
}

/** A target about which nothing could be read. It stands in the way of acting. */
export interface UnreadableTarget {
  readonly kind: 'unreadable';
  readonly id: string;
  readonly reason: string;
}

/** Anything else that a plan acts on: a mount, a worker of the host program. */
export interface PlainTarget {
  readonly kind: 'plain';
  readonly id: string;
}

/** What a plan acts on. */
export type Target = UnitTarget | UnreadableTarget | PlainTarget;

/** A change of the running NixOS system: from where, to where, and for which units. */
export interface PlannedGeneration {
  /** Place in the store of the system that runs when it is planned. */
  readonly from: string;
  /** Place in the store of the system that is to run; `null` for a rebuild, which has yet to make it. */
  readonly to: string | null;
  /** `boot` where it takes effect only when the host is restarted. */
  readonly verb: 'switch' | 'boot';
  /** Units that are to be active afterwards. */
  readonly units: readonly string[];
  /** Every unit that fails when it is planned: more of them afterwards is worse than before. */
  readonly failing: readonly string[];
}

/**
 * The exact steps of an action on this host. It is data: made without changing anything, and a dry run shows
 * the very plan that a real run executes.
 */
export interface Plan {
  readonly action: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** `process` when it touches only the host program itself. */
  readonly scope: 'host' | 'process';
  /** `disruptive` when somebody may notice it. */
  readonly risk: 'reversible' | 'disruptive';
  readonly targets: readonly Target[];
  readonly steps: readonly Step[];
  /** What its steps do to other units through systemd; absent in plans of executors that do not find it out. */
  readonly effects?: Effects;
  /** What it is expected to do, as one sentence. */
  readonly effect: string;
  /** How it is taken back, as one sentence. */
  readonly undo?: string;
  /** For a change of the running NixOS system: from where to where. */
  readonly generation?: PlannedGeneration;
  /**
   * The action that takes it back. It is remembered before the act, also over a crash, and done when the component has
   * been well for `guards.backoff.resetAfterMs`, and when the engine stops; not after a reboot, which took it back.
   */
  readonly restore?: HealingAction;
  /** What was measured when the plan was made, for the proof to compare with. */
  readonly baseline?: Readonly<Record<string, number>>;
  /** What a person should know besides: missing privilege, for one. */
  readonly notes: readonly string[];
  /** Why this host cannot carry it out, or would gain nothing by it. */
  readonly refusal?: Block;
  /** Why a person must approve it first. */
  readonly approval?: string;
  /**
   * Set by the root helper: it carries the plan out only after `luminous-healing approve ID` on the host, whatever the
   * daemon says.
   */
  readonly approvedBy?: 'person';
}

/**
 * Every reason for not acting, in the order in which they are looked at: the first that stands in the way is
 * named. It is the value of `blockedBy`, the label of the metric and the word that `explain()` uses.
 */
export const BLOCK_REASONS = [
  'healing-disabled',
  'paused',
  'monitor-only',
  'no-action',
  'protected',
  'unavailable',
  'not-allowed',
  'in-transition',
  'already-healthy',
  'reading-unknown',
  'no-expected-gain',
  'locked',
  'in-flight',
  'storm',
  'needs-human',
  'breaker-open',
  'backoff',
  'budget',
  'resources-busy',
  'needs-approval',
] as const;
/** A reason for not acting. */
export type BlockReason = (typeof BLOCK_REASONS)[number];

/** A gate that stands in the way. */
export interface Block {
  readonly reason: BlockReason;
  /** One sentence with the numbers. */
  readonly sentence: string;
}

/** Parameters of the actions that come with the library. */
export type BuiltInAction =
  | { readonly action: 'none'; readonly parameters: Readonly<Record<string, never>> }
  | {
      readonly action: 'clean_nix_store';
      readonly parameters: {
        readonly path?: string;
        readonly freeing?: 'space' | 'inodes';
        /** How much Nix is asked to delete, in bytes. Left out: down to the clearing level. */
        readonly maxFreed?: number;
      };
    }
  | { readonly action: 'clear_system_cache'; readonly parameters: Readonly<Record<string, never>> }
  | {
      readonly action: 'set_cpu_governor';
      readonly parameters:
        { readonly governor?: string } | { readonly governors: Readonly<Record<string, string>> };
    }
  | {
      readonly action: 'restart_service';
      readonly parameters: { readonly service: string } | { readonly freeing: 'memory' };
    }
  | { readonly action: 'reload_service'; readonly parameters: { readonly service: string } }
  | { readonly action: 'rollback_generation'; readonly parameters: { readonly undo?: true } }
  | { readonly action: 'rebuild_system'; readonly parameters: Readonly<Record<string, never>> };
