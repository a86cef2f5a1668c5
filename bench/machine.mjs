import { cpus, loadavg, release, totalmem } from 'node:os';
import { arch, platform, version, versions } from 'node:process';

/** Where and when this was measured. */
export function machine() {
  const [first] = cpus();
  return {
    date: new Date().toISOString(),
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
    system: `${platform} ${release()} ${arch}`,
    node: version,
    v8: versions.v8,
    loadBefore: loadavg().map((value) => Number(value.toFixed(2))),
  };
}
