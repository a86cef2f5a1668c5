import type { NixActivity, NixosReading, SystemIdentity } from '../../model/nixos-reading.js';
import type { Reading } from '../../model/reading.js';
import { nixActivity } from './activity.js';
import { NixosFiles } from './nixos-files.js';
import { identify } from './systems.js';
import { unitChanges } from './unit-changes.js';

/** Options of a NixOS reader. */
export interface NixosReaderOptions {
  /** Root folder of all paths, including link targets. Default `/`. */
  readonly root?: string;
  /** Time that an unchanged answer is reused, in milliseconds. Default 30,000. */
  readonly refreshMs?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/** Reads a NixOS host from its files only. Nothing throws or rejects. */
export interface NixosReader {
  /** Reads the running, booted and kept systems; unknown on a host that is not NixOS. */
  read(): Reading<NixosReading>;
  /** Reads kernel and modules of a system. */
  identity(path: string): Reading<SystemIdentity>;
  /** Lists units whose definition differs between two systems, as `switch-to-configuration` compares them. */
  unitChanges(from: string, to: string, signal?: AbortSignal): Promise<Reading<readonly string[]>>;
  /** Reads whether a switch or a build is running. */
  activity(): Promise<Reading<NixActivity>>;
}

const REFRESH_MS = 30_000;

/** Creates a reader, which keeps nothing open. */
export function createNixosReader(options: NixosReaderOptions = {}): NixosReader {
  const root = (options.root ?? '/').replace(/\/+$/, '');
  const files = new NixosFiles(root, options.refreshMs ?? REFRESH_MS, options.now ?? (() => Date.now()));
  return {
    read: () => files.read(),
    identity: (path) => identify(root, path),
    unitChanges: (from, to, signal) => unitChanges(root, from, to, signal),
    activity: () => nixActivity(root),
  };
}
