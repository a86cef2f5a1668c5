import { expectKnownKeys, expectObject, expectSignal } from '../expect.js';

/** What to look at. */
export interface InspectRequest {
  /** Only what can speak for this component: `disk:/var`, `nginx`. Everything when left out. */
  readonly component?: string | undefined;
  /** Units as systemd last told of them will do, at most 5 s old. Default `false`: as things stand. */
  readonly recent?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Everything. */
export const NO_REQUEST: InspectRequest = Object.freeze({});

/** Checks what a detector is asked. */
export function expectInspectRequest(request: InspectRequest): void {
  if (request === NO_REQUEST) return;
  expectKnownKeys('request', expectObject('request', request), ['component', 'recent', 'signal']);
  expectSignal(request.signal);
}
