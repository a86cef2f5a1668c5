import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { imagePath } from './build.js';
import type { Suite } from './recipe.js';

const packages = {
  nsenter: 'util-linux',
  'mkfs.ext4': 'e2fsprogs',
  'systemd-nspawn': 'systemd-container',
} as const;

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Returns in sentences why no test host can run on this machine; empty if one can. */
export function missingRequirements(suite: Suite = 'bookworm'): string[] {
  if (process.platform !== 'linux') return [`A test host needs Linux, and this is ${process.platform}.`];
  const reasons: string[] = [];
  if (process.getuid?.() !== 0) reasons.push('A test host needs root: run the tests with sudo.');
  for (const [program, name] of Object.entries(packages)) {
    if (!isInstalled(program)) reasons.push(`A test host needs ${program}: install the package ${name}.`);
  }
  if (!existsSync(imagePath(suite))) {
    const task = 'The image of the test host has to be built';
    if (!isInstalled('debootstrap'))
      reasons.push(`${task}, which needs debootstrap: install the package debootstrap.`);
    if (!existsSync(keyring))
      reasons.push(`${task}, which needs ${keyring}: install the package debian-archive-keyring.`);
  }
  if (!/\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8')) && !existsSync('/sys/module/overlay')) {
    reasons.push('A test host needs the kernel to have overlay file systems.');
  }
  if (!existsSync('/dev/loop-control'))
    reasons.push('A test host needs loop devices, and there is no /dev/loop-control.');
  return reasons;
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
