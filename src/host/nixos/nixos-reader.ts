import type { NixActivity, NixosReading, SystemIdentity } from '../../model/nixos-reading.js';
import type { Reading } from '../../model/reading.js';
import { nixActivity } from './activity.js';
import { NixosFiles } from './nixos-files.js';
import { identify } from './systems.js';
import { unitChanges } from './unit-changes.js';

/** Where and how a NixOS reader reads. */
export interface NixosReaderOptions {
  /** Folder below which everything is looked for, links included. Default `/`. */
  readonly root?: string;
  /** How long an unchanged answer is given again, in milliseconds. Default 30,000. */
  readonly refreshMs?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/** Reads a NixOS host: offline, without running anything, without changing anything. Nothing throws or rejects. */
export interface NixosReader {
  /** Which systems run, were booted and are kept; unknown on a host that is not NixOS. */
  read(): Reading<NixosReading>;
  /** Kernel and modules of a system. */
  identity(path: string): Reading<SystemIdentity>;
  /** Units whose definition differs between two systems, as `switch-to-configuration` compares them. */
  unitChanges(from: string, to: string, signal?: AbortSignal): Promise<Reading<readonly string[]>>;
  /** Whether a switch or a build is under way. */
  activity(): Promise<Reading<NixActivity>>;
}

const REFRESH_MS = 30_000;

/** Makes a reader. It keeps nothing open. */
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
