import { foreign } from './recorded.mjs';
import { figure } from './statistics.mjs';

const MIB = 1_024;
/** Bytes for a healthy cycle, by the major version of Node. */
const HEAP_BYTES = { 20: 300, 22: 150 };
const row = (data, id) => data.rows.find((one) => one.id === id);
const over = (data, id) => (row(data, id).privateKiB - row(data, 'node').privateKiB) / MIB;

/**
 * What the project holds itself to. `reached` takes it from the data of a part; `atLeast` and `atMost` are in its unit.
 * `steady` needs the usual length of the part.
 */
const GOALS = [
  {
    ...{ what: "detection: a monitor's look, default checks", part: 'speed', atLeast: 12_740 },
    ...{ unit: '/s of CPU time', reached: (data) => row(data, 'look').perCpuSecond },
  },
  {
    ...{ what: '… of gauges alone', part: 'speed', atLeast: 0.9, unit: '×' },
    reached: ({ ratios }) => ratios.lookOfGauges,
  },
  {
    ...{ what: 'one detectAndHeal(), healthy, default checks', part: 'speed', atLeast: 2_500, unit: '/s' },
    reached: (data) => row(data, 'cycle').perSecond,
  },
  {
    ...{ what: 'one detectAndHeal(), 4 issues, dry run', part: 'speed', atLeast: 1_486, unit: '/s' },
    reached: (data) => row(data, 'fourIssues').perSecond,
  },
  {
    ...{ what: 'gauges alone, of the C floor', part: 'speed', atLeast: 0.74, unit: '×' },
    reached: ({ ratios }) => ratios.gaugesOfFloor,
  },
  {
    ...{ what: 'gauges alone, of psutil with cached mounts', part: 'speed', atLeast: 3, unit: '×' },
    reached: ({ ratios }) => ratios.gaugesOfPsutil,
  },
  {
    ...{ what: 'resolution', part: 'speed', atLeast: 10, unit: 'M/s of CPU time' },
    reached: (data) => row(data, 'resolution').perCpuSecond / 1e6,
  },
  {
    ...{ what: 'heap for a healthy look of a monitor', part: 'start', atMost: HEAP_BYTES, unit: 'B' },
    reached: ({ heap }) => heap.look,
  },
  {
    // A cycle that kept anything would keep a pointer at least.
    ...{
      what: 'heap kept for each of 10⁵ looks, or more',
      part: 'start',
      atMost: 8,
      unit: 'B',
      steady: true,
    },
    reached: ({ heap }) => Math.max(0, heap.growthBytes / heap.growthCycles),
  },
  {
    ...{
      what: 'private memory over bare Node: gauges',
      part: 'steady',
      atMost: 1.5,
      unit: 'MiB',
      steady: true,
    },
    reached: (data) => over(data, 'gauges'),
  },
  {
    ...{ what: '… daemon with defaults', part: 'steady', atMost: 6, unit: 'MiB', steady: true },
    reached: (data) => over(data, 'daemon-60'),
  },
  {
    ...{ what: 'import of the root', part: 'start', atMost: 6, unit: 'ms of CPU time' },
    reached: ({ imported }) => imported.root.cpuMs,
  },
  {
    ...{ what: '… heavy modules loaded', part: 'start', atMost: 0, unit: 'modules' },
    reached: ({ imported }) => imported.heavy.length,
  },
  {
    ...{ what: 'CPU of the daemon, a cycle a second', part: 'steady', atMost: 0.06, unit: '%', steady: true },
    reached: (data) => row(data, 'daemon-1').cpuPercent,
  },
  {
    ...{
      what: 'CPU of the daemon, a cycle a minute',
      part: 'steady',
      atMost: 0.007,
      unit: '%',
      steady: true,
    },
    reached: (data) => row(data, 'daemon-60').cpuPercent,
  },
  {
    ...{ what: 'quickHeal() from process start, of bare Node', part: 'start', atMost: 2, unit: '×' },
    reached: ({ quickHeal }) => quickHeal.ratio,
  },
  {
    ...{ what: 'a service dies → issue known, p50', part: 'latency', atMost: 3, unit: 'ms' },
    reached: (data) => data.known.p50,
  },
  {
    ...{ what: '… p99', part: 'latency', atMost: 8, unit: 'ms', steady: true },
    reached: (data) => data.known.p99,
  },
  {
    ...{ what: 'repair proven → issue:cleared, longest', part: 'latency', atMost: 50, unit: 'ms' },
    reached: ({ cleared }) => (cleared.late > 0 ? Infinity : cleared.max),
  },
  {
    ...{ what: 'first repair begins after the death', part: 'latency', atMost: 100, unit: 'ms' },
    reached: ({ firstBegun }) => firstBegun.p50,
  },
  ...['units: a', 'units: one', 'instances', 'file systems', 'checks'].map((start) => ({
    ...{ what: `growth with ${start} …, exponent`, part: 'growth', atMost: 1.1, unit: '', steady: true },
    reached: ({ curves }) => curves.find(({ what }) => what.startsWith(start)).exponent,
  })),
];

/** The same for recorded results, each judged for the commit and machine that it was taken on: for the documentation. */
export const recordedTargets = (results) =>
  GOALS.map(({ part }, index) => {
    const result = results[part];
    return targets(result ? { [part]: result } : {}, result?.stamp ?? { commit: '', machine: { node: '' } })[
      index
    ];
  });

/** Every goal with what was reached, by the results of this run and the recorded ones. */
export function targets(results, now) {
  return GOALS.map(({ reached, atMost, ...goal }) => {
    const result = results[goal.part];
    const limit = typeof atMost === 'object' ? (atMost[/\d+/.exec(now.machine.node)?.[0]] ?? 100) : atMost;
    const value = result && valueOf(reached, result.data);
    const row = { ...goal, ...(limit === undefined ? {} : { atMost: limit }), reached: value };
    return { ...row, verdict: verdictOn(row, result, now) };
  });
}

/** A result that was recorded by another version of the benchmark may lack a figure. */
function valueOf(reached, data) {
  try {
    return reached(data);
  } catch {
    return undefined;
  }
}

function verdictOn({ part, atLeast, atMost, reached, unit, steady }, result, now) {
  if (result === undefined) return `not measured: npm run bench -- ${part}`;
  if (reached === undefined || Number.isNaN(reached)) return `not measured: part ${part} has no such figure`;
  const elsewhere = foreign(result, now);
  if (elsewhere !== undefined) return elsewhere;
  if (steady && result.size === 'quick') return 'no verdict: `--quick` is too short for it';
  if (atMost === undefined ? reached >= atLeast : reached <= atMost) return 'met';
  const by = Math.abs(reached - (atLeast ?? atMost));
  return `missed by ${[figure(by), unit].join(' ').trim()}`;
}
