import {
  expectBoolean,
  expectFunction,
  expectKnownKeys,
  expectObject,
  expectSignal,
  expectText,
} from '../base/expect.js';
import type { Host } from '../host/host.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';
import type { Glance } from './fast-path.js';
import type { Healer } from './healer.js';

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

/** Scope of one look. */
export interface InspectRequest {
  /** Only the checks that judge this component: `disk:/var`, `nginx`. Default: all. */
  readonly component?: string | undefined;
  /**
   * Accepts units and the state of systemd as last signalled, and a count of out-of-memory kills that is at most 5 s
   * old. Default `false`: reads them now.
   */
  readonly recent?: boolean | undefined;
  /** Name of a check that must run, besides the others that judge the component. */
  readonly check?: string | undefined;
  /**
   * Accepts no answer that began before now: checks of the host program that are still running are run again, and a
   * unit is read although no change of it was signalled. Default `false`.
   */
  readonly fresh?: boolean | undefined;
  /** Components that are being repaired: their checks of the host program do not run. */
  readonly skip?: ((component: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Request for all components. */
export const NO_REQUEST: InspectRequest = Object.freeze({});

const KEYS = ['component', 'recent', 'check', 'fresh', 'skip', 'signal'];

/** Throws for an invalid request. */
export function expectInspectRequest(request: InspectRequest): void {
  if (request === NO_REQUEST) return;
  expectKnownKeys('request', expectObject('request', request), KEYS);
  const { component, check, recent, fresh, skip, signal } = request;
  if (component !== undefined) expectText('request.component', component);
  if (check !== undefined) expectText('request.check', check);
  if (recent !== undefined) expectBoolean('request.recent', recent);
  if (fresh !== undefined) expectBoolean('request.fresh', fresh);
  expectFunction('request.skip', skip);
  expectSignal(signal);
}
