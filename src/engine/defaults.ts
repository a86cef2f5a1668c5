import { realClock, type Clock } from '../base/clock.js';
import { SimpleDetector, type Detector, type DetectorOptions } from '../detect/detector.js';
import { NixOSPermissionHandler, type PermissionHandlerOptions } from '../execute/permission-handler.js';
import type { Executor } from '../execute/executor.js';
import { fileStoreWith } from '../memory/file-store.js';
import { memoryStore, type Store } from '../memory/store.js';
import type { Host } from '../host/host.js';
import { isThisMachine, localHost } from '../host/local-host.js';
import { silentLogger } from '../base/logger.js';
import { SimpleResolver, type Resolver } from '../resolve/resolver.js';

/** Default adapters: the only place where adapters are chosen. */
export const defaults = {
  host: (): Host => localHost(),
  isThisMachine,
  detector: (options: DetectorOptions): Detector => new SimpleDetector(options),
  resolver: (): Resolver => new SimpleResolver(),
  executor: (options: PermissionHandlerOptions): Executor => new NixOSPermissionHandler(options),
  store: (path: string | undefined, clock: Clock): Store =>
    path === undefined ? memoryStore() : fileStoreWith(path, () => clock.monotonic()),
  clock: realClock,
  logger: silentLogger,
} as const;
