import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { collectedBy, collectGarbage, nixProgram } from '../../src/actions/nix-gc.js';
import { goneMount, storeMount } from '../../src/actions/store-mount.js';
import { mountReading } from '../../src/testing/index.js';

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'gc-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};
const withEnv = (changes: Record<string, string | undefined>) => {
  for (const [name, value] of Object.entries(changes)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
};

describe('a collection of garbage', () => {
  const collect = (available: number) =>
    collectGarbage(5_000, available, { hasStore: true, daemon: 'none', hasSystemd: false });

  it('first removes the reserve of Nix when less than 256 KiB are free', () => {
    expect(collect(256 * 1024).steps).toHaveLength(1);
    const { steps, notes } = collect(256 * 1024 - 1);
    expect(steps[0]).toEqual({
      kind: 'command',
      argv: ['rm', '-f', '--', '/nix/var/nix/db/reserved'],
      needsRoot: true,
      timeoutMs: 60_000,
      interruptible: true,
    });
    expect(notes).toEqual([expect.stringContaining('/nix/var/nix/db/reserved, is removed')]);
  });

  it.each([
    ['that can be read', true, { NIX_REMOTE: 'daemon' }],
    ['that does not exist', false, { NIX_REMOTE: 'daemon', HOME: '/' }],
    ['that is not set', undefined, { NIX_REMOTE: 'daemon', HOME: '/' }],
  ])('through nix-daemon, with a HOME %s', (_, exists, env) => {
    const home = folder();
    withEnv({ HOME: exists === undefined ? undefined : exists ? home : join(home, 'gone') });
    const granted = { hasStore: true, daemon: 'granted', hasSystemd: true } as const;
    expect(collectGarbage(1, 1_000_000, granted).steps).toMatchObject([{ needsRoot: false, env }]);
  });
});

describe('the path of a Nix program', () => {
  it('is its name if a folder of PATH has it, and also if none is known to', () => {
    const [one, two] = [folder(), folder()];
    writeFileSync(join(two, 'nix-test-program'), '');
    chmodSync(join(two, 'nix-test-program'), 0o755);
    withEnv({ PATH: `${one}:${two}` });
    expect(nixProgram('nix-test-program')).toBe('nix-test-program');
    withEnv({ PATH: undefined });
    expect(nixProgram('nix-no-such-program')).toBe('nix-no-such-program');
  });

  it('is that in the first folder of NixOS which has it, but only if PATH lacks it', () => {
    const [inPath, empty, system] = [folder(), folder(), folder()];
    writeFileSync(join(system, 'nix-test-program'), '');
    withEnv({ PATH: `${empty}:${inPath}` });
    expect(nixProgram('nix-test-program', [empty, system])).toBe(join(system, 'nix-test-program'));
    writeFileSync(join(inPath, 'nix-test-program'), '');
    expect(nixProgram('nix-test-program', [empty, system])).toBe('nix-test-program');
  });
});

describe('the result that Nix prints', () => {
  const printed = (words: string) =>
    collectedBy([{ step: 'nix-store --gc --max-freed 7', ok: true, durationMs: 1, output: words }]);

  it.each([
    ['B', 1],
    ['KiB', 1024],
    ['MiB', 1024 ** 2],
    ['GiB', 1024 ** 3],
    ['TiB', 1024 ** 4],
  ])('is read in %s', (unit, factor) => {
    expect(printed(`2 store paths deleted, 1.50 ${unit} freed`)).toEqual({
      paths: 2,
      freedBytes: 1.5 * factor,
      last: { asked: 7, freedBytes: 1.5 * factor },
    });
  });

  it('is nothing freed if Nix counts less than nothing, and no result in another unit', () => {
    expect(printed('1 store paths deleted, -3.00 MiB freed')?.freedBytes).toBe(0);
    expect(printed('1 store paths deleted, 3.00 XiB freed')).toBeUndefined();
  });
});

describe('the file system of the Nix store', () => {
  const elsewhere = { reason: 'unavailable', sentence: 'The Nix store is not on the file system of /var' };
  const root = mountReading({ device: '8:1' });
  const at = (mountPoint: string, device: string) => mountReading({ mountPoint, device });

  it('is looked at by its folders even if they are no mount points', () => {
    expect(goneMount('/', [])).toBeUndefined();
    expect(goneMount('/nix', [])).toBeUndefined();
    expect(goneMount('/var', [])).toMatchObject({ reason: 'unavailable' });
  });

  it('is that of a path on the same device, and of no other', () => {
    const other = at('/var', '8:2');
    expect(storeMount('/', [root, other])).toBe(root);
    expect(storeMount('/var', [root, other])).toEqual(elsewhere);
    expect(storeMount('/var', [])).toEqual(elsewhere);
    expect(storeMount('/var', [other])).toEqual(elsewhere);
    expect(storeMount('/var', { unknown: 'not read' })).toEqual({
      reason: 'unavailable',
      sentence: 'The mounts are not known: not read',
    });
  });
});
