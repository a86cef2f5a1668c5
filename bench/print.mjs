import { machineText } from './recorded.mjs';
import { figure } from './statistics.mjs';

/** Columns as wide as their widest cell, but for the last, which holds sentences. */
function table(head, rows) {
  const cells = [head, ...rows];
  const widths = head.map((title, column) =>
    column === head.length - 1 ? title.length : Math.max(...cells.map((row) => row[column].length)),
  );
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

const orDash = (value) => (value === undefined ? '–' : figure(value));
const mib = (kib) => (kib === undefined ? '–' : figure(kib / 1_024));
const TITLES = {
  look: ["a monitor's look", 'default checks, services and system included'],
  gauges: ["a monitor's look, gauges alone", 'cpu, memory, disk, load'],
  cycle: ['one detectAndHeal(), healthy', 'default checks, dry run; systemd is asked each time'],
  fourIssues: ['one detectAndHeal(), 4 issues', 'the same; each issue is planned and judged by the gates'],
  floor: ['C floor', 'the system calls of gauges alone, nothing parsed'],
  bareCalls: ['Node, bare calls', 'the same from Node'],
  psutil: ['psutil (Python)', 'cpu_percent, virtual_memory, getloadavg, disk_usage of the same mounts'],
  resolution: ['SimpleResolver.getAction()', 'reads nothing'],
};

/** What a round read: files and system calls that come about once, and calls over D-Bus. */
const readText = (reads) =>
  Object.entries(reads)
    .map(([what, count]) => `${what} ${figure(count)}`)
    .join(', ');

const speed = ({ rows, ratios, rounds }) =>
  [
    `Medians of ${rounds.rounds} rounds of ${rounds.turnMs} ms each, in turns; ratios are of the same round, in CPU time.`,
    table(
      ['', 'per second', 'per CPU second', 'what it does'],
      rows.map(({ id, missing, told, perSecond, perCpuSecond }) => {
        const [title, does] = TITLES[id];
        return [
          title,
          orDash(perSecond),
          orDash(perCpuSecond),
          missing ?? [told, does].filter(Boolean).join(': '),
        ];
      }),
    ),
    `Ratios: ${Object.entries(ratios)
      .map(([name, value]) => `${name} ${orDash(value)}`)
      .join(', ')}.`,
    ...rows.flatMap(({ id, reads }) =>
      reads ? [`Read in one round, ${TITLES[id][0]}: ${readText(reads)}.`] : [],
    ),
    `The issues: ${rows.find(({ id }) => id === 'fourIssues').found.ends.join('; ')}.`,
  ].join('\n');

const start = ({ processes, imported: { root, nothing, files }, quickHeal, heap }) =>
  `Medians of ${processes} fresh processes, in turns with one that does nothing.
Import of the root: ${figure(root.cpuMs)} ms of CPU time, ${figure(root.wallMs)} ms, +${mib(root.rssBytes / 1_024)} MiB; of an empty module ${figure(nothing.cpuMs)}, ${figure(nothing.wallMs)}, +${mib(nothing.rssBytes / 1_024)} MiB. Files: ${files.join(', ')}.
quickHeal() from process start: ${figure(quickHeal.quickHealMs)} ms, bare Node ${figure(quickHeal.bareMs)} ms.
Heap: ${orDash(heap.look)} B for a look of a monitor with the default checks; ${orDash(heap.cycle)} B for detectAndHeal() of gauges alone, ${orDash(heap.emptyAsyncCall)} B for an empty async call; ${figure(heap.growthBytes)} B more after ${heap.growthCycles.toLocaleString('en')} looks and a collection.`;

const steady = ({ settleSeconds, seconds, rows }) =>
  `All at the same time, for ${seconds} s from ${settleSeconds} s after their start. CPU time with that of their child processes.\n${table(
    ['', 'every', 'CPU, % of a core', 'private MiB', 'resident MiB'],
    rows.map(({ title, interval, missing, cpuPercent, privateKiB, residentKiB }) => [
      ...[title, `${interval} s`, orDash(cpuPercent), mib(privateKiB), missing ?? mib(residentKiB)],
    ]),
  )}`;

const latency = (data) =>
  `${data.deaths} deaths by SIGKILL of a listed service; Monit ${data.monitDeaths}. Engine: ${JSON.stringify(data.configured)}.\n${table(
    ['milliseconds', 'p50', 'p90', 'p99', 'longest'],
    [
      ['death → systemd signals it: the floor', data.floor],
      ['death → issue known', data.known],
      ['death → repair begins', data.begun],
      ['death → first repair of a process begins', data.firstBegun],
      ['death → service runs again', data.back],
      ['repair proven → issue:cleared', data.cleared],
      ['Monit, cycle 1 s: death → runs again', data.monitBack],
    ].map(([what, { p50, p90, p99, max }]) => [what, ...[p50, p90, p99, max].map(String)]),
  )}\nNot cleared within 200 ms of the proof: ${data.cleared.late}. Outcomes: ${JSON.stringify(data.outcomes)}.`;

const growth = ({ curves }) =>
  curves
    .map(
      ({ what, rows, exponent }) =>
        `${what}: ${exponent <= 1.1 ? 'at most linear' : 'more than linear'}, exponent ${figure(exponent)} over the last tenfold\n${table(
          ['number', 'µs of CPU', 'µs', 'µs of CPU for one', 'first, ms', 'heap KiB', 'descriptors'],
          rows.map(({ size, cpuUs, wallUs, firstMs, heapKiB, descriptors }) =>
            [size, cpuUs, wallUs, cpuUs / size, firstMs, heapKiB, descriptors].map(figure),
          ),
        )}`,
    )
    .join('\n\n');

const servers = ({ cpu = [], ours = [], monit = [] }) =>
  [cpu, ours, monit]
    .filter(([first]) => first)
    .map((rows) =>
      table(
        Object.keys(rows[0]),
        rows.map((row) => Object.values(row).map(String)),
      ),
    )
    .join('\n\n');

const PRINTERS = { speed, start, steady, latency, growth, servers };
const BAR = 24;

/** A bar of what was reached; the mark is the goal. Where less is better, it should end before the mark. */
function bar({ atLeast, atMost, reached }) {
  if (reached === undefined || Number.isNaN(reached)) return ' '.repeat(BAR);
  const goal = (atLeast ?? atMost) || 1;
  const mark = BAR / 2;
  const length = Math.max(0, Math.min(BAR, Math.round((reached / goal) * mark)));
  const cells = Array.from({ length: BAR }, (_, at) => (at < length ? '█' : '·'));
  cells[mark] = length > mark ? '▓' : '│';
  return cells.join('');
}

/** Returns a report as text: a table for each part, and a picture of the goals. */
export function reportText({ stamp, size, results, targets }) {
  const { commit, machine, date, loadBefore } = stamp;
  const parts = Object.entries(results).map(([part, { data }]) => `── ${part} ──\n${PRINTERS[part](data)}`);
  const short = size === 'quick' ? ' Short form: no steady state.' : '';
  const goals = targets.map((target) => {
    const { what, atLeast, atMost, unit, reached, verdict } = target;
    const goal = atLeast === undefined ? `≤ ${figure(atMost)}` : `≥ ${figure(atLeast)}`;
    return [what, bar(target), orDash(reached), `${goal} ${unit}`.trim(), verdict];
  });
  return [
    `${date}, commit ${commit}\n${machineText(machine)}, load before ${loadBefore.join(' ')}.${short}`,
    ...parts,
    `── goals ── bar: reached; its middle: the goal\n${table(['', 'reached ÷ goal', 'reached', 'goal', 'verdict'], goals)}`,
  ].join('\n\n');
}
