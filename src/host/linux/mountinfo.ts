/** One line of `/proc/self/mountinfo`; names as in proc(5), unescaped. */
export interface MountinfoEntry {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the super block: btrfs subvolumes share it, though their `st_dev` differ. */
  readonly device: string;
  /** Which folder of the file system is mounted; `/` is all of it. */
  readonly root: string;
  readonly mountPoint: string;
  /** The mount point's bytes where they are not UTF-8; system calls need them. */
  readonly rawMountPoint?: Buffer;
  readonly fsType: string;
  readonly source: string;
  /** Options of the file system itself, not of this mount of it. */
  readonly superOptions: string;
}

/** Options of a super block that say: nothing is written any more. The first of them say that it broke. */
const READ_ONLY_WORDS = [/(?:^|,)(emergency_ro|shutdown)(?:,|$)/, /(?:^|,)(ro)(?:,|$)/];

/** The option by which a file system says that it takes no writes, if it does: `ro`, `emergency_ro` or `shutdown`. */
export const readOnlyWord = (superOptions: string): string | undefined =>
  READ_ONLY_WORDS.map((words) => words.exec(superOptions)?.[1]).find((word) => word !== undefined);

/** The shortest line: six fields, the hyphen, three fields. */
const FEWEST_FIELDS = 10;
const FIRST_OPTIONAL_FIELD = 6;

/** Entries by their line: a table of many thousand mounts is mostly as it was when one of them changes. */
export type KnownLines = ReadonlyMap<string, MountinfoEntry>;

/** Reads `/proc/self/mountinfo`. Lines that are not understood are left out. */
export function parseMountinfo(bytes: Uint8Array, length: number): MountinfoEntry[] {
  return [...parseLines(bytes, length).values()];
}

/** The same by line, with the entries of those lines that are `known`. A line that comes twice counts once. */
export function parseLines(
  bytes: Uint8Array,
  length: number,
  known?: KnownLines,
): Map<string, MountinfoEntry> {
  // One character a byte, so that octal escapes and bytes that are not UTF-8 come out right.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(length, bytes.length)).toString('latin1');
  const entries = new Map<string, MountinfoEntry>();
  for (const line of text.split('\n')) {
    const entry = known?.get(line) ?? parseLine(copyOf(line).split(' '));
    if (entry) entries.set(line, entry);
  }
  return entries;
}

/** A part of a long string keeps all of it alive, for as long as an entry is known. */
const copyOf = (line: string): string => Buffer.from(line, 'latin1').toString('latin1');

const ID = /^\d{1,15}$/;
const DEVICE = /^\d+:\d+$/;

function parseLine(fields: readonly string[]): MountinfoEntry | undefined {
  // Optional fields (`shared:1`, …) end with a hyphen of its own.
  const hyphen = fields.indexOf('-', FIRST_OPTIONAL_FIELD);
  if (fields.length < FEWEST_FIELDS || hyphen < 0 || fields.length < hyphen + 4) return undefined;
  const [id, parent, device, root, mountPoint] = fields as [string, string, string, string, string];
  const [fsType, source, superOptions] = fields.slice(hyphen + 1) as [string, string, string];
  if (!ID.test(id) || !ID.test(parent) || !DEVICE.test(device)) return undefined;
  if (!mountPoint.startsWith('/')) return undefined;
  const raw = isPlain(mountPoint) ? undefined : bytesOf(mountPoint);
  const name = raw?.toString('utf8') ?? mountPoint;
  const isUtf8 = raw === undefined || Buffer.from(name, 'utf8').equals(raw);
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescaped(root),
    mountPoint: name,
    ...(isUtf8 ? {} : { rawMountPoint: raw }),
    fsType: unescaped(fsType),
    source: unescaped(source),
    superOptions,
  };
}

/** Nothing escaped, and no byte that is part of a longer character. */
const isPlain = (field: string): boolean => /^[\x20-\x5b\x5d-\x7e]*$/.test(field);

/** A field with its octal escapes undone. */
export const unescaped = (field: string): string =>
  isPlain(field) ? field : bytesOf(field).toString('utf8');

/** The kernel writes blanks, tabs, line ends, backslashes and `#` as three octal digits. */
const bytesOf = (field: string): Buffer =>
  Buffer.from(
    field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    'latin1',
  );
