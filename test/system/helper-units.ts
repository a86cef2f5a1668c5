import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeInside } from './host/command.js';
import type { TestHost } from './host/TestHost.js';

const UNITS = join(import.meta.dirname, '../../nix/systemd');

/** Path of the helper's policy. */
export const POLICY = '/etc/luminous-healing/policy.json';
/** User with access to the helper, and one without. */
export const MEMBER = 'healer';
export const STRANGER = 'mallory';

/** Returns a unit of this package, with this host's paths in it. */
export async function unitText(name: string): Promise<string> {
  const text = await readFile(join(UNITS, name), 'utf8');
  return text.replaceAll('@node@', nodeInside).replaceAll('@package@', '/repo');
}

/** Writes the policy of the helper. */
export const writePolicy = (host: TestHost, policy: object): Promise<void> =>
  host.writeFile(POLICY, JSON.stringify({ version: 1, ...policy }));

/** Installs the root helper with the units of this package, and the two users. */
export async function installHelper(host: TestHost, policy: object): Promise<void> {
  await host.run(['groupadd', '--system', 'luminous-healing']);
  await host.run(['useradd', '--create-home', '--groups=luminous-healing,systemd-journal', MEMBER]);
  await host.run(['useradd', '--create-home', STRANGER]);
  await writePolicy(host, policy);
  for (const unit of ['luminous-healing-helper@.service', 'luminous-healing-helper.socket']) {
    await host.writeUnit(unit, await unitText(unit));
  }
  await host.systemctl('enable', '--now', '--quiet', 'luminous-healing-helper.socket');
}
