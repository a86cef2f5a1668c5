import type { Clock } from '../base/clock.js';
import { expectKnownKeys, expectMethods, expectObject } from '../base/expect.js';
import type { Host } from '../host/host.js';
import type { Check } from './check.js';
import type { MountOptions } from './mount-rules.js';
import type { Thresholds } from './thresholds.js';
import type { ServiceOption } from './watched.js';

/** Options of {@link SimpleDetector}. */
export interface DetectorOptions {
  /** Host to read. Default: this machine. */
  readonly host?: Host | undefined;
  readonly clock?: Clock | undefined;
  readonly thresholds?: Partial<Thresholds> | undefined;
  /** File systems to exclude, and thresholds per mount point. */
  readonly mounts?: MountOptions | undefined;
  /** Default: all built-in checks, and each one that is added. */
  readonly enabledChecks?: readonly string[] | undefined;
  readonly checks?: readonly Check[] | undefined;
  /** Units to watch. Default: every failed unit is an issue. */
  readonly services?: readonly ServiceOption[] | undefined;
}

const OPTIONS = ['host', 'clock', 'thresholds', 'mounts', 'enabledChecks', 'checks', 'services'];

/** Throws for an invalid option that no setter checks. */
export function expectDetectorOptions(options: DetectorOptions): void {
  expectKnownKeys('options', expectObject('options', options), OPTIONS);
  const { host, clock } = options;
  if (host !== undefined) expectMethods('host', host, ['read']);
  if (clock !== undefined) expectMethods('clock', clock, ['now', 'monotonic', 'sleep', 'random']);
}
