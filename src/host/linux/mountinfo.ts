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

/** Reads `/proc/self/mountinfo`. Lines that are not understood are left out. */
export function parseMountinfo(bytes: Uint8Array, length: number): MountinfoEntry[] {
  // One character a byte, so that octal escapes and bytes that are not UTF-8 come out right.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(length, bytes.length)).toString('latin1');
  const entries: MountinfoEntry[] = [];
  for (const line of text.split('\n')) {
    const entry = parseLine(line.split(' '));
    if (entry) entries.push(entry);
  }
  return entries;
}

function parseLine(fields: readonly string[]): MountinfoEntry | undefined {
  // Optional fields (`shared:1`, …) end with a hyphen of its own.
  const hyphen = fields.indexOf('-', FIRST_OPTIONAL_FIELD);
  if (fields.length < FEWEST_FIELDS || hyphen < 0 || fields.length < hyphen + 4) return undefined;
  const [id, parent, device, root, mountPoint] = fields as [string, string, string, string, string];
  const [fsType, source, superOptions] = fields.slice(hyphen + 1) as [string, string, string];
  if (!/^\d{1,15}$/.test(id) || !/^\d{1,15}$/.test(parent) || !/^\d+:\d+$/.test(device)) return undefined;
  if (!mountPoint.startsWith('/')) return undefined;
  const raw = unescaped(mountPoint);
  const name = raw.toString('utf8');
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescaped(root).toString('utf8'),
    mountPoint: name,
    ...(Buffer.from(name, 'utf8').equals(raw) ? {} : { rawMountPoint: raw }),
    fsType: unescaped(fsType).toString('utf8'),
    source: unescaped(source).toString('utf8'),
    superOptions,
  };
}

/** The kernel writes blanks, tabs, line ends, backslashes and `#` as three octal digits. */
function unescaped(field: string): Buffer {
  const text = field.includes('\\')
    ? field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
    : field;
  return Buffer.from(text, 'latin1');
}
