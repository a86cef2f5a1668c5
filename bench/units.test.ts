// A part of `npm run bench:scale`: what a cycle over many real units costs, in a booted Debian of its own. The sizes and
// the file for the answer come by `SIZES` and `ANSWER`.
import { writeFile } from 'node:fs/promises';
import { test } from 'vitest';
import { bootTestHost } from '../test/system/host/boot.js';
import { missingRequirements } from '../test/system/host/requirements.js';

const { SIZES, ANSWER } = process.env;

test.skipIf(SIZES === undefined || ANSWER === undefined)('units', { timeout: 600_000 }, async () => {
  const missing = missingRequirements();
  if (missing.length > 0) throw new Error(missing.join(' '));
  const sizes = SIZES!.split(' ');
  const names = Array.from({ length: Math.max(...sizes.map(Number)) }, (_, at) => `bench@${at + 1}.service`);
  await using host = await bootTestHost();
  // Without a program: a thousand services are wanted here, not a thousand processes.
  await host.writeUnit(
    'bench@.service',
    '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStop=/bin/true\n',
  );
  await host.writeUnit('bench.target', `[Unit]\nWants=${names.join(' ')}\n`);
  await host.systemctl('start', 'bench.target');
  const { stdout } = await host.node(['--expose-gc', '/repo/bench/probes/scale-units.mjs', ...sizes], {
    timeoutMs: 300_000,
  });
  await writeFile(ANSWER!, stdout);
});
