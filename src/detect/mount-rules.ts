import { expectArray, expectKnownKeys, expectNumber, expectObject, refusal } from '../base/expect.js';
import type { UsageReading } from '../model/snapshot.js';

/** Threshold of one mount point; at least one of the two is required. */
export interface MountLevel {
  /** Use in percent, 0–100. Alone: bad above it. */
  readonly percent?: number | undefined;
  /** Bytes that must stay free, more than 0. Alone: bad below it. With `percent`: bad only if both are exceeded. */
  readonly freeBytes?: number | undefined;
}

/** Mount points and thresholds of the check `disk`. */
export interface MountOptions {
  /** Excluded mount points: a path, or a prefix and `*`, as in `/mnt/*`. Default: none. */
  readonly exclude?: readonly string[] | undefined;
  /** Thresholds by mount point, in place of `thresholds.diskPercent`, which still applies to inodes. Default: none. */
  readonly levels?: Readonly<Record<string, MountLevel>> | undefined;
}

/** Checked rules of {@link MountOptions}. Immutable. */
export class MountRules {
  /** True if there are no rules. */
  readonly none: boolean;
  /** Mount points that have a level and are not excluded. */
  readonly namedPaths: readonly string[];
  readonly #exact: ReadonlySet<string>;
  readonly #starts: readonly string[];
  readonly #levels: ReadonlyMap<string, MountLevel>;

  constructor(options: unknown = {}) {
    const { exclude = [], levels = {} } = keysOf('mounts', options, ['exclude', 'levels']);
    const paths = expectArray('mounts.exclude', exclude).map((path) =>
      expectPath('mounts.exclude', path, true),
    );
    this.#exact = new Set(paths);
    this.#starts = paths.filter((path) => path.endsWith('*')).map((path) => path.slice(0, -1));
    this.#levels = new Map(
      Object.entries(expectObject('mounts.levels', levels)).map(([path, level]) => [
        expectPath('mounts.levels', path),
        expectLevel(path, level),
      ]),
    );
    this.namedPaths = Object.freeze([...this.#levels.keys()].filter((path) => !this.leavesOut(path)));
    this.none = paths.length === 0 && this.#levels.size === 0;
  }

  /** Returns whether a mount point is excluded. */
  leavesOut(mountPoint: string): boolean {
    return this.#exact.has(mountPoint) || this.#starts.some((start) => mountPoint.startsWith(start));
  }

  /** Returns whether a mount point has a level. */
  has(mountPoint: string): boolean {
    return this.#levels.has(mountPoint);
  }

  /** Returns the percentage above which a file system is too full; free bytes are converted by its size. */
  levelOf(mountPoint: string, { used, available }: UsageReading, usual: number): number {
    const level = this.#levels.get(mountPoint);
    if (level === undefined) return usual;
    const floor = level.freeBytes === undefined ? 0 : 100 * (1 - level.freeBytes / (used + available));
    return Math.max(level.percent ?? 0, floor, 0);
  }

  /** Returns the percentage below which its issue clears: 5 points below its level, or 1.1 times the required free bytes. */
  clearingLevelOf(mountPoint: string, { used, available }: UsageReading): number {
    const { percent, freeBytes } = this.#levels.get(mountPoint) ?? {};
    const floor = freeBytes === undefined ? 0 : 100 * (1 - (1.1 * freeBytes) / (used + available));
    return Math.max(percent === undefined ? 0 : percent - 5, floor, 0);
  }
}

function expectPath(name: string, path: unknown, star = false): string {
  const wanted = star ? 'absolute paths, which may end with `*`' : 'absolute paths';
  if (typeof path !== 'string' || !path.startsWith('/')) throw refusal(name, wanted, path);
  const inner = star && path.endsWith('*') ? path.slice(0, -1) : path;
  if (inner.includes('*') || (inner.length > 1 && path === inner && inner.endsWith('/')))
    throw refusal(name, `${wanted}, without a slash at the end`, path);
  return path;
}

function expectLevel(path: string, level: unknown): MountLevel {
  const name = `mounts.levels.${path}`;
  const { percent, freeBytes } = keysOf(name, level, ['percent', 'freeBytes']);
  if (percent === undefined && freeBytes === undefined)
    throw refusal(name, 'an object with `percent`, `freeBytes` or both', level);
  return {
    ...(percent === undefined ? {} : { percent: expectNumber(`${name}.percent`, percent, 0, 100) }),
    ...(freeBytes === undefined
      ? {}
      : { freeBytes: expectNumber(`${name}.freeBytes`, freeBytes, 1, Number.MAX_SAFE_INTEGER) }),
  };
}

function keysOf(name: string, value: unknown, known: readonly string[]): Record<string, unknown> {
  const object = expectObject(name, value);
  expectKnownKeys(name, object, known);
  return object;
}
