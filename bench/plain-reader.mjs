import { readFileSync, statfsSync } from 'node:fs';

/** The way anyone would write it: whole files as text, split. It reads the same files and the same mounts. */
export function plainReader({ files, mounts }) {
  let before = { busy: 0, total: 0 };

  const readers = {
    '/proc/stat'(text) {
      const [first = ''] = text.split('\n');
      const [user, nice, system, idle, iowait, irq, softirq, steal] = first.split(/\s+/).slice(1).map(Number);
      const busy = user + nice + system + irq + softirq + steal;
      const now = { busy, total: busy + idle + iowait };
      const cpu = (100 * (now.busy - before.busy)) / (now.total - before.total);
      before = now;
      return cpu;
    },
    '/proc/meminfo'(text) {
      const lines = new Map(text.split('\n').map((line) => line.split(/:\s+/)));
      const total = parseInt(lines.get('MemTotal'), 10);
      return (100 * (total - parseInt(lines.get('MemAvailable'), 10))) / total;
    },
    '/proc/loadavg': (text) => Number(text.split(' ')[0]),
  };

  return () => [
    ...files.map((file) => {
      const text = readFileSync(file, 'utf8');
      // Files of a control group: one number, or lines of a name and a number.
      return readers[file]
        ? readers[file](text)
        : text.split('\n').map((line) => Number(line.split(' ').at(-1)));
    }),
    ...mounts.map((mount) => {
      const { bsize, blocks, bfree, bavail, files: inodes, ffree } = statfsSync(mount);
      const used = (blocks - bfree) * bsize;
      return { space: (100 * used) / (used + bavail * bsize), inodes: (100 * (inodes - ffree)) / inodes };
    }),
  ];
}
