/** A line of `/proc/self/mountinfo`; names as in proc(5), unescaped. */
export interface MountinfoEntry {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the super block: btrfs subvolumes share it, although their `st_dev` differ. */
  readonly device: string;
  /** Mounted folder of the file system; `/` for all of it. */
  readonly root: string;
  readonly mountPoint: string;
  /** Bytes of a mount point that is not UTF-8, for system calls. */
  readonly rawMountPoint?: Buffer;
  readonly fsType: string;
  readonly source: string;
  /** Options of the file system, not of this mount. */
  readonly superOptions: string;
}

/** Options of a read-only super block: after an error, and in general. */
const READ_ONLY_WORDS = [/(?:^|,)(emergency_ro|shutdown)(?:,|$)/, /(?:^|,)(ro)(?:,|$)/];

/** Returns the option that makes a file system read-only, if any: `ro`, `emergency_ro` or `shutdown`. */
export const readOnlyWord = (superOptions: string): string | undefined =>
  READ_ONLY_WORDS.map((words) => words.exec(superOptions)?.[1]).find((word) => word !== undefined);

/** The shortest line: six fields, the hyphen, three fields. */
const FEWEST_FIELDS = 10;
const FIRST_OPTIONAL_FIELD = 6;

/** Parses `/proc/self/mountinfo`. Skips invalid lines. */
export const parseMountinfo = (bytes: Buffer): MountinfoEntry[] => [...parseLines(bytes).values()];

/** Parses the lines of `/proc/self/mountinfo` that are not in `known`: one change leaves most lines as they were. */
export function parseLines(
  bytes: Buffer,
  known?: ReadonlyMap<string, MountinfoEntry>,
): Map<string, MountinfoEntry> {
  // One character per byte, so that octal escapes and bytes that are not UTF-8 are kept.
  const entries = new Map<string, MountinfoEntry>();
  for (const line of bytes.toString('latin1').split('\n')) {
    const entry = known?.get(line) ?? parseLine(copyOf(line).split(' '));
    if (entry) entries.set(line, entry);
  }
  return entries;
}

/** Copies a line, because a substring would keep the whole text in memory. */
const copyOf = (line: string): string => Buffer.from(line, 'latin1').toString('latin1');

const ID = /^\d{1,15}$/;
const DEVICE = /^\d+:\d+$/;

function parseLine(fields: readonly string[]): MountinfoEntry | undefined {
  // A single hyphen ends the optional fields (`shared:1`, …).
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

/** Returns whether a field is printable ASCII without escapes. */
const isPlain = (field: string): boolean => /^[\x20-\x5b\x5d-\x7e]*$/.test(field);

/** Decodes the octal escapes of a field. */
export const unescaped = (field: string): string =>
  isPlain(field) ? field : bytesOf(field).toString('utf8');

/** The kernel escapes blanks, tabs, line ends, backslashes and `#` as three octal digits. */
const bytesOf = (field: string): Buffer =>
  Buffer.from(
    field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    'latin1',
  );
