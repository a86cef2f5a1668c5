// `node bench/plot.mjs`: draws `docs/performance.svg` and `docs/growth.svg` from the recorded results, on logarithmic scales.
import { writeFileSync } from 'node:fs';
import { URL } from 'node:url';
import { recorded } from './recorded.mjs';
import { figure } from './statistics.mjs';

const WIDTH = 720;
const HEIGHT = 380;
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 24, 90, 52];
const COLORS = ['#9ca3af', '#2563eb', '#15803d', '#b45309', '#7c3aed', '#dc2626'];

/** Maps from the first to the last tick, to a length. */
const linear = (ticks) => (value) => (value - ticks[0]) / (ticks.at(-1) - ticks[0]);
const log = (ticks) => (value) => linear(ticks.map(Math.log))(Math.log(Math.max(value, ticks[0])));

function picture(name, { title, footer, x, y, lines }) {
  const atX = (value) => (LEFT + x.scale(x.ticks)(value) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const atY = (value) => (HEIGHT - BOTTOM - y.scale(y.ticks)(value) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const text = (left, top, anchor, words) =>
    `<text x="${left}" y="${top}" text-anchor="${anchor}">${words}</text>`;
  const grid = [
    ...x.ticks.map(
      (tick) =>
        `<path d="M${atX(tick)},${TOP}V${HEIGHT - BOTTOM}" class="grid"/>` +
        text(atX(tick), HEIGHT - BOTTOM + 18, 'middle', x.label(tick)),
    ),
    ...y.ticks.map(
      (tick) =>
        `<path d="M${LEFT},${atY(tick)}H${WIDTH - RIGHT}" class="grid"/>` +
        text(LEFT - 8, Number(atY(tick)) + 4, 'end', y.label(tick)),
    ),
  ];
  const drawn = lines.map(({ title: words, points, steps }, at) => {
    const path = points.map(([left, top], index) =>
      index === 0
        ? `M${atX(left)},${atY(top)}`
        : steps
          ? `H${atX(left)}V${atY(top)}`
          : `L${atX(left)},${atY(top)}`,
    );
    const [column, line] = [LEFT + (at % 2) * 330, TOP - 52 + Math.floor(at / 2) * 15];
    return (
      `<path d="${path.join('')}" fill="none" stroke="${COLORS[at]}" stroke-width="2"/>` +
      `<path d="M${column},${line - 4}h18" stroke="${COLORS[at]}" stroke-width="3"/>${text(column + 24, line, 'start', words)}`
    );
  });
  writeFileSync(
    new URL(`../docs/${name}.svg`, import.meta.url),
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">
<style>.grid{stroke:#ddd;stroke-width:1}</style>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${LEFT}" y="20" font-size="14" font-weight="bold">${title}</text>
${[...grid, ...drawn].join('\n')}
${text(WIDTH / 2, HEIGHT - 12, 'middle', footer)}
</svg>
`,
  );
}

const source = ({ stamp }) =>
  `commit ${stamp.commit}, ${stamp.date.slice(0, 10)}, ${stamp.machine.cores} × ${stamp.machine.cpu}, load ${stamp.loadBefore[0]} before`;

/** A step up for each death. */
const shares = (numbers) =>
  [...numbers].sort((a, b) => a - b).map((ms, at) => [ms, (at + 1) / numbers.length]);

const latency = recorded('latency');
if (latency) {
  const { samples, deaths } = latency.data;
  picture('performance', {
    title: `${deaths} deaths of a service: share that was known, and ran again, after so many ms`,
    footer: `milliseconds after the kill (${source(latency)})`,
    x: { ticks: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000], scale: log, label: String },
    y: { ticks: [0, 0.25, 0.5, 0.75, 1], scale: linear, label: (share) => `${share * 100} %` },
    lines: [
      { title: 'systemd says so', steps: true, points: shares(samples.floor) },
      { title: 'issue known', steps: true, points: shares(samples.known) },
      { title: 'service runs again', steps: true, points: shares(samples.back) },
      { title: 'Monit, cycle 1 s: it runs again', steps: true, points: shares(samples.monitBack) },
    ],
  });
}

const growth = recorded('growth');
if (growth) {
  const { curves } = growth.data;
  picture('growth', {
    title: 'CPU time of one cycle, by the number of things that are looked at',
    footer: `number of units, file systems … (${source(growth)})`,
    x: { ticks: [1, 10, 100, 1_000, 10_000], scale: log, label: (value) => value.toLocaleString('en') },
    y: {
      ...{ ticks: [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000], scale: log },
      label: (us) => (us < 1_000 ? `${us} µs` : `${(us / 1_000).toLocaleString('en')} ms`),
    },
    lines: curves.map(({ what, rows, exponent }) => ({
      title: `${what}, n^${figure(exponent)}`,
      points: rows.map(({ size, cpuUs }) => [size, cpuUs]),
    })),
  });
}
