import { machineText } from './recorded.mjs';
import { figure } from './statistics.mjs';

const orDash = (value) => (Number.isFinite(value) ? figure(value) : '–');
const mib = (kib) => orDash(kib / 1_024);

const SPEED = {
  look: ["a monitor's look", 'default checks, services and system included'],
  gauges: ["a monitor's look, gauges alone", 'cpu, memory, disk, load'],
  cycle: ['one `detectAndHeal()`, healthy', 'default checks, dry run'],
  fourIssues: ['one `detectAndHeal()`, 4 issues', 'the same; each issue is planned and judged by the gates'],
  gaugesOne: ['the same, one local mount', 'cpu, memory, disk, load of `/` alone'],
  floor: ['C floor', 'its system calls, nothing parsed'],
  bareCalls: ['Node, bare calls', 'the same from Node'],
  psutil: ['psutil (Python)', 'cpu_percent, virtual_memory, getloadavg, disk_usage of the same mounts'],
  resolution: ['`SimpleResolver.getAction()`', 'reads nothing'],
};
const RATIOS = {
  lookOfGauges: "a monitor's look, of gauges alone",
  gaugesOfFloor: 'gauges alone with one local mount, of the C floor',
  bareCallsOfFloor: 'bare calls from Node, of the C floor',
  gaugesOfPsutil: 'gauges alone with one local mount, of psutil',
};

/** Returns what a part measured as sentences and tables: a table has `head` and `rows`. */
export const SECTIONS = {
  speed: ({ rows, ratios, rounds }) => [
    `Medians of ${rounds.rounds} rounds of ${rounds.turnMs} ms, in turns.`,
    {
      head: ['', 'per second', 'per second of CPU time', 'what it does', 'read in one round'],
      rows: rows.map(({ id, missing, told, perSecond, perCpuSecond, reads = {} }) => {
        const [title, does] = SPEED[id];
        const read = Object.entries(reads).map(([what, count]) => `${what} ${figure(count)}`);
        const sentence =
          missing === undefined ? [told, does].filter(Boolean).join(': ') : `not run: ${missing}`;
        return [title, orDash(perSecond), orDash(perCpuSecond), sentence, read.join(', ')];
      }),
    },
    'Ratios of the same round, in CPU time:',
    {
      head: ['ratio', 'median'],
      rows: Object.entries(ratios).map(([name, value]) => [RATIOS[name], orDash(value)]),
    },
    `The four issues: ${rows.find(({ id }) => id === 'fourIssues').found.ends.join('; ')}.`,
  ],

  start: ({ processes, imported: { root, nothing, files }, quickHeal, heap }) => [
    `Medians of ${processes} fresh processes, in turns with one that does nothing.`,
    {
      head: ['', 'CPU, ms', 'wall, ms', 'memory, MiB'],
      rows: [
        ['import of the root', figure(root.cpuMs), figure(root.wallMs), mib(root.rssBytes / 1_024)],
        [
          'import of an empty module',
          figure(nothing.cpuMs),
          figure(nothing.wallMs),
          mib(nothing.rssBytes / 1_024),
        ],
        ['a process with one `quickHeal()`', '', figure(quickHeal.quickHealMs), ''],
        ['a process that does nothing', '', figure(quickHeal.bareMs), ''],
      ],
    },
    `Files of the import: ${files.join(', ')}.`,
    `Heap: ${orDash(heap.look)} B for a healthy look of a monitor with the default checks, ${orDash(heap.verdicts)} B for one whose verdicts are read, ${orDash(heap.cycle)} B for \`detectAndHeal()\` of gauges alone, ${orDash(heap.emptyAsyncCall)} B for an empty async call; ${figure(heap.growthBytes)} B more after ${heap.growthCycles.toLocaleString('en')} looks and a collection.`,
  ],

  steady: ({ settleSeconds, seconds, rows }) => [
    `All at the same time, for ${seconds} s, from ${settleSeconds} s after their start. CPU time with that of their child processes.`,
    {
      head: ['', 'every', 'CPU, % of a core', 'private, MiB', 'resident, MiB'],
      rows: rows.map(({ title, interval, missing, cpuPercent, privateKiB, residentKiB }) => [
        ...[missing ? `${title}: not run, ${missing}` : title, `${interval} s`],
        ...[orDash(cpuPercent), mib(privateKiB), mib(residentKiB)],
      ]),
    },
  ],

  latency: (data) => [
    `${data.deaths} deaths by SIGKILL of a listed service, ${data.monitDeaths} for Monit. ${data.firstBegun.count} processes for the first repair.`,
    {
      head: ['milliseconds', 'p50', 'p90', 'p99', 'longest'],
      rows: [
        ['death → systemd signals it: the floor', data.floor],
        ['death → issue known', data.known],
        ['death → repair begins', data.begun],
        ['death → first repair of a process begins', data.firstBegun],
        ['death → service runs again', data.back],
        ['repair proven → `issue:cleared`', data.cleared],
        ['Monit, cycle 1 s: death → runs again', data.monitBack],
      ].map(([what, { p50, p90, p99, max }]) => [what, ...[p50, p90, p99, max].map(orDash)]),
    },
    `Not cleared within 200 ms of the proof: ${data.cleared.late}. Outcomes: ${JSON.stringify(data.outcomes)}. Options: ${JSON.stringify(data.configured)}.`,
  ],

  growth: ({ curves }) =>
    curves.flatMap(({ what, rows, exponent }) => [
      `${what}: ${exponent <= 1.1 ? 'at most linear' : 'more than linear'}, exponent ${figure(exponent)} over the last tenfold.`,
      {
        head: [
          'number',
          'CPU, µs',
          'wall, µs',
          'CPU for one, µs',
          'first cycle, ms',
          'heap, KiB',
          'descriptors',
        ],
        rows: rows.map(({ size, cpuUs, wallUs, firstMs, heapKiB, descriptors }) =>
          [size, cpuUs, wallUs, cpuUs / size, firstMs, heapKiB, descriptors].map(figure),
        ),
      },
    ]),

  servers: (data) =>
    ['cpu', 'ours', 'monit'].flatMap((what) => [
      `${{ cpu: 'One check of a page every 30 s', ours: 'Our checks', monit: 'Monit' }[what]}:`,
      {
        head: Object.keys(data[what][0]),
        rows: data[what].map((row) => Object.values(row).map(String)),
      },
    ]),

  goals: (targets) => [
    {
      head: ['quantity', 'goal', 'reached', 'verdict'],
      rows: targets.map(({ what, atLeast, atMost, unit, reached, verdict }) => [
        what,
        `${atLeast === undefined ? '≤' : '≥'} ${figure(atLeast ?? atMost)} ${unit}`.trim(),
        orDash(reached),
        verdict,
      ]),
    },
  ],
};

/** Columns as wide as their widest cell, but for the last, which may hold sentences. */
function table({ head, rows }) {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('`', '')));
  const widths = head.map((title, column) =>
    column === head.length - 1 ? title.length : Math.max(...cells.map((row) => row[column].length)),
  );
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd();
  const [first, ...rest] = cells.map(line);
  return [first, widths.map((width) => '─'.repeat(width)).join('  '), ...rest].join('\n');
}

const BAR = 24;

/** A bar of what was reached, as a share of the goal in its middle. Where less is better, it should end before the middle. */
function bar({ atLeast, atMost, reached }) {
  const mark = BAR / 2;
  // A goal of nothing is drawn as one.
  const share = (reached ?? NaN) / ((atLeast ?? atMost) || 1);
  const length = Math.min(BAR, Math.round(share * mark));
  const cells = Array.from({ length: BAR }, (_, at) => (at < length ? '█' : '·'));
  cells[mark] = length > mark ? '▓' : '│';
  return Number.isNaN(share) ? ' '.repeat(BAR) : cells.join('');
}

/** One line on when and where something was measured. */
export const origin = ({ stamp, size }) =>
  `${stamp.date.slice(0, 10)}, commit ${stamp.commit}, ${machineText(stamp.machine)}, load ${stamp.loadBefore.join(' ')} before.` +
  (size === 'quick' ? ' Short form: no steady state.' : '');

/** Returns a report for a terminal: what each part measured, and a picture of the goals. */
export function reportText({ stamp, size, results, targets }) {
  const text = (section) => (typeof section === 'string' ? section : table(section));
  const parts = Object.entries(results).map(([part, { data }]) =>
    [`── ${part} ──`, ...SECTIONS[part](data).map(text)].join('\n\n'),
  );
  const [{ head, rows }] = SECTIONS.goals(targets);
  const picture = {
    head: [head[0], 'the goal is the middle', ...head.slice(1)],
    rows: rows.map(([first, ...rest], at) => [first, bar(targets[at]), ...rest]),
  };
  return [origin({ stamp, size }), ...parts, '── goals ──', table(picture)].join('\n\n');
}
