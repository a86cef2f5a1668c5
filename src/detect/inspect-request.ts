import {
  expectBoolean,
  expectFunction,
  expectKnownKeys,
  expectObject,
  expectSignal,
  expectText,
} from '../base/expect.js';

/** What to look at. */
export interface InspectRequest {
  /** Only what can speak for this component: `disk:/var`, `nginx`. Everything when left out. */
  readonly component?: string | undefined;
  /** Units as systemd last told of them will do, at most 5 s old. Default `false`: as things stand. */
  readonly recent?: boolean | undefined;
  /** Name of a check that must be among those that run, beside all others that can speak for the component. */
  readonly check?: string | undefined;
  /**
   * Runs checks of the host program again that are still running, and asks about a unit although no change of it was
   * signalled: no answer may have begun before now.
   * Default `false`: their answers are shared where one component is asked for, and not waited for otherwise.
   */
  readonly fresh?: boolean | undefined;
  /** Components whose checks of the host program do not run: they are being repaired. */
  readonly skip?: ((component: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Everything. */
export const NO_REQUEST: InspectRequest = Object.freeze({});

const KEYS = ['component', 'recent', 'check', 'fresh', 'skip', 'signal'];

/** Checks what a detector is asked. */
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
