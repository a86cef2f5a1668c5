import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { reasonOf } from '../linux/reason.js';
import { unknown, type Reading } from '../../model/reading.js';
import { isUnitName, templateOf } from '../../model/unit-name.js';
import { dropInFolders } from './drop-ins.js';
import { isDifferent } from './compare-units.js';
import { realPath } from './links.js';
import { UNITS } from './places.js';
import { parseUnitFile, type UnitFile } from './unit-file.js';

/** Number of units compared before yielding to the event loop: each costs about ten system calls. */
const UNITS_A_TURN = 32;
const NOWHERE = '/dev/null';

/** Unit folder of a system, with its content. */
interface UnitFolder {
  readonly root: string;
  /** Real path below the root. */
  readonly path: string;
  readonly names: ReadonlySet<string>;
  /** Other names of a unit, by its name: links beside its file. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
}

/**
 * Lists units whose definition differs between two systems: changed, removed or new. A definition is the unit's own file
 * (or, for an instance without one, its template) with all drop-ins that systemd merges into it. Only files of the systems
 * are read. A changed template is listed itself, since only a running system knows its instances.
 */
export async function unitChanges(
  root: string,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<Reading<readonly string[]>> {
  try {
    const [before, after] = [openFolder(root, from), openFolder(root, to)];
    if (before.path === after.path) return [];
    const changed: string[] = [];
    let compared = 0;
    for (const unit of unitsOf(before, after)) {
      if (differs(unit, before, after)) changed.push(unit);
      if (++compared % UNITS_A_TURN > 0) continue;
      await turn();
      if (signal?.aborted) return unknown('the comparison was ended before all units were compared');
    }
    return changed;
  } catch (error) {
    return unknown(`the units of the two systems cannot be compared: ${reasonOf(error)}`);
  }
}

function openFolder(root: string, system: string): UnitFolder {
  const path = system.startsWith('/') ? realPath(root, `${system}/${UNITS}`) : undefined;
  if (path === undefined) throw new Error(`${system === '' ? 'an empty path' : system} has no units`);
  const names = readdirSync(`${root}${path}`);
  const aliases = new Map<string, string[]>();
  for (const name of names) {
    const target = linkTarget(`${root}${path}/${name}`);
    if (target === undefined || target.includes('/')) continue;
    aliases.set(target, [...(aliases.get(target) ?? []), name]);
  }
  return { root, path, names: new Set(names), aliases };
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Lists every unit with a file, or with drop-ins under its own name, in one of them, sorted. Folders for a prefix
 * (`foo-.service.d`) or a kind (`service.d`) are no units.
 */
function unitsOf(...folders: readonly UnitFolder[]): string[] {
  const names = new Set(folders.flatMap((folder) => [...folder.names]));
  const units = [...names].map((name) => (name.endsWith('.d') ? name.slice(0, -2) : name));
  const isUnit = (unit: string): boolean =>
    (isUnitName(unit) || isUnitName(unit.replace('@.', '@x.'))) &&
    (names.has(unit) || !/-(@[^.]*)?\.[a-z]+$/.test(unit));
  return [...new Set(units)].filter(isUnit).sort();
}

function differs(unit: string, before: UnitFolder, after: UnitFolder): boolean {
  const template = templateOf(unit);
  // An instance that has its own file in either system is compared without its template.
  const isInstance = template !== undefined && !before.names.has(unit) && !after.names.has(unit);
  const [one, other] = [before, after].map((folder) =>
    filesOf(unit, isInstance ? template : undefined, folder),
  );
  if (one!.join('\n') === other!.join('\n')) return false;
  if (isMissing(one!) !== isMissing(other!)) return true;
  return isDifferent(read(before.root, one!), read(after.root, other!));
}

/** Returns the real paths of the files that define a unit, in reading order; empty for a missing unit. */
function filesOf(unit: string, template: string | undefined, folder: UnitFolder): string[] {
  const all = [unit, ...(folder.aliases.get(template ?? unit) ?? [])];
  const byFile = new Map<string, string>();
  for (const name of new Set(all.flatMap(dropInFolders))) {
    // Of files with the same name, the most specific one counts.
    for (const [file, path] of dropInsOf(name, folder)) if (!byFile.has(file)) byFile.set(file, path);
  }
  const dropIns = [...byFile].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, path]) => path);
  return [fileAt(`${folder.path}/${template ?? unit}`, folder.root), ...dropIns];
}

/** Lists the drop-ins in one folder: name and real path. */
function dropInsOf(unit: string, { root, path, names }: UnitFolder): [string, string][] {
  const name = `${unit}.d`;
  const folder = names.has(name) ? realPath(root, `${path}/${name}`) : undefined;
  if (folder === undefined || !statSync(`${root}${folder}`).isDirectory()) return [];
  const files = readdirSync(`${root}${folder}`).filter((file) => file.endsWith('.conf'));
  return files.map((file) => [file, fileAt(`${folder}/${file}`, root)]);
}

/** Returns the real path of a file; empty for a link to `/dev/null`, which masks a unit or a drop-in. */
function fileAt(path: string, root: string): string {
  const real = realPath(root, path);
  return real === undefined || real === NOWHERE ? '' : real;
}

const isMissing = (files: readonly string[]): boolean => files.every((file) => file === '');

function read(root: string, files: readonly string[]): UnitFile {
  const unit: UnitFile = new Map();
  for (const file of files) if (file !== '') parseUnitFile(readFileSync(`${root}${file}`, 'utf8'), unit);
  return unit;
}
