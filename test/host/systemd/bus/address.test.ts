import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { socketPath } from '../../../../src/host/systemd/bus/address.js';

let folder: string;
let there: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bus address,'));
  there = join(folder, 'bus');
  writeFileSync(there, '');
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});
const escaped = (path: string): string =>
  path.replace(/[ ,]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);

describe('the address of a bus', () => {
  it('resolves to the first socket that exists', () => {
    expect(socketPath(`unix:path=/nonexistent;unix:path=${escaped(there)},guid=ab;unix:path=/`)).toBe(there);
    expect(socketPath(`unix:guid=ab,path=${escaped(there)}`)).toBe(there);
    expect(socketPath('unix:abstract=/tmp/x%2cy')).toBe('\0/tmp/x,y');
  });

  it('defaults to that of the environment', () => {
    vi.stubEnv('DBUS_SYSTEM_BUS_ADDRESS', `unix:path=${escaped(there)}`);
    expect(socketPath()).toBe(there);
  });

  it.each([
    'unix:path=/nonexistent',
    'unixexec:path=/bin/sh',
    'tcp:host=localhost',
    'unix:path=%zz',
    'nonsense',
  ])('without a socket is rejected: %s', (address) => {
    expect(() => socketPath(address)).toThrow(`there is no system bus at ${address}`);
  });
});
