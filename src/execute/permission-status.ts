import { accessSync, constants, existsSync } from 'node:fs';
import { HELPER_SOCKET } from './helper-protocol.js';
import { loadExeca } from './start-program.js';

/** Way in which the host is changed: in production through systemd, in development directly. */
export type Tier = 'service' | 'development';

/** What this process may do to the host, and through what. */
export interface PermissionStatus {
  readonly tier: Tier;
  /** `nixos`, another Linux with `systemd`, or something `other`. */
  readonly platform: 'nixos' | 'systemd' | 'other';
  /** Numeric user id; -1 where the platform has none. */
  readonly uid: number;
  /** Whether this process is root, and acts itself. */
  readonly root: boolean;
  /** Whether the socket of the root helper is there. */
  readonly socket: boolean;
  /** Whether `sudo -n` works. Looked at only in the development tier, when not root. */
  readonly sudo: boolean;
  /** Through what a step that takes root would run. */
  readonly way: 'in-process' | 'helper' | 'sudo' | 'none';
  /** One sentence: how it is, and what to do where nothing can be done. */
  readonly description: string;
}

/** Returns the tier that the environment selects: `LUMINOUS_DEV_MODE` set to `1` or `true` means development. */
export function tierOf(environment: Readonly<Record<string, string | undefined>>): Tier {
  return ['1', 'true'].includes(environment.LUMINOUS_DEV_MODE?.toLowerCase() ?? '')
    ? 'development'
    : 'service';
}

/** Looks at what this process may do. The helper is looked for at its socket, and not woken. */
export async function readPermissionStatus(helperSocket = HELPER_SOCKET): Promise<PermissionStatus> {
  const tier = tierOf(process.env);
  const uid = process.getuid?.() ?? -1;
  const root = uid === 0;
  const socket = existsSync(helperSocket);
  const sudo = tier === 'development' && !root && (await sudoWorks());
  const helper = tier === 'service' && socket && mayConnect(helperSocket);
  const way = root ? 'in-process' : sudo ? 'sudo' : helper ? 'helper' : 'none';
  const platform = existsSync('/etc/NIXOS')
    ? 'nixos'
    : existsSync('/run/systemd/system')
      ? 'systemd'
      : 'other';
  const description = describe({ tier, socket, way, uid, helperSocket });
  return Object.freeze({ tier, platform, uid, root, socket, sudo, way, description });
}

function describe({
  tier,
  socket,
  way,
  uid,
  helperSocket,
}: Pick<PermissionStatus, 'tier' | 'socket' | 'way' | 'uid'> & { readonly helperSocket: string }): string {
  const who = uid === -1 ? 'this process' : `this process (uid ${uid})`;
  if (way === 'in-process') return `${tier} tier: ${who} is root and acts itself`;
  if (way === 'sudo') return `development tier: ${who} acts through sudo -n`;
  if (way === 'helper') return `service tier: ${who} acts through the root helper at ${helperSocket}`;
  if (tier === 'development') {
    return `development tier: ${who} is not root and sudo -n does not work; run as root, or allow sudo without a password`;
  }
  if (socket) {
    return `service tier: ${who} is not root and may not speak to the helper at ${helperSocket}; add its user to the group of that socket, luminous-healing`;
  }
  return `service tier: ${who} is not root and there is no helper at ${helperSocket}; start luminous-healing-helper.socket, run as root, or set LUMINOUS_DEV_MODE=1 to try sudo`;
}

/** To connect takes the right to write. */
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
  const { exitCode } = await execa('sudo', ['-n', 'true'], {
    reject: false,
    timeout: 5_000,
    stdio: 'ignore',
  });
  return exitCode === 0;
}
