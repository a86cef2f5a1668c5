/** Texts of `/proc` as kernels print them, with the figures of a profile. */

const GIB = 1024 * 1024;

/** Memory of a profile, in GiB. */
export interface MemoryFigures {
  readonly total: number;
  readonly available: number;
  readonly free?: number;
  readonly cached?: number;
  readonly hugePages?: number;
  readonly swap?: number;
}

/** `/proc/meminfo`: the lines that are read, and others between them. */
export function meminfo(figures: MemoryFigures): string {
  const { total, available, free = available / 4, cached = available / 2, hugePages = 0, swap = 0 } = figures;
  const rows: readonly (readonly [string, number])[] = [
    ['MemTotal', total],
    ['MemFree', free],
    ['MemAvailable', available],
    ['Buffers', cached / 20],
    ['Cached', cached],
    ['SwapCached', 0],
    ['Active', total / 4],
    ['Inactive', total / 4],
    ['Active(anon)', total / 8],
    ['Inactive(anon)', total / 16],
    ['Active(file)', cached / 2],
    ['Inactive(file)', cached / 2],
    ['Unevictable', 0],
    ['SwapTotal', swap],
    ['SwapFree', swap * 0.9],
    ['Dirty', 0.001],
    ['AnonPages', total / 5],
    ['Mapped', total / 20],
    ['Shmem', cached / 30],
    ['Slab', total / 50],
    ['SReclaimable', total / 80],
    ['SUnreclaim', total / 120],
    ['Percpu', 0.01],
  ];
  const lines = rows.map(
    ([name, gib]) => `${`${name}:`.padEnd(16)}${String(Math.round(gib * GIB)).padStart(8)} kB`,
  );
  const pages = Math.round((hugePages * GIB) / 2048);
  return [
    ...lines,
    `HugePages_Total:   ${pages}`,
    `HugePages_Free:    ${Math.round(pages / 10)}`,
    'Hugepagesize:       2048 kB',
    `Hugetlb:        ${String(Math.round(hugePages * GIB)).padStart(8)} kB`,
    '',
  ].join('\n');
}

/** `/proc/stat` of a machine with this uptime, in seconds, and busy share. */
export function stat(cpus: number, seconds: number, busy: number): string {
  const ticks = seconds * 100;
  const line = (name: string, times: number): string => {
    const used = Math.round(ticks * busy * times);
    const [user, system] = [Math.round(used * 0.75), Math.round(used * 0.2)];
    const rest = used - user - system;
    return `${name} ${user} 0 ${system} ${Math.round(ticks * times) - used} 0 0 ${rest} 0 0 0`;
  };
  const each = Array.from({ length: cpus }, (_, cpu) => line(`cpu${cpu}`, 1));
  return [
    line('cpu ', cpus),
    ...each,
    'intr 4711 0 9',
    'ctxt 815',
    'btime 1700000000',
    'processes 99',
    '',
  ].join('\n');
}

/** `/proc/loadavg`. */
export const loadavg = (one: number, tasks = 400): string =>
  `${one.toFixed(2)} ${(one * 0.9).toFixed(2)} ${(one * 0.8).toFixed(2)} 2/${tasks} 31415\n`;

/** A file of `/proc/pressure`. */
const stalls = (some: number, full?: number): string =>
  [
    `some avg10=${some.toFixed(2)} avg60=${some.toFixed(2)} avg300=${some.toFixed(2)} total=123456`,
    ...(full === undefined
      ? []
      : [`full avg10=${full.toFixed(2)} avg60=${full.toFixed(2)} avg300=0.00 total=1`]),
    '',
  ].join('\n');

/** `/proc/pressure` of a machine with little pressure. */
export const calmPressure: Readonly<Record<string, string>> = {
  'proc/pressure/cpu': stalls(1.2, 0),
  'proc/pressure/memory': stalls(0, 0),
  'proc/pressure/io': stalls(0.8, 0.4),
};

/** A mount of a profile. */
export interface Mount {
  /** Mount point, escaped as the kernel does. */
  readonly at: string;
  readonly type: string;
  readonly source?: string;
  /** `major:minor`; a unique number by default. */
  readonly device?: string;
  readonly root?: string;
  /** Options of the mount, and of the file system. */
  readonly options?: string;
  readonly superOptions?: string;
}

/** `/proc/self/mountinfo` of these mounts, in this order: the first is `/`. */
export function mountinfo(mounts: readonly Mount[]): string {
  const lines = mounts.map((mount, index) => {
    const { at, type, source = type, root = '/', options = 'rw,relatime', superOptions = 'rw' } = mount;
    const device = mount.device ?? `0:${100 + index}`;
    const parent = index === 0 ? 1 : 22;
    return `${22 + index} ${parent} ${device} ${root} ${at} ${options} shared:${index + 1} - ${type} ${source} ${superOptions}`;
  });
  return `${lines.join('\n')}\n`;
}

/** Mounts of every systemd host. */
export const kernelMounts: readonly Mount[] = [
  { at: '/proc', type: 'proc' },
  { at: '/sys', type: 'sysfs' },
  { at: '/sys/kernel/security', type: 'securityfs' },
  {
    at: '/sys/fs/cgroup',
    type: 'cgroup2',
    source: 'cgroup2',
    superOptions: 'rw,nsdelegate,memory_recursiveprot',
  },
  { at: '/sys/fs/pstore', type: 'pstore' },
  { at: '/sys/fs/bpf', type: 'bpf' },
  { at: '/sys/kernel/debug', type: 'debugfs' },
  { at: '/sys/kernel/tracing', type: 'tracefs' },
  { at: '/sys/kernel/config', type: 'configfs' },
  { at: '/dev', type: 'devtmpfs', source: 'udev', superOptions: 'rw,size=8000000k,mode=755' },
  { at: '/dev/pts', type: 'devpts' },
  { at: '/dev/shm', type: 'tmpfs' },
  { at: '/dev/mqueue', type: 'mqueue' },
  { at: '/dev/hugepages', type: 'hugetlbfs', superOptions: 'rw,pagesize=2M' },
  { at: '/run', type: 'tmpfs', superOptions: 'rw,size=1600000k,mode=755' },
  { at: '/run/lock', type: 'tmpfs', superOptions: 'rw,size=5120k' },
  { at: '/run/credentials/systemd-journald.service', type: 'tmpfs', superOptions: 'ro,size=1024k,noswap' },
  { at: '/proc/sys/fs/binfmt_misc', type: 'autofs', source: 'systemd-1', superOptions: 'rw,fd=32,direct' },
];

const BLOCK = 4096;
const GIB_BYTES = 1024 ** 3;

/** Result of `statfs` for a file system of this size in GiB and this usage in percent, as in `df`. */
export function disk(gib: number, percent: number, { inodes = 0, inodePercent = 10 } = {}) {
  const blocks = Math.round((gib * GIB_BYTES) / BLOCK);
  const free = Math.round(blocks * (1 - percent / 100));
  const files = Math.round(inodes);
  return {
    ...{ bsize: BLOCK, blocks, bfree: free, bavail: free },
    ...{ files, ffree: Math.round(files * (1 - inodePercent / 100)) },
  };
}
