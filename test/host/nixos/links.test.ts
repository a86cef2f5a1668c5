import { describe, expect, it } from 'vitest';
import { linkName, realPath } from '../../../src/host/nixos/links.js';
import { nixosTree } from './nixos-tree.js';

describe('the resolved path', () => {
  it.each([
    '/',
    '/bin/sh',
    '/etc/mtab',
    '/etc/../usr/./bin',
    '/proc/self/exe',
    '/no/such/thing',
    '/etc/passwd/x',
  ])('of %s is the same below a root as that of the kernel', (path) => {
    expect(realPath('/.', path)).toBe(realPath('', path));
  });

  it('stays below the root, whatever the links contain, and ends in a circle', () => {
    const { root, link, put } = nixosTree();
    put('/etc/inside');
    link('/absolute', '/etc/inside');
    link('/upwards', '../../../../etc/inside');
    link('/folder', '/etc');
    link('/round', '/about');
    link('/about', 'round');
    for (const path of ['/absolute', '/upwards', '/folder/inside', '/folder/../absolute'])
      expect(realPath(root, path), path).toBe('/etc/inside');
    for (const path of ['/round', '/nowhere', '/etc/inside/more'])
      expect(realPath(root, path), path).toBeUndefined();
  });
});

describe("the name of a link's target", () => {
  it('is its last component; a file that is not a link has none', () => {
    const { root, link, put } = nixosTree();
    link('/system', 'system-3-link');
    link('/absolute', '/nix/var/system-4-link');
    put('/file');
    expect(linkName(`${root}/system`)).toBe('system-3-link');
    expect(linkName(`${root}/absolute`)).toBe('system-4-link');
    for (const path of ['/file', '/nowhere']) expect(linkName(`${root}${path}`)).toBeUndefined();
  });
});
