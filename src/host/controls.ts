import { accessSync, constants, existsSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import { NIX_STORE } from '../model/built-in-checks.js';
import type { ControlsReading, NixControls } from '../model/controls-reading.js';
import { cpuPolicies } from './linux/cpu-policies.js';
import { isThisUserAllowed } from './nixos/nix-users.js';

const DAEMON_SOCKET = '/nix/var/nix/daemon-socket/socket';

/**
 * Reads the interfaces that built-in actions use, each when it is asked for, since an action needs one of them. `root` is
 * prefixed to paths: empty, or a folder of a test. Never throws.
 */
export function readControls(root: string): ControlsReading {
  return {
    get cpuPolicies() {
      return cpuPolicies(root);
    },
    get dropCaches() {
      const path = `${root}/proc/sys/vm/drop_caches`;
      return { path, unwritable: whyNotWritable(path) };
    },
    get nix() {
      const hasStore = existsSync(`${root}${NIX_STORE}`);
      const hasSystemd = existsSync(`${root}/run/systemd/system`);
      return { hasStore, daemon: daemonAccess(root), hasSystemd };
    },
  };
}

/** Returns why the file cannot be written even as root. */
function whyNotWritable(file: string): string | null {
  try {
    accessSync(file, constants.W_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') return null;
    if (code === 'ENOENT') return 'This host has no `vm.drop_caches`';
    if (code !== 'EROFS') return messageOf(error);
    return `${file} is read-only here, as in a container or under \`ProtectKernelTunables=\`: run this on the host itself, or add \`ReadWritePaths=${file}\` to the unit`;
  }
}

/** Returns whether nix-daemon accepts this user, who then needs no root to collect garbage. */
function daemonAccess(root: string): NixControls['daemon'] {
  try {
    accessSync(`${root}${DAEMON_SOCKET}`, constants.R_OK | constants.W_OK);
    // The socket may be open to everyone while the daemon accepts only its allowed users.
    return isThisUserAllowed(root) ? 'granted' : 'denied';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'denied' : 'none';
  }
}
