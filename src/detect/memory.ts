import { isUnknown, type Reading } from '../host/reading.js';
import type { MemoryReading } from '../host/snapshot.js';
import { Severity, type Verdict } from '../issue.js';
import { bytes } from '../words.js';
import { clearingLevel, percent } from './percent.js';

/** Memory use: `MEDIUM` over the threshold, `HIGH` over 95 %. */
export function judgeMemory(memory: Reading<MemoryReading>, threshold: number): Verdict {
  if (isUnknown(memory)) return { status: 'unknown', reason: memory.unknown };
  const { usedPercent, availableBytes, totalBytes, scope } = memory;
  const bad = usedPercent > threshold;
  const whose = scope === 'cgroup' ? "Memory of this process's control group" : 'Memory';
  return {
    status: bad ? 'bad' : 'ok',
    severity: usedPercent > 95 ? Severity.HIGH : Severity.MEDIUM,
    value: usedPercent,
    threshold,
    clearsAt: clearingLevel(threshold),
    reason: `${whose} is ${percent(usedPercent)} used, ${bytes(availableBytes)} of ${bytes(totalBytes)} left, threshold ${percent(threshold)}`,
  };
}
