import console from 'node:console';
import { figure } from './targets.mjs';

function table(head, rows) {
  const cells = [head, ...rows];
  const last = head.length - 1;
  // The last column holds sentences: a line as long as the longest of them helps nobody.
  const widths = head.map((title, column) =>
    column === last ? title.length : Math.max(...cells.map((row) => row[column].length)),
  );
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd();
  console.log(
    [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n'),
  );
}

const orDash = (value) => (value === undefined ? '–' : figure(value));
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Prints a report as tables for a person. */
export function print({ machine, reads, ends, rounds, rows, imported, heap, idle, targets }) {
  console.log(`${machine.date}, Node ${machine.node}, ${machine.system}`);
  console.log(
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, load before ${machine.loadBefore.join(' ')}`,
  );
  console.log(`\nRead in each round: ${reads.files.join(', ')}; statfs of ${reads.mounts.join(', ')}.`);
  console.log('Checks cpu, memory, disk, load; services and system are off (they ask systemd).');
  console.log(
    `Medians of ${rounds.rounds} rounds of ${rounds.turnMs} ms each, in turns; ratios are of the same round.\n`,
  );
  table(
    ['', 'per second', 'µs each', '× C floor', 'what it does'],
    rows.map(({ title, perSecond, ofFloor, does }) => [
      title,
      orDash(perSecond),
      orDash(perSecond && 1e6 / perSecond),
      orDash(ofFloor),
      does,
    ]),
  );

  console.log(`\nThe issues: ${ends.join('; ')}.`);
  console.log(
    'What the Python system of the same name documents: detection 12,740/s (of a mock: nothing was read), ' +
      'resolution 1,221,437/s (one issue), end to end 1,486/s (the mock, 4 issues, dry run).',
  );

  const { root, nothing } = imported;
  console.log(
    `\nImport of the root: ${figure(root.ms)} ms (fastest ${figure(root.fastestMs)}), +${mib(root.rssBytes)} RSS; ` +
      `of an empty module: ${figure(nothing.ms)} ms, +${mib(nothing.rssBytes)}. ` +
      `Import, construct and first cycle: ${figure(imported.firstCycleMs)} ms. Medians of ${imported.processes} fresh processes.`,
  );
  console.log(`Files: ${imported.files.join(', ')}. Packages: ${imported.packages.join(', ') || 'none'}.`);
  console.log(`Of Node, beyond what it starts with: ${imported.builtins.join(', ') || 'nothing'}.`);
  console.log(
    `Heap: ${orDash(heap.cycle)} B for a healthy cycle, ${orDash(heap.detection)} B for a detection, ` +
      `${orDash(heap.emptyAsyncCall)} B for an empty async call; ` +
      `${figure(heap.growthBytes)} B more after ${heap.growthCycles.toLocaleString('en')} cycles and a collection.`,
  );
  console.log(
    `Once a second for ${figure(idle.monitor.seconds)} s beside all this (median of ${idle.pairs}): ` +
      `${figure(idle.monitor.cpuPercent)} % of a core and ${mib(idle.monitor.privateKiB * 1_024)} private, ` +
      `an empty timer ${figure(idle.timer.cpuPercent)} % and ${mib(idle.timer.privateKiB * 1_024)}.\n`,
  );
  table(
    ['target', 'wanted', 'reached', 'verdict'],
    targets.map(({ what, atLeast, under, unit, reached, verdict }) => [
      what,
      atLeast === undefined ? `< ${under} ${unit}` : `≥ ${atLeast} ${unit}`,
      reached === undefined ? '–' : `${figure(reached)} ${unit}`,
      verdict,
    ]),
  );
}
