// `npm run bench -- [PART…] [--quick | --full] [--record] [--json]`: what the built package does on a booted host, beside
// what is possible and what others do. It asserts nothing about times: the machine may be busy, so the figures to
// look at are the ratios within one run. Progress goes to standard error, the report to standard output.
import console from 'node:console';
import process, { argv } from 'node:process';
import { parseArgs } from 'node:util';
import { bootHost } from './host.mjs';
import { PARTS } from './parts.mjs';
import { reportText } from './print.mjs';
import { record, recorded, stamp } from './recorded.mjs';
import { targets } from './targets.mjs';

const { values, positionals } = parseArgs({
  args: argv.slice(2),
  allowPositionals: true,
  options: Object.fromEntries(
    ['quick', 'full', 'record', 'json'].map((name) => [name, { type: 'boolean', default: false }]),
  ),
});
const asked = positionals.length > 0 ? positionals : ['speed', 'start', 'steady'];
const unknown = asked.filter((part) => !(part in PARTS));
if (unknown.length > 0) {
  console.error(`No such part: ${unknown.join(', ')}. Known: ${Object.keys(PARTS).join(', ')}.`);
  process.exit(2);
}
const size = values.quick ? 'quick' : values.full ? 'full' : 'usual';

const now = stamp();
const begun = performance.now();
const say = (text) =>
  console.error(`${((performance.now() - begun) / 1_000).toFixed(0).padStart(4)} s  ${text}`);

const results = {};
for (const part of asked) {
  say(`${part}: boots a host`);
  // A separate one, so that no part finds what another one left behind.
  const place = await bootHost();
  now.machine.systemd = place.systemd;
  try {
    const data = await PARTS[part](place, { size, say: (text) => say(`${part}: ${text}`) });
    results[part] = { stamp: now, size, data };
    if (values.record) record(part, results[part]);
  } catch (error) {
    // The other parts are worth having.
    say(`${part} failed: ${error.message}`);
    process.exitCode = 1;
  } finally {
    await place.host.close();
  }
}
const earlier = Object.keys(PARTS).flatMap((part) => {
  const result = recorded(part);
  return result === undefined ? [] : [[part, result]];
});
const report = {
  ...{ stamp: now, size, results },
  targets: targets({ ...Object.fromEntries(earlier), ...results }, now),
};
console.log(values.json ? JSON.stringify(report) : reportText(report));
