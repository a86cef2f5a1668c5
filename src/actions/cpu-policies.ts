import { readdirSync, readFileSync } from 'node:fs';
import { messageOf } from '../errors.js';
import { unknown, type Reading } from '../host/reading.js';

/** CPUs whose frequency is governed together. */
export interface CpuPolicy {
  /** `policy0`. */
  readonly name: string;
  readonly path: string;
  readonly current: string;
  readonly offered: readonly string[];
  /** The frequency that it runs at, in kHz; unknown where the driver does not tell. */
  readonly frequency: Reading<number>;
}

/** Every CPU policy, by name; none where the machine has no cpufreq. `root` is put before the path, for tests. */
export function cpuPolicies(root = ''): Reading<readonly CpuPolicy[]> {
  const folder = `${root}/sys/devices/system/cpu/cpufreq`;
  try {
    return readdirSync(folder)
      .filter((name) => /^policy\d+$/.test(name))
      .sort((one, other) => Number(one.slice(6)) - Number(other.slice(6)))
      .map((name) => policyIn(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    return unknown(messageOf(error));
  }
}

function policyIn(folder: string, name: string): CpuPolicy {
  const path = `${folder}/${name}`;
  const text = (file: string): string => readFileSync(`${path}/${file}`, 'utf8').trim();
  return {
    name,
    path,
    current: text('scaling_governor'),
    offered: text('scaling_available_governors').split(/\s+/).filter(Boolean),
    frequency: frequencyFrom(() => text('scaling_cur_freq')),
  };
}

function frequencyFrom(read: () => string): Reading<number> {
  try {
    const kHz = Number(read());
    return kHz > 0 ? kHz : unknown('the frequency is not told');
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** The mean frequency of all policies, in kHz, where each tells its own. */
export function meanFrequency(policies: readonly CpuPolicy[]): number | undefined {
  const known = policies.map(({ frequency }) => frequency).filter((one) => typeof one === 'number');
  if (known.length === 0 || known.length < policies.length) return undefined;
  return known.reduce((sum, one) => sum + one, 0) / known.length;
}
