import type { Host } from '../host/host.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';
import type { Glance } from './fast-path.js';
import type { Healer } from './healer.js';
import type { InspectRequest } from './inspect-request.js';

/** Verdicts, synchronous where nothing has to be awaited. */
export type Looked = readonly ComponentVerdict[] | Promise<readonly ComponentVerdict[]>;

/** The port that finds issues. Only `detectIssues` is required. */
export interface Detector {
  /** Returns the issues of this moment, without debounce. */
  detectIssues(request?: InspectRequest): Promise<readonly Issue[]>;
  /** Returns every verdict, `ok` and `unknown` included. Without it, a component without an issue counts as healthy. */
  inspect?(request?: InspectRequest): Promise<readonly ComponentVerdict[]>;
  /** Same as `inspect`, but synchronous where possible, which saves the cost of a promise. Optional. */
  look?(request?: InspectRequest): Looked;
  /** Returns the repair function of a check. Optional. */
  healer?(check: string): Healer | undefined;
  /** Host that it reads: issues of another machine are never acted on here. Optional. */
  readonly host?: Host | undefined;
  /** Longest time limit of its checks, in milliseconds, added to the time limit of a look. Default 0. Optional. */
  readonly longestCheckMs?: number | undefined;
  /** Returns a fast path that only tells whether everything is well. Optional. */
  glance?(): Glance | undefined;
}
