import { lutimesSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Time long enough ago that the resolution of file times does not matter. */
export const LONG_AGO = Date.UTC(2025, 0, 1);

/** Returns the store path of a system with this name. */
export const storePath = (name: string): string => `/nix/store/${'0'.repeat(32)}-${name}`;

/** NixOS host in a temporary folder, with links as on a real one. */
export function nixosTree() {
  const root = mkdtempSync(join(tmpdir(), 'nixos-tree-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));

  const put = (path: string, text = ''): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  /** Creates or replaces a link; `at` is its time, in milliseconds since the epoch. */
  const link = (path: string, target: string, at = LONG_AGO): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    rmSync(join(root, path), { force: true });
    symlinkSync(target, join(root, path));
    lutimesSync(join(root, path), at / 1000, at / 1000);
    settle(dirname(path));
  };
  /** The time of a folder is that of its last change; here that is long ago, and later with each change. */
  let changes = 0;
  const settle = (folder: string): void => {
    const at = LONG_AGO / 1000 + ++changes;
    lutimesSync(join(root, folder), at, at);
  };
  /** Creates a built system with its units: texts by name below `etc/systemd/system`, `-> PATH` for a link. */
  const system = (
    name: string,
    units: Readonly<Record<string, string>> = {},
    { kernel = '6.12' }: { readonly kernel?: string | null } = {},
  ): string => {
    const path = storePath(`nixos-system-${name}`);
    mkdirSync(join(root, path), { recursive: true });
    if (kernel !== null) {
      put(`${storePath(`linux-${kernel}`)}/bzImage`);
      put(`${storePath(`linux-${kernel}-modules`)}/modules.dep`);
      link(`${path}/kernel`, `${storePath(`linux-${kernel}`)}/bzImage`);
      link(`${path}/kernel-modules`, storePath(`linux-${kernel}-modules`));
    }
    const folder = storePath(`units-${name}`);
    mkdirSync(join(root, folder), { recursive: true });
    link(`${path}/etc`, storePath(`etc-${name}`));
    link(`${storePath(`etc-${name}`)}/systemd/system`, folder);
    for (const [unit, text] of Object.entries(units)) {
      if (text.startsWith('-> ')) link(`${folder}/${unit}`, text.slice(3));
      else put(`${folder}/${unit}`, text);
    }
    return path;
  };
  const generation = (number: number, path: string, at = LONG_AGO): void =>
    link(`/nix/var/nix/profiles/system-${number}-link`, path, at);
  const profile = (number: number): void => link('/nix/var/nix/profiles/system', `system-${number}-link`);
  const run = (path: string, at = LONG_AGO): void => link('/run/current-system', path, at);
  const boot = (path: string): void => link('/run/booted-system', path);
  const remove = (path: string): void => {
    unlinkSync(join(root, path));
    settle(dirname(path));
  };
  return { root, put, link, settle, system, generation, profile, run, boot, remove };
}
