// Runs as root in a mount namespace of its own: mounts more and more file systems, each a device of its own, and tells
// as JSON what a cycle over them costs. Arguments: a folder, and the sizes.
import console from 'node:console';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { createSelfHealingEngine } from '../../dist/index.js';
import { HEALTHY } from '../checks.mjs';
import { measure } from '../growth.mjs';

const [, , folder, ...sizes] = argv;
let mounted = 0;
function mountUpTo(size) {
  for (; mounted < size; mounted++) {
    const point = join(folder, String(mounted));
    mkdirSync(point);
    const { status, stderr } = spawnSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      'size=64k',
      `bench-${mounted}`,
      point,
    ]);
    if (status !== 0) throw new Error(String(stderr));
  }
}

const curve = await measure('file systems, mounted for real', sizes.map(Number), async (size) => {
  mountUpTo(size);
  const engine = createSelfHealingEngine({ dryRun: true, thresholds: HEALTHY, enabledChecks: ['disk'] });
  const seen = await engine.detector.inspect();
  const found = seen.filter(({ component }) => component.startsWith(`disk:${folder}`)).length;
  if (found !== size) throw new Error(`${found} of ${size} file systems were read`);
  return { cycle: () => engine.detectAndHeal(), end: () => engine.close() };
});
console.log(JSON.stringify(curve));
