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

  it('follows 40 links, as the kernel does, and no more', () => {
    const { root, link, put } = nixosTree();
    put('/end');
    link('/link-1', 'end');
    for (let index = 2; index <= 41; index += 1) link(`/link-${index}`, `link-${index - 1}`);
    for (const from of ['', root]) {
      const below = (path: string): string => (from === '' ? `${root}${path}` : path);
      expect(realPath(from, below('/link-40'))?.endsWith('/end')).toBe(true);
      expect(realPath(from, below('/link-41'))).toBeUndefined();
    }
  });

  it('of a folder above the root is the root, and one above another is that', () => {
    const { root, put } = nixosTree();
    put('/one/two/file');
    expect(
      ['/..', '/../..', '/one/..', '/one/two/..', '/one/two/../..'].map((path) => realPath(root, path)),
    ).toEqual([...['/', '/', '/', '/one', '/']]);
  });

  it('is not replaced by a guess if a folder cannot be read', () => {
    const name = 'x'.repeat(300);
    for (const root of ['', nixosTree().root])
      expect(() => realPath(root, `/${name}`)).toThrow(
        expect.objectContaining({ code: 'ENAMETOOLONG' }) as Error,
      );
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
