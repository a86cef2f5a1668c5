import { isUnknown } from '../model/reading.js';
import type { Gauges } from '../model/snapshot.js';
import { IssueType, Severity, type ComponentVerdict } from '../model/issue.js';
import { judged, notKnown, type Gauge, type GaugeCheck } from './gauge-verdict.js';
import { clearingLevel, percent } from './percent.js';

const cpuThat = (is: string): Gauge => ({
  check: 'cpu',
  component: 'cpu',
  type: IssueType.RESOURCE,
  severity: (value) => (value > 90 ? Severity.HIGH : Severity.MEDIUM),
  clearsAt: clearingLevel,
  words: ({ value, threshold, left: steal, of }) => {
    const stolen = steal >= 1 ? ` (${percent(steal)} are taken by the hypervisor for other machines)` : '';
    return `CPU use ${is} ${percent(value)} of ${of} CPU${of === 1 ? '' : 's'}${stolen}, threshold ${percent(threshold)}`;
  },
});

/** The kernel throttles a control group at its limit, even on an idle host. */
const CPU_OF_GROUP: Gauge = {
  ...cpuThat('is'),
  words: ({ value, threshold, of }) =>
    `CPU use of this process's control group is ${percent(value)} of its limit of ${Number(of.toFixed(2))} CPU${of === 1 ? '' : 's'}, threshold ${percent(threshold)}`,
};
const CPU = cpuThat('is');
const CPU_AT_MOST = cpuThat('is at most');

/** Judges CPU use of the host, or of the control group against its own limit: `MEDIUM` over the threshold, `HIGH` over 90 %. */
export function judgeCpu(cpu: Gauges['cpu'], threshold: number, last?: ComponentVerdict): ComponentVerdict {
  if (isUnknown(cpu)) return notKnown(CPU, last, cpu.unknown);
  return cpu.limitCpus !== undefined
    ? judged(CPU_OF_GROUP, last, cpu.percent, threshold, 0, cpu.limitCpus)
    : judged(cpu.atMost ? CPU_AT_MOST : CPU, last, cpu.percent, threshold, cpu.stealPercent ?? 0, cpu.cpus);
}

/** The check `cpu`. */
export const CPU_CHECK: GaugeCheck = {
  part: 'cpu',
  judge: ({ cpu }, { cpuPercent }, into) => into.add(judgeCpu(cpu, cpuPercent, into.last)),
  isOver: ({ cpu }, { cpuPercent }) => !isUnknown(cpu) && cpu.percent > cpuPercent,
};
