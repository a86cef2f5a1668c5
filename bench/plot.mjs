// `node bench/plot.mjs`: draws `docs/performance.svg` from `bench/results/latency.json`: which share of the deaths was
// known, and healed, after how long.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';

const fileHere = (name) => fileURLToPath(new URL(name, import.meta.url));
const { samples, machine, monit, deaths } = JSON.parse(
  readFileSync(fileHere('./results/latency.json'), 'utf8'),
);

const WIDTH = 720;
const HEIGHT = 380;
const [LEFT, RIGHT, TOP, BOTTOM] = [56, 24, 56, 52];
const TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];

const span = Math.log10(TICKS.at(-1)) - Math.log10(TICKS[0]);
const x = (ms) =>
  LEFT + ((Math.log10(Math.max(ms, TICKS[0])) - Math.log10(TICKS[0])) / span) * (WIDTH - LEFT - RIGHT);
const y = (share) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);

/** A step up for each death. */
function curve(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const steps = sorted.map((ms, at) => `H${x(ms).toFixed(1)}V${y((at + 1) / sorted.length).toFixed(1)}`);
  return `M${LEFT},${y(0)}${steps.join('')}H${WIDTH - RIGHT}`;
}

const lines = [
  { title: 'systemd says so', color: '#9ca3af', numbers: samples.floor },
  { title: 'issue known', color: '#2563eb', numbers: samples.known },
  { title: 'service runs again', color: '#15803d', numbers: samples.back },
  ...(samples.monitBack.length > 0
    ? [
        {
          title: `Monit ${monit.version}, cycle 1 s`,
          color: '#b45309',
          numbers: samples.monitBack,
        },
      ]
    : []),
];

const grid = TICKS.map(
  (ms) =>
    `<path d="M${x(ms).toFixed(1)},${TOP}V${HEIGHT - BOTTOM}" class="grid"/>` +
    `<text x="${x(ms).toFixed(1)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${ms}</text>`,
);
const shares = [0, 0.25, 0.5, 0.75, 1].map(
  (share) =>
    `<path d="M${LEFT},${y(share)}H${WIDTH - RIGHT}" class="grid"/>` +
    `<text x="${LEFT - 8}" y="${y(share) + 4}" text-anchor="end">${share * 100} %</text>`,
);
const legend = lines.map(
  ({ title, color }, at) =>
    `<path d="M${LEFT + at * 165},${TOP - 18}h18" stroke="${color}" stroke-width="3"/>` +
    `<text x="${LEFT + at * 165 + 24}" y="${TOP - 14}">${title}</text>`,
);
const curves = lines.map(
  ({ color, numbers }) => `<path d="${curve(numbers)}" fill="none" stroke="${color}" stroke-width="2"/>`,
);

writeFileSync(
  fileHere('../docs/performance.svg'),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">
<style>.grid{stroke:#ddd;stroke-width:1}</style>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${LEFT}" y="20" font-size="14" font-weight="bold">${deaths} deaths of a service: share that was known, and ran again, after so many ms</text>
${[...grid, ...shares, ...legend, ...curves].join('\n')}
<text x="${WIDTH / 2}" y="${HEIGHT - 12}" text-anchor="middle">milliseconds after the kill (${machine.date.slice(0, 10)}, ${machine.cores} × ${machine.cpu}, load ${machine.loadBefore[0]} before)</text>
</svg>
`,
);
