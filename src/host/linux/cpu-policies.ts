import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { messageOf } from '../../base/errors.js';
import type { CpuPolicies, CpuPolicy, UnreadablePolicy } from '../../model/controls-reading.js';
import { unknown, type Reading } from '../../model/reading.js';

/** Reads every CPU policy, ordered by number; none if the machine has no cpufreq. `root` is prefixed to paths, for tests. */
export function cpuPolicies(root: string): Reading<CpuPolicies> {
  try {
    const found = policyFolders(`${root}/sys/devices/system/cpu`).map(readPolicy);
    return {
      readable: found.filter((policy) => 'path' in policy),
      unreadable: found.filter((policy) => 'unreadable' in policy),
    };
  } catch (error) {
    return unknown(messageOf(error));
  }
}

interface PolicyFolder {
  readonly name: string;
  readonly path: string;
}

/** Lists `cpufreq/policyN`, or, on kernels before 4.3, one `cpuN/cpufreq` of each policy. */
function policyFolders(cpu: string): readonly PolicyFolder[] {
  const policies = numberedFolders(`${cpu}/cpufreq`, 'policy').map(({ name, path }) => ({ name, path }));
  if (policies.length > 0) return policies;
  const seen = new Set<string>();
  return numberedFolders(cpu, 'cpu').flatMap(({ number, path }) => {
    const folder = `${path}/cpufreq`;
    if (!existsSync(folder)) return [];
    const real = realpathSync(folder);
    if (seen.has(real)) return [];
    seen.add(real);
    return [{ name: `policy${number}`, path: folder }];
  });
}

function numberedFolders(
  folder: string,
  word: string,
): readonly (PolicyFolder & { readonly number: number })[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => new RegExp(`^${word}\\d+$`).test(name))
    .map((name) => ({ name, path: `${folder}/${name}`, number: Number(name.slice(word.length)) }))
    .sort((one, other) => one.number - other.number);
}

function readPolicy({ name, path }: PolicyFolder): CpuPolicy | UnreadablePolicy {
  const text = (file: string): string => readFileSync(`${path}/${file}`, 'utf8').trim();
  try {
    return {
      ...{ name, path, current: text('scaling_governor') },
      offered: text('scaling_available_governors').split(/\s+/).filter(Boolean),
      frequency: frequencyFrom(() => text('scaling_cur_freq')),
    };
  } catch (error) {
    return { name, unreadable: messageOf(error) };
  }
}

function frequencyFrom(read: () => string): Reading<number> {
  try {
    const kHz = Number(read());
    return kHz > 0 ? kHz : unknown('the driver reports no frequency');
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** Returns the mean frequency of all policies, in kHz; `undefined` unless all are known. */
export function meanFrequency(policies: readonly CpuPolicy[]): number | undefined {
  const known = policies.map(({ frequency }) => frequency).filter((one) => typeof one === 'number');
  if (known.length === 0 || known.length < policies.length) return undefined;
  return known.reduce((sum, one) => sum + one, 0) / known.length;
}
