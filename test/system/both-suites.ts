import { test } from 'vitest';
import { buildImage } from './host/build.js';
import { missingRequirements } from './host/requirements.js';
import { describeOnHost, type Lab } from './lab.js';

/**
 * Runs the same tests on a host of Debian 12, systemd 252, and on one of Debian 13, systemd 257. Not every archive has
 * the newer suite: if it is not available, its tests are skipped with that reason.
 */
export async function describeOnBoth(name: string, body: (lab: Lab) => void): Promise<void> {
  describeOnHost(name, body);
  const newer = `${name}, on Debian 13`;
  const has13 =
    missingRequirements('trixie').length > 0 ||
    (await buildImage('trixie').then(
      () => true,
      (error: unknown) => console.warn(`Skipped: ${newer}.\n${String(error)}`),
    ));
  if (has13) describeOnHost(newer, body, { suite: 'trixie' });
  else test.skip(newer);
}
