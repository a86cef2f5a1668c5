import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { arch, platform, version } from 'node:process';
import { fileURLToPath, URL } from 'node:url';

const RESULTS = new URL('./results/', import.meta.url);
/** A change elsewhere does not change what is measured. */
const MEASURED = [
  'src',
  'bench',
  ':!bench/results',
  'package.json',
  'package-lock.json',
  'tsup.config.ts',
  '.ci/build',
];

const git = (...args) =>
  execFileSync('git', args, {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

/** The last commit that changed what is measured; uncommitted changes are another one. */
function commit() {
  try {
    const dirty = git('status', '--porcelain', '--', ...MEASURED) !== '';
    return git('log', '-1', '--format=%h', '--abbrev=10', '--', ...MEASURED) + (dirty ? ' with changes' : '');
  } catch {
    return 'an unknown commit';
  }
}

/** Returns the commit, and the machine with the time, of a measurement that begins now. */
export function stamp() {
  return {
    commit: commit(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown CPU',
      cores: cpus().length,
      memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
      kernel: `${platform} ${release()} ${arch}`,
      node: version,
    },
    date: new Date().toISOString(),
    loadBefore: loadavg().map((value) => Number(value.toFixed(2))),
  };
}

/** One line on a machine. */
export const machineText = ({ cpu, cores, memoryGiB, kernel, node, systemd }) =>
  [`${cores} × ${cpu}, ${memoryGiB} GiB, ${kernel}, Node ${node}`, ...(systemd ? [systemd] : [])].join(', ');

/** Returns why a result does not count for this commit on this machine; `undefined` where it does. */
export function foreign(result, now) {
  const same = ['cpu', 'cores', 'memoryGiB', 'kernel', 'node'].every(
    (key) => result.stamp.machine[key] === now.machine[key],
  );
  const known = /^[0-9a-f]+$/.test(now.commit) && result.stamp.commit === now.commit;
  return same && known
    ? undefined
    : `measured on ${result.stamp.commit}, ${machineText(result.stamp.machine)}: not a result of this commit${same ? '' : ' on this machine'}`;
}

const fileOf = (part) => new URL(`${part}.json`, RESULTS);

/** Reads the recorded result of a part; `undefined` where there is none. */
export function recorded(part) {
  try {
    const result = JSON.parse(readFileSync(fileOf(part), 'utf8'));
    return result.stamp ? result : undefined;
  } catch {
    return undefined;
  }
}

/** Records the result of a part. */
export function record(part, result) {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(fileOf(part), `${JSON.stringify(result)}\n`);
}
