import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { codeOf, reasonOf } from '../linux/reason.js';
import type { NixActivity } from '../../model/nixos-reading.js';
import { unknown, type Reading } from '../../model/reading.js';
import { LockTable, type FileLock } from './locks.js';
import { NIX_STATE, NIX_STORE, PROFILE_NAME, PROFILES, SWITCH_STATE } from './places.js';
import { runningPrograms, type RunningProgram } from './programs.js';

const LISTS = ['start-list', 'restart-list', 'reload-list'];

/**
 * Returns whether a switch or a build is running. Locks decide: every user can see them, and the kernel drops them when
 * their process ends, so a crash leaves none. No lock is taken to find out.
 *
 * A **switch** is a lock on `switch-to-configuration.lock`; a lock on the system profile (`nix-env --set` takes it); a
 * `switch-to-configuration` or `nixos-rebuild` that is to switch; or, from versions that took no lock and so left
 * no lock file, one of the lists of units still to be started.
 *
 * A **build** is: a write lock on `gc.lock` (garbage is collected) or on `big-lock` (the database is migrated); a
 * lock of a build user in `userpool`; or a write lock on a file of the store's file system by a process that holds
 * temporary roots: that is the `.lock` of an output that is built or copied in. Every client of the store has a read
 * lock on `big-lock`, and every evaluator a lock in `temproots`: these alone mean nothing.
 */
export async function nixActivity(root: string): Promise<Reading<NixActivity>> {
  try {
    const [locks, mountinfo] = [`${root}/proc/locks`, `${root}/proc/self/mountinfo`];
    const table = new LockTable(readFileSync(locks, 'utf8'), () => readFileSync(mountinfo));
    const programs = await runningPrograms(root);
    return Object.freeze({
      switching: switching(root, table, programs),
      building: building(root, table, programs),
    });
  } catch (error) {
    return unknown(`what is under way is not known: ${reasonOf(error)}`);
  }
}

function switching(root: string, table: LockTable, programs: readonly RunningProgram[]): string | null {
  const lock = `${SWITCH_STATE}/switch-to-configuration.lock`;
  const [held] = table.on(root, lock);
  if (held) return `A switch of the system is under way: process ${held.pid} holds ${lock}`;
  const profileLock = `${PROFILES}/${PROFILE_NAME}.lock`;
  const [profile] = table.on(root, profileLock);
  if (profile) return `The system profile is being changed: process ${profile.pid} holds ${profileLock}`;
  const program = programs.find(({ switches }) => switches);
  if (program) return `\`${program.words}\` runs as process ${program.pid}`;
  // Versions that take the lock leave its file behind: with the file, lists without a lock are of an interrupted switch.
  if (exists(`${root}${lock}`)) return null;
  const list = LISTS.find((name) => exists(`${root}${SWITCH_STATE}/${name}`));
  return list === undefined
    ? null
    : `A switch is under way, or was broken off: ${SWITCH_STATE}/${list} is there`;
}

function building(root: string, table: LockTable, programs: readonly RunningProgram[]): string | null {
  const written = (path: string): FileLock | undefined => table.on(root, path).find(isWrite);
  const collector = written(`${NIX_STATE}/gc.lock`);
  if (collector) return `Garbage is being collected from the Nix store by process ${collector.pid}`;
  const upgrade = written(`${NIX_STATE}/db/big-lock`);
  if (upgrade) return `The database of the Nix store is being changed by process ${upgrade.pid}`;
  const builder = filesIn(root, ['userpool', 'userpool2']).flatMap((file) => table.on(root, file))[0];
  if (builder) return `A build is under way: process ${builder.pid} holds a build user`;
  const output = outputLock(root, table);
  if (output) return `Something is being built or copied into the Nix store by process ${output.pid}`;
  const program = programs.find(({ switches }) => !switches);
  return program === undefined ? null : `\`${program.words}\` runs as process ${program.pid}`;
}

function outputLock(root: string, table: LockTable): FileLock | undefined {
  const rooted = new Map(
    filesIn(root, ['temproots']).flatMap((file) => table.on(root, file).map((lock) => [keyOf(lock), lock])),
  );
  if (rooted.size === 0) return undefined;
  const pids = new Set([...rooted.values()].map(({ pid }) => pid));
  return table
    .onFileSystemOf(root, NIX_STORE)
    .find((lock) => isWrite(lock) && pids.has(lock.pid) && !rooted.has(keyOf(lock)));
}

const isWrite = ({ kind }: FileLock): boolean => kind === 'WRITE';
const keyOf = ({ device, inode }: FileLock): string => `${device} ${inode}`;

/** Lists all files of some folders of Nix; a missing folder has none. */
function filesIn(root: string, folders: readonly string[]): string[] {
  return folders.flatMap((folder) => {
    try {
      return readdirSync(`${root}${NIX_STATE}/${folder}`).map((name) => `${NIX_STATE}/${folder}/${name}`);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  });
}

const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
