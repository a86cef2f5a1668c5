import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAllowedByNix, isThisUserAllowed } from '../../../src/host/nixos/nix-users.js';

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
    ['allowed-users = @wheel\nsystem-features = healing', false],
  ])('with %j is granted to the daemon: %s', (text, answer) => {
    expect(allowed(text)).toBe(answer);
  });

  it('follows included files in place', () => {
    expect(allowed('!include more.conf', 'allowed-users = @wheel')).toBe(false);
    expect(allowed('include /etc/nix/more.conf\nallowed-users = *', 'allowed-users = @wheel')).toBe(true);
    expect(allowed('include nix.conf\nallowed-users = @wheel')).toBe(false);
    expect(allowed('!include there-is-none.conf')).toBe(true);
  });

  it('takes a setting of an included file, and of one that it includes, only where it stands', () => {
    writeFileSync(join(root, 'etc/nix/third.conf'), 'extra-allowed-users = healing');
    expect(allowed('allowed-users = @wheel\ninclude more.conf', 'include third.conf')).toBe(true);
    expect(allowed('include more.conf\nallowed-users = @wheel', 'include third.conf')).toBe(false);
  });

  it('follows 16 nested includes, and no more', () => {
    const include = (count: number): boolean => {
      for (let index = 1; index <= count; index += 1)
        writeFileSync(
          join(root, `etc/nix/${index}.conf`),
          index === count ? 'allowed-users = @wheel' : `include ${index + 1}.conf`,
        );
      return allowed('include 1.conf');
    };
    expect([include(16), include(17)]).toEqual([false, true]);
  });

  it('adds to a setting of the file, several times', () => {
    expect(allowed('allowed-users = healing\nextra-allowed-users = @wheel')).toBe(true);
    expect(
      allowed('allowed-users = @wheel\nextra-allowed-users = alice\nextra-allowed-users =  healing'),
    ).toBe(true);
  });

  it('is granted to root by default, also if only others are listed', () => {
    writeFileSync(join(root, 'etc/nix/nix.conf'), 'allowed-users = @wheel');
    expect(isAllowedByNix(root, { user: 'root', group: 'nogroup' })).toBe(true);
  });

  it('is not granted to a user without a name, or a group without one, by a list that is empty', () => {
    writeFileSync(join(root, 'etc/nix/nix.conf'), 'allowed-users = \ntrusted-users = ');
    expect(isAllowedByNix(root, { user: '', group: '' })).toBe(false);
  });

  it('considers the members of a group', () => {
    writeFileSync(join(root, 'etc/nix/nix.conf'), 'allowed-users = @users');
    expect(isAllowedByNix(root, { user: 'bob', group: 'nogroup' })).toBe(true);
    expect(isAllowedByNix(root, { user: 'carol', group: 'nogroup' })).toBe(false);
  });

  it('is not granted to the members of another group', () => {
    writeFileSync(join(root, 'etc/nix/nix.conf'), 'allowed-users = @wheel');
    expect(isAllowedByNix(root, { user: 'bob', group: 'nogroup' })).toBe(false);
  });
});

describe('the access of this process to nix-daemon', () => {
  const { username, gid } = userInfo();
  const asked = (uid: number, text: string, groups = `mine:x:${gid}:\nother:x:${gid + 1}:\n`): boolean => {
    writeFileSync(join(root, 'etc/nix/nix.conf'), text);
    writeFileSync(join(root, 'etc/group'), groups);
    const id = vi.spyOn(process, 'getuid').mockReturnValue(uid);
    try {
      return isThisUserAllowed(root);
    } finally {
      id.mockRestore();
    }
  };
  const nobody = 'allowed-users =\ntrusted-users =\n';

  it.each([
    [username, true],
    ['@undefined', false],
  ])('is granted to a user whose group has no name only by its own name: %s, %s', (word, answer) => {
    expect(asked(1_000, `${nobody}extra-allowed-users = ${word}`, 'other:x:99999:\n')).toBe(answer);
  });

  it('is granted to root, whatever the configuration says', () => {
    expect(asked(0, nobody)).toBe(true);
  });

  it.each([
    [nobody, false],
    [`${nobody}extra-allowed-users = ${username}`, true],
    [`${nobody}extra-allowed-users = ${username}x`, false],
    [`${nobody}extra-allowed-users = @mine`, true],
    [`${nobody}extra-allowed-users = @other`, false],
  ])('is granted to another user by name and group: %j, %s', (text, answer) => {
    expect(asked(1_000, text)).toBe(answer);
  });
});
