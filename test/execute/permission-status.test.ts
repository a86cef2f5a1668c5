import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readPermissionStatus } from '../../src/execute/permission-status.js';

const BIN = fileURLToPath(new URL('../fixtures/bin', import.meta.url));
/** A file that even root cannot write. */
const READ_ONLY = '/proc/sys/kernel/ostype';
let folder: string;
let socket: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'permission-status-'));
  socket = join(folder, 'socket');
  vi.stubEnv('PATH', `${BIN}${delimiter}${process.env.PATH ?? ''}`);
  vi.stubEnv('FAKE_LOG', join(folder, 'log'));
  vi.stubEnv('LUMINOUS_DEV_MODE', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Simulates a user id; -1 for a platform without user ids. */
function as(uid: number): void {
  const getuid = vi.spyOn(process as { getuid: (() => number) | undefined }, 'getuid', 'get');
  getuid.mockReturnValue(uid === -1 ? undefined : () => uid);
}
const asked = (): string =>
  existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8') : '';

describe('the service tier', () => {
  it('acts in this process if that is root, also if there is a helper', async () => {
    as(0);
    writeFileSync(socket, '');
    expect(await readPermissionStatus(socket)).toMatchObject({
      ...{ tier: 'service', uid: 0, root: true, socket: true, sudo: false, way: 'in-process' },
      description: 'service tier: this process (uid 0) runs as root and acts directly',
    });
  });

  it('acts through the helper if its socket can be written', async () => {
    as(1_000);
    writeFileSync(socket, '');
    expect(await readPermissionStatus(socket)).toMatchObject({
      ...{ tier: 'service', uid: 1_000, root: false, socket: true, sudo: false, way: 'helper' },
      description: `service tier: this process (uid 1000) acts through the root helper at ${socket}`,
    });
  });

  it('says whose group is needed if the socket cannot be written', async () => {
    as(1_000);
    expect(await readPermissionStatus(READ_ONLY)).toMatchObject({
      ...{ socket: true, way: 'none' },
      description: `service tier: this process (uid 1000) is not root and may not connect to the helper at ${READ_ONLY}; add its user to the group of that socket, luminous-healing`,
    });
  });

  it.each([
    [1_000, 'this process (uid 1000)'],
    [-1, 'this process'],
    [1, 'this process (uid 1)'],
  ])('says what to start if there is no helper, for the user %i', async (uid, who) => {
    as(uid);
    expect(await readPermissionStatus(socket)).toMatchObject({
      ...{ uid, root: false, socket: false, way: 'none' },
      description: `service tier: ${who} is not root and there is no helper at ${socket}; start luminous-healing-helper.socket, run as root, or set LUMINOUS_DEV_MODE=1 to try sudo`,
    });
  });

  it('never tries sudo', async () => {
    as(1_000);
    await readPermissionStatus(socket);
    expect(asked()).toBe('');
  });
});

describe('the development tier', () => {
  beforeEach(() => vi.stubEnv('LUMINOUS_DEV_MODE', '1'));

  it('acts in this process if that is root, and does not try sudo', async () => {
    as(0);
    expect(await readPermissionStatus(socket)).toMatchObject({
      ...{ tier: 'development', root: true, sudo: false, way: 'in-process' },
    });
    expect(asked()).toBe('');
  });

  it('acts through sudo if that works without a password', async () => {
    as(1_000);
    expect(await readPermissionStatus(socket)).toMatchObject({
      ...{ tier: 'development', sudo: true, way: 'sudo' },
      description: 'development tier: this process (uid 1000) acts through sudo -n',
    });
  });

  it('does not use the helper', async () => {
    as(1_000);
    vi.stubEnv('FAKE_SUDO', 'no');
    writeFileSync(socket, '');
    expect(await readPermissionStatus(socket)).toMatchObject({
      ...{ socket: true, sudo: false, way: 'none' },
      description:
        'development tier: this process (uid 1000) is not root and sudo -n does not work; run as root, or allow sudo without a password',
    });
    expect(asked()).toBe('sudo -n true\n');
  });
});

describe('the status of privileges', () => {
  it('is frozen, and names the platform of this machine', async () => {
    const systemd = existsSync('/run/systemd/system') ? 'systemd' : 'other';
    const status = await readPermissionStatus(socket);
    expect(status.platform).toBe(existsSync('/etc/NIXOS') ? 'nixos' : systemd);
    expect(Object.isFrozen(status)).toBe(true);
  });
});
