import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pack, root } from './packed.js';

const { paths } = pack('--dry-run');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<string, unknown>;
const scripts = paths.filter((path) => /^dist\/.*\.c?js$/.test(path));
const declarations = paths.filter((path) => /^dist\/.*\.d\.c?ts$/.test(path));

describe('the published package', () => {
  it('contains dist, its sources, the systemd units and four documents, and nothing else', () => {
    const others = paths.filter((path) => !/^(dist|src|nix\/systemd)\//.test(path));
    expect(others.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  });

  it('contains every file that package.json names', () => {
    const named = JSON.stringify([manifest['exports'], manifest['bin'], manifest['main'], manifest['types']]);
    const files = [...named.matchAll(/"\.\/(dist\/[^"]+)"/g)].map(([, path]) => path);
    expect(files.length).toBeGreaterThan(16);
    expect(paths).toEqual(expect.arrayContaining(files));
  });

  it('overrides no dependency', () => expect(manifest).not.toHaveProperty('overrides'));

  it('describes its purpose in package.json, with keywords and a licence', () => {
    expect(manifest['description']).toMatch(/^Self-healing for Linux hosts/);
    expect((manifest['keywords'] as string[]).length).toBeGreaterThan(5);
    expect(manifest).toMatchObject({ license: 'MIT', engines: { node: '>=20.19.0' } });
  });

  it('declares that its types use those of Node.js', () => {
    expect(manifest).toMatchObject({
      peerDependencies: { '@types/node': '>=20' },
      peerDependenciesMeta: { '@types/node': { optional: true } },
    });
  });
});

describe('the published dist folder', () => {
  it('has no JavaScript line over 400 characters, and descriptive file names', () => {
    expect(scripts.length).toBeGreaterThan(40);
    for (const path of scripts) {
      const longest = Math.max(
        ...read(path)
          .split('\n')
          .map(({ length }) => length),
      );
      expect(longest, path).toBeLessThanOrEqual(400);
      expect(path).not.toMatch(/chunk-|-[A-Z0-9]{8}\./);
    }
  });

  it('has exactly one declaration file for each source', () => {
    expect(declarations.length).toBeGreaterThan(100);
    for (const path of declarations)
      expect(paths, path).toContain(path.replace(/^dist/, 'src').replace(/\.d\.c?ts$/, '.ts'));
  });

  it.each([
    ['source', scripts],
    ['declaration', declarations],
  ])('has %s maps that point to published sources', (_, files) => {
    expect(files.length).toBeGreaterThan(20);
    for (const path of files) {
      const [, url = ''] = /^\/\/# sourceMappingURL=(\S+)$/m.exec(read(path)) ?? [];
      expect(paths, path).toContain(join(dirname(path), url));
      const { sources, sourcesContent = [] } = JSON.parse(read(join(dirname(path), url))) as {
        sources: string[];
        sourcesContent?: (string | null)[];
      };
      for (const [index, source] of sources.entries()) {
        if (typeof sourcesContent[index] === 'string') continue;
        expect(paths, path).toContain(normalize(join(dirname(path), source)));
      }
    }
  });

  it('has declarations that import only published files', () => {
    let imports = 0;
    for (const path of declarations) {
      for (const [, target = ''] of read(path).matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/g)) {
        const file = join(dirname(path), target.replace(/\.(c?)js$/, '.d.$1ts'));
        expect(declarations, `${path} imports ${target}`).toContain(file);
        expect(target.endsWith('.cjs'), path).toBe(path.endsWith('.cts'));
        imports += 1;
      }
    }
    expect(imports).toBeGreaterThan(100);
  });
});
