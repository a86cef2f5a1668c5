const MIB = 2 ** 20;

/**
 * What the project holds itself to, beside what was reached. `atLeast` and `under` are in the unit of `reached`;
 * `reached` is undefined where nothing was measured, and `why` says why.
 */
export function targets({ ratios, speeds, heap, imported, idle, latency, missing }) {
  const noFloor = missing.floor;
  const measured = latency && `\`npm run bench:latency\` of ${latency.machine.date.slice(0, 10)}`;
  const elsewhere = { why: 'needs a systemd: see `npm run bench:latency`', measured };
  return [
    { what: 'detection, of the C floor', atLeast: 0.8, unit: '×', reached: ratios.detection, why: noFloor },
    {
      what: 'detection, of psutil with cached mounts',
      atLeast: 3,
      unit: '×',
      reached: ratios.detectionOfPsutil,
      why: missing.psutil,
    },
    {
      what: 'detection with services, of detection without',
      atLeast: 0.7,
      unit: '×',
      reached: latency?.services.ratio,
      ...elsewhere,
    },
    {
      what: 'healthy dry-run cycle, of the C floor',
      atLeast: 0.6,
      unit: '×',
      reached: ratios.cycle,
      why: noFloor,
    },
    { what: 'resolution', atLeast: 10, unit: 'M/s', reached: speeds.resolution / 1e6 },
    {
      what: 'heap for one healthy cycle, beyond that of an empty async call',
      under: 200,
      unit: 'B',
      reached: heap.cycle - heap.emptyAsyncCall,
      why: 'collections came between',
    },
    {
      what: `heap left for each of ${heap.growthCycles.toLocaleString('en')} cycles, after collection`,
      // A cycle that kept anything would keep a pointer at least.
      under: 8,
      unit: 'B',
      reached: heap.growthBytes / heap.growthCycles,
    },
    {
      what: 'private memory over bare Node, monitoring',
      under: 1,
      unit: 'MiB',
      reached: ((idle.monitor.privateKiB - idle.timer.privateKiB) * 1_024) / MIB,
    },
    { what: 'import of the root', under: 8, unit: 'ms', reached: imported.root.ms },
    { what: 'heavy modules with the import', under: 1, unit: 'modules', reached: imported.heavy.length },
    { what: 'CPU, one cycle a second', under: 0.05, unit: '% of a core', reached: idle.monitor.cpuPercent },
    {
      what: 'a service dies → issue known, p50',
      under: 10,
      unit: 'ms',
      reached: latency?.known.p50,
      ...elsewhere,
    },
    {
      what: 'a service dies → issue known, p99',
      under: 50,
      unit: 'ms',
      reached: latency?.known.p99,
      ...elsewhere,
    },
  ].map((target) => ({ ...target, verdict: verdictOn(target) }));
}

function verdictOn({ atLeast, under, reached, unit, why, measured }) {
  if (reached === undefined || Number.isNaN(reached)) return `not measured: ${why}`;
  const met = atLeast === undefined ? reached < under : reached >= atLeast;
  if (met) return measured ? `met, by ${measured}` : 'met';
  const by = atLeast === undefined ? reached - under : atLeast - reached;
  const share = (100 * by) / (atLeast ?? under);
  return `missed by ${figure(by)} ${unit} (${share.toFixed(0)} %)`;
}

/** Three digits that count. */
export const figure = (value) =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
