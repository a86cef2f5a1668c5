import { isUnknown } from '../model/reading.js';
import type { Gauges } from '../model/snapshot.js';
import { IssueType, Severity, type ComponentVerdict } from '../model/issue.js';
import { bytes } from '../base/format.js';
import { judged, notKnown, type Gauge, type GaugeCheck } from './gauge-verdict.js';
import { clearingLevel, percent } from './percent.js';

const memoryOf = (whose: string): Gauge => ({
  check: 'memory',
  component: 'memory',
  type: IssueType.RESOURCE,
  severity: (value) => (value > 95 ? Severity.HIGH : Severity.MEDIUM),
  clearsAt: clearingLevel,
  words({ value, threshold, left, of, besides }) {
    const reserved = besides > 0 ? ` (${bytes(besides)} more are reserved as huge pages)` : '';
    return `${whose} is ${percent(value)} used, ${bytes(left)} of ${bytes(of)} left${reserved}, threshold ${percent(threshold)}`;
  },
});

const MEMORY = { host: memoryOf('Memory'), cgroup: memoryOf("Memory of this process's control group") };

/** Judges memory use: `MEDIUM` over the threshold, `HIGH` over 95 %. */
export function judgeMemory(
  memory: Gauges['memory'],
  threshold: number,
  last?: ComponentVerdict,
): ComponentVerdict {
  if (isUnknown(memory)) return notKnown(MEMORY.host, last, memory.unknown);
  const { scope, usedPercent, availableBytes, totalBytes, reservedBytes } = memory;
  return judged(MEMORY[scope], last, usedPercent, threshold, availableBytes, totalBytes, '', reservedBytes);
}

/** The check `memory`. */
export const MEMORY_CHECK: GaugeCheck = {
  part: 'memory',
  judge: ({ memory }, { memoryPercent }, into) => into.add(judgeMemory(memory, memoryPercent, into.last)),
  isOver: ({ memory }, { memoryPercent }) => !isUnknown(memory) && memory.usedPercent > memoryPercent,
};
