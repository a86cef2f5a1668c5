import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLocks } from '../../../src/host/nixos/locks.js';
import { createNixosReader } from '../../../src/host/nixos/nixos-reader.js';
import { programOf } from '../../../src/host/nixos/programs.js';
import { nixosTree } from './nixos-tree.js';

const STC_LOCK = '/run/nixos/switch-to-configuration.lock';

/** Creates a quiet host with Nix. */
function quiet() {
  const tree = nixosTree();
  const files = [
    'gc.lock',
    'db/big-lock',
    'db/db.sqlite',
    'temproots/100',
    'temproots/200',
    'userpool/30001',
  ];
  for (const file of files) tree.put(`/nix/var/nix/${file}`);
  for (const file of [STC_LOCK, '/nix/var/nix/profiles/system.lock', '/nix/store/x-out.lock', '/home/x'])
    tree.put(file);
  const lines: string[] = [];
  /** Device number of the file as the kernel prints it; here all files are on one device. */
  const device = (kind: string): string => {
    if (kind === 'stat') return hex(lstatSync(tree.root, { bigint: true }).dev);
    return kind === 'table' ? 'fe:07' : 'fe:08';
  };
  const write = (): void =>
    tree.put('/proc/locks', lines.map((line, index) => `${index + 1}: ${line}\n`).join(''));
  const lock = (
    path: string,
    kind: 'READ' | 'WRITE',
    pid: number,
    { type = 'FLOCK ', dev = 'stat' } = {},
  ): void => {
    const { ino } = lstatSync(join(tree.root, path), { bigint: true });
    lines.push(`${type} ADVISORY  ${kind} ${pid} ${device(dev)}:${ino} 0 EOF`);
    write();
  };
  const process = (pid: number, ...argv: string[]): void =>
    tree.put(`/proc/${pid}/cmdline`, argv.map((word) => `${word}\0`).join(''));
  tree.put('/proc/self/mountinfo', '1 0 254:7 / / rw,relatime - ext4 /dev/vda1 rw\n');
  write();
  process(1, '/run/current-system/systemd/lib/systemd/systemd');
  process(2);
  return { ...tree, lock, process, activity: () => createNixosReader({ root: tree.root }).activity() };
}

const hex = (dev: bigint): string => {
  const major = (dev >> 8n) & 0xfffn;
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xfff00n);
  return `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`;
};

const NOTHING = { switching: null, building: null };

describe('the activity of Nix', () => {
  it('is empty on a quiet host, and on one that never had Nix', async () => {
    expect(await quiet().activity()).toEqual(NOTHING);
    const bare = nixosTree();
    bare.put('/proc/locks');
    bare.put('/proc/self/mountinfo');
    expect(await createNixosReader({ root: bare.root }).activity()).toEqual(NOTHING);
  });

  it('is empty while a client is merely connected to the store, or has evaluated something', async () => {
    const host = quiet();
    host.lock('/nix/var/nix/db/big-lock', 'READ', 100);
    host.lock('/nix/var/nix/temproots/100', 'WRITE', 100);
    host.lock('/nix/var/nix/temproots/200', 'READ', 200);
    host.lock('/nix/var/nix/gc.lock', 'READ', 200);
    host.lock('/nix/var/nix/db/db.sqlite', 'WRITE', 100, { type: 'POSIX ' });
    host.lock('/home/x', 'WRITE', 300);
    expect(await host.activity()).toEqual(NOTHING);
  });

  it.each([
    [STC_LOCK, 'WRITE', `A switch of the system is under way: process 7 holds ${STC_LOCK}`],
    [
      '/nix/var/nix/profiles/system.lock',
      'WRITE',
      'The system profile is being changed: process 7 holds /nix/var/nix/profiles/system.lock',
    ],
  ] as const)('is a switch while %s is held', async (path, kind, switching) => {
    const host = quiet();
    host.lock(path, kind, 7);
    expect(await host.activity()).toEqual({ switching, building: null });
  });

  it.each([
    ['/nix/var/nix/gc.lock', 'Garbage is being collected from the Nix store by process 7'],
    ['/nix/var/nix/db/big-lock', 'The database of the Nix store is being changed by process 7'],
    ['/nix/var/nix/userpool/30001', 'A build is under way: process 7 holds a build user'],
  ])('is a build while %s is held for writing', async (path, building) => {
    const host = quiet();
    host.lock(path, 'WRITE', 7);
    expect(await host.activity()).toEqual({ switching: null, building });
  });

  it('is a build while a process with temporary roots holds another lock on the file system of the store', async () => {
    const host = quiet();
    host.lock('/nix/var/nix/temproots/100', 'WRITE', 100);
    host.lock('/nix/store/x-out.lock', 'WRITE', 100);
    expect(await host.activity()).toEqual({
      switching: null,
      building: 'Something is being built or copied into the Nix store by process 100',
    });
  });

  it('is found by the device of the mount too if `stat` has another number', async () => {
    const host = quiet();
    host.lock(STC_LOCK, 'WRITE', 7, { dev: 'table' });
    expect(await host.activity()).toMatchObject({
      switching: expect.stringContaining('process 7') as string,
    });
  });

  it('does not include a lock that a process only waits for', async () => {
    const host = quiet();
    host.lock(STC_LOCK, 'WRITE', 7, { type: '-> FLOCK ' });
    expect(await host.activity()).toEqual(NOTHING);
  });

  it('is a switch while a unit list exists without a lock; with an unlocked lock file the list is a leftover', async () => {
    const host = quiet();
    host.put('/run/nixos/start-list', 'nginx.service\n');
    expect(await host.activity()).toEqual(NOTHING);
    host.remove(STC_LOCK);
    expect(await host.activity()).toMatchObject({
      switching: 'A switch is under way, or was broken off: /run/nixos/start-list is there',
    });
  });

  it.each(['restart-list', 'reload-list'])(
    'is a switch while %s exists, from before the lock',
    async (list) => {
      const host = quiet();
      host.remove(STC_LOCK);
      host.put(`/run/nixos/${list}`);
      expect(await host.activity()).toMatchObject({
        switching: `A switch is under way, or was broken off: /run/nixos/${list} is there`,
      });
    },
  );

  it('is a build while a build user of newer versions of Nix is held', async () => {
    const host = quiet();
    host.put('/nix/var/nix/userpool2/slot-0');
    host.lock('/nix/var/nix/userpool2/slot-0', 'WRITE', 7);
    expect(await host.activity()).toMatchObject({
      building: 'A build is under way: process 7 holds a build user',
    });
  });

  it('does not include a lock on a file of the same number on another file system', async () => {
    const host = quiet();
    host.lock(STC_LOCK, 'WRITE', 7, { dev: 'other' });
    expect(await host.activity()).toEqual(NOTHING);
  });

  it('is found by the device of the innermost mount only', async () => {
    const host = quiet();
    const mounts = (...lines: string[]) => host.put('/proc/self/mountinfo', `${lines.join('\n')}\n`);
    host.lock(STC_LOCK, 'WRITE', 7, { dev: 'table' });
    const table = (point: string) => `2 1 254:7 / ${point} rw - ext4 /dev/vda1 rw`;
    const other = (point: string) => `3 1 254:9 / ${point} rw - tmpfs none rw`;
    for (const inner of [other('/run'), other(STC_LOCK)]) {
      mounts(inner, table('/'));
      expect(await host.activity(), inner).toEqual(NOTHING);
      mounts(table('/'), inner);
      expect(await host.activity(), inner).toEqual(NOTHING);
    }
    for (const beside of [other('/ru'), other('/run/other'), other('/home')]) {
      mounts(table('/'), beside);
      expect((await host.activity()) as object, beside).toMatchObject({
        switching: expect.stringContaining('process 7') as string,
      });
    }
    // Mounted over: the later one counts.
    mounts(other('/run'), table('/run'));
    expect(await host.activity()).toMatchObject({
      switching: expect.stringContaining('process 7') as string,
    });
    mounts(table('/run'), other('/run'));
    expect(await host.activity()).toEqual(NOTHING);
  });

  it('does not include a lock on another file system if no mount is known', async () => {
    const host = quiet();
    host.put('/proc/self/mountinfo');
    host.lock(STC_LOCK, 'WRITE', 7, { dev: 'other' });
    expect(await host.activity()).toEqual(NOTHING);
  });

  it('is empty while a client has temporary roots but the store is missing', async () => {
    const host = quiet();
    host.lock('/nix/var/nix/temproots/100', 'WRITE', 100);
    rmSync(join(host.root, '/nix/store'), { recursive: true });
    expect(await host.activity()).toEqual(NOTHING);
  });

  it('lets other work run while it reads the processes of a large host', async () => {
    const host = quiet();
    for (let pid = 300; pid < 400; pid += 1) host.process(pid, 'sleep', '1');
    let hasRun = false;
    setImmediate(() => (hasRun = true));
    await host.activity();
    expect(hasRun).toBe(true);
  });

  it('is that of a lock by its own device if no mount is known', async () => {
    const host = quiet();
    host.put('/proc/self/mountinfo');
    host.lock(STC_LOCK, 'WRITE', 7);
    expect(await host.activity()).toMatchObject({
      switching: expect.stringContaining('process 7') as string,
    });
  });

  it('is unknown if a folder of Nix cannot be read', async () => {
    const host = quiet();
    host.put('/nix/var/nix/userpool2');
    expect(await host.activity()).toMatchObject({
      unknown: expect.stringContaining('what is under way is not known: ') as string,
    });
  });

  it('includes a program that runs beside hundreds of others', async () => {
    const host = quiet();
    for (let pid = 300; pid < 500; pid += 1) host.process(pid, 'sleep', '1');
    host.put('/proc/nixos-rebuild/cmdline', 'nixos-rebuild\0switch\0');
    expect(await host.activity()).toEqual(NOTHING);
    host.process(499, 'nixos-rebuild', 'switch');
    expect(await host.activity()).toMatchObject({ switching: '`nixos-rebuild switch` runs as process 499' });
  });

  it('is a switch or a build by the programs that run', async () => {
    const host = quiet();
    host.process(
      50,
      '/bin/bash',
      '/run/current-system/sw/bin/nixos-rebuild',
      '--flake',
      '/etc/nixos',
      'switch',
    );
    expect(await host.activity()).toEqual({
      switching: '`nixos-rebuild switch` runs as process 50',
      building: null,
    });
    host.process(50, 'nixos-rebuild', 'build');
    expect(await host.activity()).toEqual({
      switching: null,
      building: '`nixos-rebuild build` runs as process 50',
    });
  });

  it('is a deployment by comin only while a program of Nix runs for it', async () => {
    const host = quiet();
    host.process(60, '/nix/store/x/bin/comin', 'run', '--config', '/etc/comin.yaml');
    host.process(61, 'nix', 'build');
    host.put('/proc/61/status', 'Name:\tnix\nPPid:\t1\nNSpid:\t61\n');
    expect(await host.activity()).toEqual(NOTHING);
    host.put('/proc/61/status', 'Name:\tnix\nPPid:\t60\nNSpid:\t61\n');
    expect(await host.activity()).toEqual({ switching: '`comin` runs as process 61', building: null });
  });

  it('is no deployment by comin while it runs another program, or for a process of Nix that has just ended', async () => {
    const host = quiet();
    host.process(60, 'comin', 'run');
    host.process(61, 'git', 'fetch');
    host.put('/proc/61/status', 'Name:\tgit\nPPid:\t60\nNSpid:\t61\n');
    host.process(62, 'nix', 'build');
    expect(await host.activity()).toEqual(NOTHING);
  });

  it('does not include programs in a container, which has its own system', async () => {
    const host = quiet();
    host.process(70, 'switch-to-configuration', 'switch');
    host.put('/proc/70/status', 'Name:\tswitch\nPPid:\t1\nNSpid:\t70\t12\n');
    expect(await host.activity()).toEqual(NOTHING);
  });

  it('is unknown if locks cannot be read', async () => {
    const host = quiet();
    host.remove('/proc/locks');
    expect(await host.activity()).toMatchObject({
      unknown: expect.stringContaining('/proc/locks') as string,
    });
  });
});

describe('the list of kernel locks', () => {
  it('contains the held locks of flock(2)', () => {
    const text = [
      '1: FLOCK  ADVISORY  WRITE 52 00:2a:64 0 EOF',
      '1: -> FLOCK  ADVISORY  WRITE 53 00:2a:64 0 EOF',
      '2: POSIX  ADVISORY  READ 52 fe:01:16073029 1073741826 1073742335',
      '3: OFDLCK ADVISORY  WRITE -1 00:29:6 0 EOF',
      '4: FLOCK  MANDATORY READ 7 103:02:18446744073709551615 0 EOF',
      '5: LEASE  ACTIVE    READ 9 00:2a:64 0 EOF',
      '',
    ];
    expect(parseLocks(text.join('\n'))).toEqual([
      { kind: 'WRITE', pid: 52, device: '0:42', inode: '64' },
      { kind: 'READ', pid: 7, device: '259:2', inode: '18446744073709551615' },
    ]);
  });
});

describe('a running program', () => {
  it.each([
    ['/nix/store/x/bin/switch-to-configuration switch', 'switch-to-configuration switch', true],
    ['perl -w /nix/store/x/bin/switch-to-configuration test', undefined, false],
    [
      '/nix/store/x/bin/perl /nix/store/x/bin/switch-to-configuration test',
      'switch-to-configuration test',
      true,
    ],
    ['switch-to-configuration dry-activate', 'switch-to-configuration dry-activate', false],
    ['python3.13 /nix/store/x/bin/.nixos-rebuild-wrapped boot --upgrade', 'nixos-rebuild boot', true],
    ['nixos-rebuild-ng --sudo switch', 'nixos-rebuild switch', true],
    ['sudo nixos-rebuild switch', 'nixos-rebuild switch', true],
    ['nixos-rebuild', 'nixos-rebuild', false],
    ['nixos-rebuild --build-host build switch', 'nixos-rebuild switch', true],
    ['nixos-rebuild --target-host switch build', 'nixos-rebuild build', false],
    ['nixos-rebuild --option test switch build', 'nixos-rebuild build', false],
    ['nixos-rebuild -p test switch', 'nixos-rebuild switch', true],
    ['nh os switch . --ask', 'nh os switch', true],
    ['/run/current-system/sw/bin/nh os build', 'nh os build', false],
    ['nh home switch', undefined, false],
    ['nh clean all', undefined, false],
    ['/nix/store/x/activate-rs activate /nix/store/y --magic-rollback', 'deploy-rs activate', true],
    ['activate-rs wait /nix/store/y', 'deploy-rs wait', true],
    ['colmena apply-local --sudo', 'colmena apply-local', true],
    ['colmena apply --on web', 'colmena apply', false],
    ['colmena repl', undefined, false],
    ['nixos apply', 'nixos apply', true],
    ['nixos apply --no-activate', 'nixos apply', true],
    ['nixos apply --no-activate --no-boot', 'nixos apply', false],
    ['nixos apply --dry', 'nixos apply', false],
    ['nixos activate', 'nixos activate switch', true],
    ['nixos activate boot', 'nixos activate boot', true],
    ['nixos activate dry-activate', 'nixos activate dry-activate', false],
    ['nixos rollback', undefined, false],
    ['nixos generation', undefined, false],
    ['activate-rs', 'deploy-rs', true],
    ['nixos-rebuild  switch', 'nixos-rebuild switch', true],
    ['nh  os switch', 'nh os switch', true],
    ...[
      ...['build', 'build-vm', 'build-vm-with-bootloader', 'build-image', 'dry-build', 'dry-activate'],
      ...['dry-run', 'check', 'edit', 'repl', 'list-generations'],
    ].map((verb): [string, string, boolean] => [
      `nixos-rebuild ${verb} test`,
      `nixos-rebuild ${verb}`,
      false,
    ]),
    ['nixos generation rollback', 'nixos generation rollback', true],
    ['nixos generation list', undefined, false],
    ['comin run', undefined, false],
    ['man nixos-rebuild switch', undefined, false],
    ['vim nixos-rebuild', undefined, false],
    ['bash', undefined, false],
    ['journalctl -u nixos-rebuild', undefined, false],
    ['', undefined, false],
  ])('called as `%s` is %s', (line, words, switches) => {
    const program = programOf(line.split(' '));
    expect(program?.words).toBe(words);
    expect(program?.switches ?? false).toBe(switches);
  });
});
