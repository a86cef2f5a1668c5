import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAllowedByNix } from '../../../src/host/nixos/nix-users.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nix-users-'));
  mkdirSync(join(root, 'etc/nix'), { recursive: true });
  writeFileSync(
    join(root, 'etc/group'),
    'root:x:0:\nwheel:x:1:alice\nhealing:x:990:\nusers:x:100:alice,bob\n',
  );
});
afterEach(() => rmSync(root, { recursive: true }));

const allowed = (text: string, included = ''): boolean => {
  writeFileSync(join(root, 'etc/nix/nix.conf'), text);
  writeFileSync(join(root, 'etc/nix/more.conf'), included);
  return isAllowedByNix(root, { user: 'healing', group: 'healing' });
};

describe('the access to nix-daemon by its configuration', () => {
  it.each([
    ['', true],
    ['allowed-users = *', true],
    ['allowed-users = @wheel', false],
    ['allowed-users = @users root', false],
    ['allowed-users = alice healing', true],
    ['allowed-users = @healing', true],
    ['allowed-users =', false],
    ['allowed-users = @wheel\nextra-allowed-users = healing', true],
    ['allowed-users = @wheel # healing', false],
    ['allowed-users = *\nallowed-users = @wheel', false],
    ['allowed-users = @wheel\ntrusted-users = root healing', true],
    ['allowed-users = @wheel\nextra-trusted-users = @healing', true],
    ['experimental-features = nix-command', true],
  ])('with %j is granted to the daemon: %s', (text, answer) => {
    expect(allowed(text)).toBe(answer);
  });

  it('follows included files in place', () => {
    expect(allowed('!include more.conf', 'allowed-users = @wheel')).toBe(false);
    expect(allowed('include /etc/nix/more.conf\nallowed-users = *', 'allowed-users = @wheel')).toBe(true);
    expect(allowed('include nix.conf\nallowed-users = @wheel')).toBe(false);
    expect(allowed('!include there-is-none.conf')).toBe(true);
  });

  it('considers the members of a group', () => {
    writeFileSync(join(root, 'etc/nix/nix.conf'), 'allowed-users = @users');
    expect(isAllowedByNix(root, { user: 'bob', group: 'nogroup' })).toBe(true);
    expect(isAllowedByNix(root, { user: 'carol', group: 'nogroup' })).toBe(false);
  });
});
