import { expect, it, vi } from 'vitest';
import { readPermissionStatus } from '../../src/execute/permission-status.js';

const there = new Set<unknown>();
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  existsSync: (path: unknown) => there.has(path),
}));

it.each([
  ['nixos', ['/etc/NIXOS', '/run/systemd/system']],
  ['systemd', ['/run/systemd/system']],
  ['other', []],
])('the platform is %s where these exist: %j', async (platform, paths) => {
  there.clear();
  for (const path of paths) there.add(path);
  expect(await readPermissionStatus('/run/no-helper')).toMatchObject({ platform });
});
