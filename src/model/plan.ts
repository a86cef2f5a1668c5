import type { Effects } from './effects.js';

/** Action chosen by the resolver. `none` means that there is nothing to do. */
export interface HealingAction {
  readonly action: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Runs one program. */
export interface CommandStep {
  readonly kind: 'command';
  /** Program and arguments; no shell is involved. */
  readonly argv: readonly string[];
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text for its standard input. */
  readonly input?: string;
  readonly needsRoot: boolean;
  /** Time limit in milliseconds; then the program is ended with its children. */
  readonly timeoutMs: number;
  /** `false` if stopping the engine has to wait for it, up to its timeout. */
  readonly interruptible: boolean;
  /**
   * When it runs, by how the last unconditional step failed: `start-limit-hit` only if its unit was started too often;
   * `not-activated` only if it was a switch of the system that ended before the activation; `boot-loader-failed` only if
   * such a switch could not write the boot loader. Consecutive steps with the same condition run together or not at all.
   * Default: runs always.
   */
  readonly onlyIf?: 'start-limit-hit' | 'not-activated' | 'boot-loader-failed';
  /** Transient unit that it waits for; its journal lines are reported while it runs. */
  readonly unit?: string;
}

/** Writes one existing file, for example under `/sys`. */
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
  /** Description for readers of the plan. */
  readonly name: string;
  /** Runs the step. */
  readonly run: (context: { readonly signal: AbortSignal }) => unknown;
  readonly timeoutMs: number;
  readonly interruptible: boolean;
}

/** One step of a plan. */
export type Step = CommandStep | WriteStep | CallStep;

/** A systemd unit that a plan acts on, with the properties that the safety gates use. */
export interface UnitTarget {
  readonly kind: 'unit';
  /** Primary name: `ssh.service`. */
  readonly id: string;
  /** Every name, including the requested one. */
  readonly names: readonly string[];
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  /** `simple`, `oneshot`, `notify` … */
  readonly type: string;
  readonly transient: boolean;
  /** Type of the job in progress, or empty. */
  readonly job: string;
  /** Restarts by systemd in the last 10 minutes without a run of 60 s. */
  readonly recentRestarts: number;
  /**
   * Other units whose listing covers it: the one that groups it and, for a socket, its service. Absent if there are none.
   */
  readonly listedThrough?: readonly string[];
  /** `true` if its last start ended because another unit could not be started. */
  readonly lacksDependency?: boolean;
  /** Units that want or require it. */
  readonly wantedBy: readonly string[];
  /** Units that stop with it. */
  readonly dragsAlong: readonly string[];
  /** Units that it requires or is ordered after. */
  readonly needs: readonly string[];
}

/** A target that could not be read, which blocks the plan. */
export interface UnreadableTarget {
  readonly kind: 'unreadable';
  readonly id: string;
  readonly reason: string;
}

/** Any other target: a mount, a worker of the host program. */
export interface PlainTarget {
  readonly kind: 'plain';
  readonly id: string;
}

/** Target of a plan. */
export type Target = UnitTarget | UnreadableTarget | PlainTarget;

/** Change of the running NixOS system. */
export interface PlannedGeneration {
  /** Store path of the running system. */
  readonly from: string;
  /** Store path of the new system; `null` for a rebuild, which has yet to build it. */
  readonly to: string | null;
  /** `boot` if it takes effect only after a reboot. */
  readonly verb: 'switch' | 'boot';
  /** Units that must be active afterwards. */
  readonly units: readonly string[];
  /** Units that fail at planning time; further failed units afterwards make the result worse. */
  readonly failing: readonly string[];
}

/**
 * Exact steps of an action on this host, as plain data. Planning changes nothing, and a dry run shows the same plan that
 * a real run executes.
 */
export interface Plan {
  readonly action: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** `process` if it affects only the host program. */
  readonly scope: 'host' | 'process';
  /** `disruptive` if users may notice it. */
  readonly risk: 'reversible' | 'disruptive';
  readonly targets: readonly Target[];
  readonly steps: readonly Step[];
  /** Effects on other units through systemd; absent if the executor does not determine them. */
  readonly effects?: Effects;
  /** Expected result, as one sentence. */
  readonly effect: string;
  /** How to undo it, as one sentence. */
  readonly undo?: string;
  /** Change of the running NixOS system, if it makes one. */
  readonly generation?: PlannedGeneration;
  /**
   * Action that undoes it. It is saved before the repair, and executed once the component has been healthy for
   * `guards.backoff.resetAfterMs` or when the engine stops; not after a reboot, which undoes it as well.
   */
  readonly restore?: HealingAction;
  /** Values measured at planning time, which the verification compares with. */
  readonly baseline?: Readonly<Record<string, number>>;
  /** Further remarks, such as a missing privilege. */
  readonly notes: readonly string[];
  /** Why this host cannot execute it, or would gain nothing by it. */
  readonly refusal?: Block;
  /** Why it needs approval. */
  readonly approval?: string;
  /**
   * Set by the root helper, which executes the plan only after `luminous-healing approve ID` on the host.
   */
  readonly approvedBy?: 'person';
}

/**
 * Every reason for not acting, in order of evaluation: the first that applies is reported. Value of `blockedBy`, label
 * of the metric, and name in `explain()`.
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

/** A gate that blocks a repair. */
export interface Block {
  readonly reason: BlockReason;
  /** One sentence with the numbers. */
  readonly sentence: string;
}

/** Parameters of the built-in actions. */
export type BuiltInAction =
  | { readonly action: 'none'; readonly parameters: Readonly<Record<string, never>> }
  | {
      readonly action: 'clean_nix_store';
      readonly parameters: {
        readonly path?: string;
        readonly freeing?: 'space' | 'inodes';
        /** Bytes that Nix is asked to delete. Default: down to the clearing level. */
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
