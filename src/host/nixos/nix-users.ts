import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { posix } from 'node:path';

const CONFIGURATION = '/etc/nix/nix.conf';
/** Limit of nested includes. */
const INCLUDE_LIMIT = 16;

/** Client of nix-daemon, by the names that it checks. */
export interface DaemonUser {
  readonly user: string;
  /** Name of the primary group of the process. */
  readonly group: string;
}

/**
 * Returns whether nix-daemon accepts a user, by `allowed-users` and `trusted-users` in `/etc/nix/nix.conf`. An unreadable
 * configuration allows everyone, as the default does.
 */
export function isAllowedByNix(root: string, { user, group }: DaemonUser): boolean {
  const settings = new Map<string, readonly string[]>([
    ['allowed-users', ['*']],
    ['trusted-users', ['root']],
  ]);
  apply(root, CONFIGURATION, settings, 0);
  const groups = groupsOf(root, user);
  return [...settings.values()]
    .flat()
    .some(
      (word) =>
        word === '*' || word === user || word === `@${group}` || groups.some((name) => word === `@${name}`),
    );
}

/** Returns whether nix-daemon accepts this process. Root is always accepted. */
export function isThisUserAllowed(root: string): boolean {
  if (process.getuid?.() === 0) return true;
  try {
    const { username, gid } = userInfo();
    return isAllowedByNix(root, { user: username, group: groupNamed(root, gid) });
  } catch {
    // A user without a name: only `*` allows it.
    return isAllowedByNix(root, { user: '', group: '' });
  }
}

/** Applies a file: later lines take precedence, `extra-NAME` adds, and an include is read in its place. */
function apply(root: string, path: string, settings: Map<string, readonly string[]>, depth: number): void {
  if (depth > INCLUDE_LIMIT) return;
  for (const line of textOf(`${root}${path}`).split('\n')) {
    const text = line.replace(/#.*/, '').trim();
    const include = /^!?include\s+(\S+)$/.exec(text)?.[1];
    if (include !== undefined) apply(root, posix.resolve(posix.dirname(path), include), settings, depth + 1);
    const [, extra, name = '', value = ''] = /^(extra-)?([a-z-]+)\s*=\s*(.*)$/.exec(text) ?? [];
    if (!settings.has(name)) continue;
    const words = value.split(/\s+/).filter(Boolean);
    settings.set(name, extra === undefined ? words : [...(settings.get(name) ?? []), ...words]);
  }
}

const groupLines = (root: string): string[][] =>
  textOf(`${root}/etc/group`)
    .split('\n')
    .map((line) => line.split(':'));

/** Returns the groups that list the user as a member; nix-daemon checks no others. */
const groupsOf = (root: string, user: string): string[] =>
  groupLines(root)
    .filter(([, , , members = '']) => members.split(',').includes(user))
    .map(([name = '']) => name);

const groupNamed = (root: string, gid: number): string =>
  groupLines(root).find(([, , id]) => id === String(gid))?.[0] ?? '';

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
