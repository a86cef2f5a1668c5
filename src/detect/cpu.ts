import { isUnknown, type Reading } from '../host/reading.js';
import type { CpuReading } from '../host/snapshot.js';
import { Severity, type Verdict } from '../issue.js';
import { clearingLevel, percent } from './percent.js';

/** CPU use: `MEDIUM` over the threshold, `HIGH` over 90 %. */
export function judgeCpu(cpu: Reading<CpuReading>, threshold: number): Verdict {
  if (isUnknown(cpu)) return { status: 'unknown', reason: cpu.unknown };
  const bad = cpu.percent > threshold;
  return {
    status: bad ? 'bad' : 'ok',
    severity: cpu.percent > 90 ? Severity.HIGH : Severity.MEDIUM,
    value: cpu.percent,
    threshold,
    clearsAt: clearingLevel(threshold),
    reason: `CPU use is ${percent(cpu.percent)} of ${cpu.cpus} CPU${cpu.cpus === 1 ? '' : 's'}, threshold ${percent(threshold)}`,
  };
}
