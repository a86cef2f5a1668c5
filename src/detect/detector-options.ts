import type { Clock } from '../base/clock.js';
import { expectKnownKeys, expectMethods, expectObject } from '../base/expect.js';
import type { Host } from '../host/host.js';
import type { Check } from './check.js';
import type { MountOptions } from './mount-rules.js';
import type { Thresholds } from './thresholds.js';
import type { ServiceOption } from './watched.js';

/** What a `SimpleDetector` may be given. */
export interface DetectorOptions {
  /** What is read. Default: this machine. */
  readonly host?: Host | undefined;
  readonly clock?: Clock | undefined;
  readonly thresholds?: Partial<Thresholds> | undefined;
  /** File systems that are left out, and levels of their own. */
  readonly mounts?: MountOptions | undefined;
  /** Default: all that come with the library, and each one that is added. */
  readonly enabledChecks?: readonly string[] | undefined;
  readonly checks?: readonly Check[] | undefined;
  /** The units to watch. Without it, whichever unit has failed is an issue. */
  readonly services?: readonly ServiceOption[] | undefined;
}

const OPTIONS = ['host', 'clock', 'thresholds', 'mounts', 'enabledChecks', 'checks', 'services'];

/** Checks the options that no setter of the detector checks. */
export function expectDetectorOptions(options: DetectorOptions): void {
  expectKnownKeys('options', expectObject('options', options), OPTIONS);
  const { host, clock } = options;
  if (host !== undefined) expectMethods('host', host, ['read']);
  if (clock !== undefined) expectMethods('clock', clock, ['now', 'monotonic', 'sleep', 'random']);
}
