import { accessSync, constants, existsSync } from 'node:fs';
import { HELPER_SOCKET } from './helper-protocol.js';
import { loadExeca } from './start-program.js';
import { tierOf, type Tier } from '../host/tier.js';

/** Privileges of this process on the host. */
export interface PermissionStatus {
  readonly tier: Tier;
  /** `nixos`, another Linux with `systemd`, or `other`. */
  readonly platform: 'nixos' | 'systemd' | 'other';
  /** Numeric user id; -1 where the platform has none. */
  readonly uid: number;
  /** `true` when this process runs as root. */
  readonly root: boolean;
  /** `true` when the socket of the root helper exists. */
  readonly socket: boolean;
  /** `true` when `sudo -n` works. Tried in the development tier only, when not root. */
  readonly sudo: boolean;
  /** How a step that needs root would run. */
  readonly way: 'in-process' | 'helper' | 'sudo' | 'none';
  /** One sentence with the state, and with what to do when nothing can be carried out. */
  readonly description: string;
}

/** Reads the privileges of this process. Does not start the helper. */
export async function readPermissionStatus(helperSocket = HELPER_SOCKET): Promise<PermissionStatus> {
  const tier = tierOf(process.env);
  const uid = process.getuid?.() ?? -1;
  const root = uid === 0;
  const socket = existsSync(helperSocket);
  const sudo = tier === 'development' && !root && (await sudoWorks());
  const helper = tier === 'service' && socket && mayConnect(helperSocket);
  const way = root ? 'in-process' : sudo ? 'sudo' : helper ? 'helper' : 'none';
  const other = existsSync('/run/systemd/system') ? 'systemd' : 'other';
  const platform = existsSync('/etc/NIXOS') ? 'nixos' : other;
  const status = { tier, platform, uid, root, socket, sudo, way } as const;
  return Object.freeze({ ...status, description: describe(status, helperSocket) });
}

function describe(status: Omit<PermissionStatus, 'description'>, helperSocket: string): string {
  const { tier, socket, way, uid } = status;
  const who = uid === -1 ? 'this process' : `this process (uid ${uid})`;
  if (way === 'in-process') return `${tier} tier: ${who} runs as root and acts directly`;
  if (way === 'sudo') return `development tier: ${who} acts through sudo -n`;
  if (way === 'helper') return `service tier: ${who} acts through the root helper at ${helperSocket}`;
  if (tier === 'development') {
    return `development tier: ${who} is not root and sudo -n does not work; run as root, or allow sudo without a password`;
  }
  if (socket) {
    return `service tier: ${who} is not root and may not connect to the helper at ${helperSocket}; add its user to the group of that socket, luminous-healing`;
  }
  return `service tier: ${who} is not root and there is no helper at ${helperSocket}; start luminous-healing-helper.socket, run as root, or set LUMINOUS_DEV_MODE=1 to try sudo`;
}

/** Returns whether the socket is writable, which connecting requires. */
function mayConnect(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function sudoWorks(): Promise<boolean> {
  const execa = await loadExeca();
  const options = { reject: false, timeout: 5_000, stdio: 'ignore' } as const;
  return (await execa('sudo', ['-n', 'true'], options)).exitCode === 0;
}
