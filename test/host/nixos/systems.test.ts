import { chmodSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createNixosReader } from '../../../src/host/nixos/nixos-reader.js';
import type { NixosReading } from '../../../src/model/nixos-reading.js';
import { isUnknown } from '../../../src/model/reading.js';
import { LONG_AGO, nixosTree, storePath } from './nixos-tree.js';

type Tree = ReturnType<typeof nixosTree>;
const HOUR = 3_600_000;

function read({ root }: Tree): NixosReading {
  const reading = createNixosReader({ root }).read();
  if (isUnknown(reading)) throw new Error(reading.unknown);
  return reading;
}

/** Three systems, of which the third is running, booted and in the profile. */
function ordinary() {
  const tree = nixosTree();
  const [a, b, c] = [tree.system('a'), tree.system('b'), tree.system('c')];
  [a, b, c].forEach((path, index) => tree.generation(index + 1, path, LONG_AGO + index * HOUR));
  tree.profile(3);
  tree.run(c, LONG_AGO + 3 * HOUR);
  tree.boot(c);
  return { ...tree, a, b, c };
}

const pathOf = (system: NixosReading['running']) => (isUnknown(system) ? system : system.path);
const numbers = ({ generations }: NixosReading) =>
  isUnknown(generations) ? generations : generations.map(({ number, path }) => [number, path]);

describe('the systems of an ordinary host', () => {
  it('are the running one, the booted one, and every generation with its time', () => {
    const { c, ...tree } = ordinary();
    const kernel = `${storePath('linux-6.12')}/bzImage`;
    const modules = storePath('linux-6.12-modules');
    expect(read(tree)).toEqual({
      running: { path: c, kernel, modules },
      booted: { path: c, kernel, modules },
      profile: { number: 3, path: c },
      generations: ['a', 'b', 'c'].map((name, index) => ({
        number: index + 1,
        path: storePath(`nixos-system-${name}`),
        linkedAt: LONG_AGO + index * HOUR,
      })),
      switchedAt: LONG_AGO + 3 * HOUR,
      specialisation: null,
    });
  });

  it('are the same object until something changes', () => {
    const { root, run, generation, profile, a, b } = ordinary();
    const reader = createNixosReader({ root });
    const first = reader.read();
    expect(reader.read()).toBe(first);
    run(b, LONG_AGO + 4 * HOUR);
    const second = reader.read();
    expect(second).toMatchObject({ running: { path: b }, switchedAt: LONG_AGO + 4 * HOUR });
    expect(reader.read()).toBe(second);
    generation(4, a);
    expect(reader.read()).toMatchObject({ generations: [{}, {}, {}, { number: 4 }] });
    profile(1);
    expect(reader.read()).toMatchObject({ profile: { number: 1, path: a } });
  });

  it('are another object once the booted system has changed', () => {
    const { root, link, b } = ordinary();
    const reader = createNixosReader({ root });
    const first = reader.read();
    link('/run/booted-system', b, LONG_AGO + HOUR);
    expect(reader.read()).toMatchObject({ booted: { path: b } });
    expect(reader.read()).not.toBe(first);
  });

  it('are read again once a link was replaced by one with the same time, as by a restored backup', () => {
    const { root, link, a } = ordinary();
    const reader = createNixosReader({ root });
    reader.read();
    link('/run/new', a, LONG_AGO + 3 * HOUR);
    renameSync(join(root, '/run/new'), join(root, '/run/current-system'));
    expect(reader.read()).toMatchObject({ running: { path: a } });
  });

  it('are read again after 30 seconds by default', () => {
    const { root } = ordinary();
    let now = LONG_AGO + 9 * HOUR;
    const reader = createNixosReader({ root, now: () => now });
    const first = reader.read();
    now += 29_999;
    expect(reader.read()).toBe(first);
    now += 1;
    expect(reader.read()).not.toBe(first);
  });

  it('are read again until the last change is more than a second ago', () => {
    const { root, run, c } = ordinary();
    const now = LONG_AGO + 9 * HOUR;
    const reader = createNixosReader({ root, now: () => now });
    run(c, now - 1_000);
    expect(reader.read()).not.toBe(reader.read());
    run(c, now - 1_001);
    expect(reader.read()).toBe(reader.read());
  });

  it('are the same object on a host without a booted system or generations', () => {
    const { root, run, system } = nixosTree();
    run(system('a'));
    const reader = createNixosReader({ root });
    expect(reader.read()).toBe(reader.read());
  });

  it('are read again after a while, and at once while a file time is too recent to be distinct', () => {
    const { root, run, c } = ordinary();
    let now = LONG_AGO + 9 * HOUR;
    const reader = createNixosReader({ root, now: () => now, refreshMs: 30_000 });
    const first = reader.read();
    now += 29_999;
    expect(reader.read()).toBe(first);
    now += 1;
    const second = reader.read();
    expect(second).not.toBe(first);
    expect(second).toEqual(first);
    now -= 60_000;
    expect(reader.read(), 'the clock was set back').not.toBe(second);
    run(c, now);
    expect(reader.read()).not.toBe(reader.read());
  });
});

describe('the generations', () => {
  it('may be a single one', () => {
    const tree = nixosTree();
    const a = tree.system('a');
    tree.generation(1, a);
    tree.profile(1);
    tree.run(a);
    tree.boot(a);
    expect(numbers(read(tree))).toEqual([[1, a]]);
  });

  it('may have gaps, and are sorted by number, not by name', () => {
    const tree = ordinary();
    tree.generation(40, tree.a);
    tree.generation(100, tree.b);
    tree.remove('/nix/var/nix/profiles/system-2-link');
    expect(numbers(read(tree))).toEqual([
      [1, tree.a],
      [3, tree.c],
      [40, tree.a],
      [100, tree.b],
    ]);
  });

  it('may have one path under two numbers', () => {
    const tree = ordinary();
    tree.generation(4, tree.b);
    tree.profile(4);
    expect(numbers(read(tree))).toContainEqual([2, tree.b]);
    expect(read(tree).profile).toEqual({ number: 4, path: tree.b });
  });

  it('may contain a dangling link, whose path alone is unknown', () => {
    const tree = ordinary();
    tree.generation(2, storePath('gone'));
    expect(numbers(read(tree))).toEqual([
      [1, tree.a],
      [2, { unknown: '/nix/var/nix/profiles/system-2-link leads nowhere' }],
      [3, tree.c],
    ]);
  });

  it('do not include links of other profiles, or other files', () => {
    const tree = ordinary();
    for (const name of ['default-7-link', 'system-x-link', 'system-8-link.tmp', 'my-system-9-link'])
      tree.link(`/nix/var/nix/profiles/${name}`, tree.a);
    tree.put('/nix/var/nix/profiles/system.lock');
    expect(numbers(read(tree))).toHaveLength(3);
  });
});

describe('a host that runs another system than its profile', () => {
  it('was booted into an older entry of the menu', () => {
    const tree = ordinary();
    tree.run(tree.a);
    tree.boot(tree.a);
    expect(read(tree)).toMatchObject({
      running: { path: tree.a },
      booted: { path: tree.a },
      profile: { number: 3, path: tree.c },
      specialisation: null,
    });
  });

  it('uses `nixos-rebuild test`: the system runs, is not kept, and may be a specialisation or not', () => {
    const tree = ordinary();
    const tested = tree.system('tested', {}, { kernel: '6.18' });
    tree.run(tested);
    const reading = read(tree);
    expect(reading).toMatchObject({
      running: { path: tested, kernel: `${storePath('linux-6.18')}/bzImage` },
      booted: { kernel: `${storePath('linux-6.12')}/bzImage` },
      profile: { number: 3 },
    });
    expect(reading.specialisation).toEqual({
      unknown: '/run/current-system is no generation of the profile, nor a specialisation of one',
    });
    tree.link(`${tested}/specialisation/quiet`, tree.a);
    expect(read(tree).specialisation, 'one that has specialisations is none').toBeNull();
  });

  it('uses a staged `nixos-rebuild boot`: the profile is ahead', () => {
    const tree = ordinary();
    const staged = tree.system('staged');
    tree.generation(4, staged);
    tree.profile(4);
    expect(read(tree)).toMatchObject({ running: { path: tree.c }, profile: { number: 4, path: staged } });
  });

  it('runs the specialisation of the newest generation that has it, also of one that was not booted', () => {
    const host = ordinary();
    const special = host.system('special');
    host.link(`${host.a}/specialisation/old`, special);
    host.run(special);
    expect(read(host).specialisation).toBe('old');
    host.link(`${host.b}/specialisation/new`, special);
    expect(read(host).specialisation).toBe('new');
  });

  it('runs an unknown specialisation if a folder of specialisations cannot be read', () => {
    const host = ordinary();
    host.put(`${host.b}/specialisation`);
    host.run(host.system('special'));
    expect(isUnknown(read(host).specialisation)).toBe(true);
  });

  it('runs an unknown specialisation, with the reason, if a folder cannot be read or the running system is unknown', () => {
    const host = ordinary();
    host.put(`${host.b}/specialisation`);
    host.run(host.system('special'));
    expect(read(host).specialisation).toMatchObject({
      unknown: expect.stringContaining('ENOTDIR') as string,
    });
    host.run(storePath('gone'));
    expect(read(host).specialisation).toEqual(read(host).running);
  });

  it('runs a specialisation of a generation, or of the booted system', () => {
    const tree = ordinary();
    const quiet = tree.system('quiet');
    tree.link(`${tree.c}/specialisation/loud`, tree.a);
    tree.link(`${tree.c}/specialisation/quiet`, quiet);
    tree.run(quiet);
    expect(read(tree)).toMatchObject({ running: { path: quiet }, specialisation: 'quiet' });

    const [booted, silent] = [tree.system('unkept'), tree.system('silent')];
    tree.link(`${booted}/specialisation/silent`, silent);
    tree.boot(booted);
    tree.run(silent);
    expect(read(tree)).toMatchObject({ specialisation: 'silent' });
  });
});

describe('an incomplete host', () => {
  it('does not run NixOS if it has no Nix', () => {
    expect(createNixosReader({ root: nixosTree().root }).read()).toEqual({
      unknown: 'this host does not run NixOS',
    });
  });

  it('has neither kernel nor modules in a container', () => {
    const tree = ordinary();
    const path = tree.system('container', {}, { kernel: null });
    tree.run(path);
    expect(read(tree).running).toEqual({ path, kernel: null, modules: null });
  });

  it('has the other values if one is unknown', () => {
    const tree = nixosTree();
    const a = tree.system('a');
    tree.run(a);
    const reading = read(tree);
    expect(pathOf(reading.running)).toBe(a);
    for (const field of [reading.booted, reading.profile, reading.generations, reading.specialisation])
      expect(isUnknown(field)).toBe(true);
    expect(reading.booted).toEqual({ unknown: '/run/booted-system leads to no system' });
  });

  it('has no known running system if the link dangles or is a file', () => {
    const tree = ordinary();
    tree.run(storePath('gone'));
    expect(read(tree).running).toEqual({ unknown: '/run/current-system leads to no system' });
    tree.put(storePath('a-file'));
    tree.run(storePath('a-file'));
    expect(read(tree).running).toEqual({
      unknown: `/run/current-system leads to ${storePath('a-file')}, which is no system`,
    });
  });

  it('has no known profile if its link leads elsewhere, nowhere, or in a circle', () => {
    const tree = ordinary();
    tree.link('/nix/var/nix/profiles/system', tree.c);
    expect(read(tree).profile).toMatchObject({ unknown: expect.stringContaining('no generation') as string });
    tree.profile(77);
    expect(read(tree).profile).toMatchObject({ unknown: expect.stringContaining('nowhere') as string });
    tree.link('/nix/var/nix/profiles/system-77-link', 'system');
    expect(read(tree).profile).toMatchObject({ unknown: expect.stringContaining('nowhere') as string });
    expect(numbers(read(tree))).toHaveLength(4);
  });

  it.skipIf(process.getuid?.() === 0)('is unknown, with the reason, if it may not be read', () => {
    const tree = ordinary();
    chmodSync(join(tree.root, '/nix/var/nix/profiles'), 0o000);
    expect(read(tree)).toMatchObject({
      running: { path: tree.c },
      generations: { unknown: expect.stringContaining('EACCES') as string },
    });
    chmodSync(join(tree.root, '/nix/var/nix/profiles'), 0o755);
  });

  it('is unknown, with the reason, if its profiles folder is a file', () => {
    const tree = nixosTree();
    tree.run(tree.system('a'));
    tree.put('/nix/var/nix/profiles');
    expect(read(tree).generations).toMatchObject({ unknown: expect.stringContaining('ENOTDIR') as string });
  });
});

describe('the identity of a system', () => {
  it('is found for one that does not run, by its path or by a link to it', () => {
    const { root, a } = ordinary();
    const reader = createNixosReader({ root });
    expect(reader.identity(a)).toMatchObject({ path: a, kernel: `${storePath('linux-6.12')}/bzImage` });
    expect(reader.identity('/nix/var/nix/profiles/system-1-link')).toEqual(reader.identity(a));
  });

  it.each(['', '..', 'nix/store', '/no/such/thing', '/nix/var/nix/profiles/system-9-link'])(
    'of %j is unknown',
    (path) => {
      expect(createNixosReader({ root: ordinary().root }).identity(path)).toHaveProperty('unknown');
    },
  );

  it('is looked for below `/` by default', () => {
    expect(createNixosReader().identity('/')).toMatchObject({ path: '/' });
  });

  it('never leads out of the root', () => {
    const { root, link } = ordinary();
    mkdirSync(join(root, 'etc'), { recursive: true });
    link('/run/current-system', '../../../../../etc');
    expect(createNixosReader({ root }).read()).toMatchObject({ running: { path: '/etc' } });
  });
});
