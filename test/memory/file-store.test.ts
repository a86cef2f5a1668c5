import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsup';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fileStore } from '../../src/memory/file-store.js';
import { bootId } from '../../src/base/boot-id.js';
import { EMPTY_STATE, type GuardState } from '../../src/memory/state.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-store-'));
  file = join(folder, 'state.json');
});
afterEach(() => rm(folder, { recursive: true }));

const root = process.getuid?.() === 0;
const stateOf = (number: number): GuardState => ({
  ...EMPTY_STATE,
  savedAt: number,
  pauses: { 'bäckup "☃"': number },
});
const loadWith = async (path: string) => {
  const store = fileStore(path);
  try {
    return await store.load();
  } finally {
    await store.close?.();
  }
};
const asideIn = async () => (await readdir(folder)).filter((name) => name.includes('unreadable'));

describe('a file store', () => {
  it('loads what was saved last, readable by its owner only, with no file left beside it', async () => {
    const store = fileStore(file);
    expect(await store.load()).toBeUndefined();
    for (const number of [1, 2, 3]) await store.save(stateOf(number));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await store.close?.();
    expect(await readdir(folder)).toEqual(['state.json']);
    expect(await loadWith(file)).toEqual(stateOf(3));
  });

  it('saves states in the order of the calls, also without waiting', async () => {
    const store = fileStore(file);
    await store.load();
    await Promise.all([1, 2, 3, 4, 5].map((number) => store.save(stateOf(number))));
    await store.close?.();
    expect(await loadWith(file)).toEqual(stateOf(5));
  });

  it('removes the temporary file of a process that was killed, and no other one', async () => {
    const left = `${file}.${crypto.randomUUID()}.tmp`;
    const other = `${file}.copy.tmp`;
    for (const path of [left, other]) await writeFile(path, 'x');
    const store = fileStore(file);
    await store.load();
    await store.close?.();
    expect(await readdir(folder)).toEqual(['state.json.copy.tmp']);
  });

  it('creates missing folders, which only their owner may enter', async () => {
    const deep = join(folder, 'a', 'b', 'c', 'd', 'state.json');
    const store = fileStore(deep);
    await store.load();
    await store.save(stateOf(1));
    await store.close?.();
    expect(await loadWith(deep)).toEqual(stateOf(1));
    expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(0o700);
  });

  it('is read by a dry run without a lock, new files or moved files', async () => {
    const deep = join(folder, 'a', 'state.json');
    expect(await fileStore(deep).load({ readOnly: true })).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
    await writeFile(file, 'rubbish');
    await expect(fileStore(file).load({ readOnly: true })).rejects.toMatchObject({ code: 'state-lost' });
    expect(await readdir(folder)).toEqual(['state.json']);
  });

  it.each([undefined, '', 7, null])('is not created for the file name %o', (path) => {
    expect(() => fileStore(path as never)).toThrow('Expected `state` to be the path of a file');
  });
});

describe('an invalid state file', () => {
  const whole = JSON.stringify(stateOf(1));
  const spoiled: [what: string, write: () => Promise<unknown>, why: string][] = [
    ['is empty', () => writeFile(file, ''), 'JSON'],
    ['is truncated', () => writeFile(file, whole.slice(0, -9)), 'JSON'],
    ['is full of zero bytes, as after a power failure', () => writeFile(file, Buffer.alloc(200)), 'JSON'],
    [
      'is of an older version',
      () => writeFile(file, whole.replace('"version":2', '"version":0')),
      'its version is 0',
    ],
    [
      'is of a newer version',
      () => writeFile(file, whole.replace('"version":2', '"version":3')),
      'its version is 3',
    ],
    [
      'lacks a part',
      () => writeFile(file, whole.replace('"acts"', '"facts"')),
      '`acts` is not as it was written',
    ],
  ];
  for (const mode of [0o620, 0o602, 0o666, 0o777]) {
    spoiled.push([
      `can be written by others (${mode.toString(8)})`,
      async () => {
        await writeFile(file, whole);
        await chmod(file, mode);
      },
      `other users can write it: its mode is ${mode.toString(8)}`,
    ]);
  }
  if (root) {
    spoiled.push([
      'belongs to somebody else',
      async () => {
        await writeFile(file, whole);
        await chown(file, 12_345, 12_345);
      },
      'it belongs to the user with uid 12345',
    ]);
  }

  it.each(spoiled)('that %s is set aside, reported, and not deleted', async (_what, write, why) => {
    await write();
    const before = await readFile(file, 'utf8').catch(() => undefined);
    const store = fileStore(file);
    const refusal: Error = await store.load().then(
      () => new Error('loaded'),
      (error: Error) => error,
    );
    expect(refusal).toMatchObject({ code: 'state-lost' });
    expect(refusal.message).toContain(why);
    const [aside] = await asideIn();
    expect(refusal.message).toContain(`set aside as ${join(folder, aside!)}`);
    expect(await readFile(join(folder, aside!), 'utf8').catch(() => undefined)).toBe(before);
    await store.save(stateOf(2));
    await store.close?.();
    expect(await loadWith(file)).toEqual(stateOf(2));
  });
});

/** Leaves a socket file behind, like a killed server. */
function bindSocket(path: string): void {
  const program = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 9))";
  spawnSync(process.execPath, ['-e', program, path]);
}

describe('another file in place of a state file', () => {
  const kinds: [what: string, make: () => unknown][] = [
    ['a directory', () => mkdir(file)],
    ['a FIFO', () => execFileSync('mkfifo', [file])],
    ['a symbolic link', () => symlink(join(folder, 'target'), file)],
    ['a symbolic link', () => symlink(join(folder, 'nothing'), file)],
    ['a symbolic link', () => symlink(folder, file)],
    ['a symbolic link', () => symlink('/dev/zero', file)],
    ['a symbolic link', () => symlink(file, file)],
    ['a socket', () => bindSocket(file)],
  ];
  if (root) {
    kinds.push(['a device', () => execFileSync('mknod', [file, 'c', '1', '3'])]);
    kinds.push(['a device', () => execFileSync('mknod', [file, 'b', '7', '250'])]);
  }

  it.each(kinds)(
    'that is %s is refused in one sentence, without waiting and without change',
    async (what, make) => {
      await make();
      await writeFile(join(folder, 'target'), 'of a person');
      const refusal = {
        code: 'invalid-argument',
        message: `The state in ${file} cannot be used: it is ${what}, not a regular file`,
      };
      const store = fileStore(file);
      await expect(store.load({ readOnly: true })).rejects.toMatchObject(refusal);
      await expect(store.load()).rejects.toMatchObject(refusal);
      await expect(store.save(stateOf(1))).rejects.toMatchObject(refusal);
      await store.close?.();
      expect((await readdir(folder)).sort()).toEqual(['state.json', 'target']);
      expect(await readFile(join(folder, 'target'), 'utf8')).toBe('of a person');
    },
  );

  it('is refused if it was put there after the state was loaded', async () => {
    const store = fileStore(file);
    await store.load();
    await symlink(join(folder, 'target'), file);
    await expect(store.save(stateOf(1))).rejects.toThrow('a symbolic link');
    await store.close?.();
    expect(await readdir(folder)).toEqual(['state.json']);
  });

  it('with the name of the temporary file is not written through', async () => {
    await writeFile(join(folder, 'target'), 'of a person');
    await symlink(join(folder, 'target'), `${file}.next`);
    const store = fileStore(file);
    await store.load();
    await store.save(stateOf(1));
    await store.close?.();
    expect(await readFile(join(folder, 'target'), 'utf8')).toBe('of a person');
  });

  it.runIf(process.platform === 'linux')('in a folder of /proc is refused, and does not hang', async () => {
    for (const path of ['/proc/x/state.json', '/proc/x/y/state.json'])
      await expect(fileStore(path).load()).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringMatching(
          /^The state \/proc\/x.* cannot be written: its folder .* \((ENOENT|EACCES)\)$/,
        ) as string,
      });
  });

  it('in place of its folder is reported in one sentence', async () => {
    await writeFile(join(folder, 'file'), '');
    const path = join(folder, 'file', 'state.json');
    await expect(fileStore(path).load()).rejects.toMatchObject({
      code: 'invalid-argument',
      message: `The state ${path} cannot be written: its folder ${join(folder, 'file')} is not a directory (EEXIST)`,
    });
  });

  it('that is larger than the limit is set aside; no state that large is written', async () => {
    await writeFile(file, Buffer.alloc(5 * 1024 * 1024, 32));
    await expect(loadWith(file)).rejects.toThrow('it is larger than 4194304 bytes');
    const store = fileStore(file);
    await store.load().catch(() => undefined);
    const huge = { ...stateOf(1), pauses: { ['x'.repeat(5 * 1024 * 1024)]: 1 } };
    await expect(store.save(huge)).rejects.toThrow('it would be larger than 4194304 bytes');
    await store.close?.();
  });
});

describe('the files left by a process that was killed at any moment', () => {
  const id = () => crypto.randomUUID();
  const dead = JSON.stringify({ pid: 2 ** 22, began: '1', bootId: bootId(), token: 'gone' });
  /** Every file that can be left behind, in the order of its creation. */
  const LEFT: (() => Promise<unknown>)[] = [
    () => writeFile(file, JSON.stringify(stateOf(1)), { mode: 0o600 }),
    () => writeFile(`${file}.lock.${id()}`, ''),
    () => writeFile(`${file}.lock.${id()}`, dead),
    () => writeFile(`${file}.lock`, dead),
    () => writeFile(`${file}.lock.${id()}.dead`, dead),
    () => writeFile(`${file}.${id()}.tmp`, ''),
    () => writeFile(`${file}.${id()}.tmp`, JSON.stringify(stateOf(9)).slice(0, 50)),
    () => writeFile(`${file}.next`, '{'),
  ];

  it('are removed once the next process holds the state, which is the one saved last', async () => {
    for (let moment = 0; moment < 2 ** LEFT.length; moment += 1) {
      for (const [index, leave] of LEFT.entries()) if (moment & (1 << index)) await leave();
      const store = fileStore(file);
      expect(await store.load(), `${moment}`).toEqual(moment & 1 ? stateOf(1) : undefined);
      await store.save(stateOf(2));
      expect((await readdir(folder)).sort(), `${moment}`).toEqual(['state.json', 'state.json.lock']);
      await store.close?.();
      await rm(file);
    }
  }, 60_000);

  it('do not include a file of somebody else with a similar name', async () => {
    const names = ['state.json.bak', 'state.json.tmp', 'state.json.lock.old', `other.${id()}.tmp`];
    for (const name of names) await writeFile(join(folder, name), name);
    await loadWith(file);
    expect((await readdir(folder)).sort()).toEqual([...names].sort());
  });

  it('do not matter if they cannot be removed', async () => {
    await mkdir(`${file}.${id()}.tmp`);
    await mkdir(`${file}.lock.${id()}`);
    const store = fileStore(file);
    await store.load();
    await store.save(stateOf(1));
    await store.close?.();
    expect(await loadWith(file)).toEqual(stateOf(1));
  });
});

describe('a state file with a hard link', () => {
  it('is replaced under its own name, and unchanged under the other', async () => {
    await writeFile(join(folder, 'copy.json'), JSON.stringify(stateOf(1)), { mode: 0o600 });
    await link(join(folder, 'copy.json'), file);
    const store = fileStore(file);
    expect(await store.load()).toEqual(stateOf(1));
    await store.save(stateOf(2));
    await store.close?.();
    expect(JSON.parse(await readFile(join(folder, 'copy.json'), 'utf8'))).toEqual(stateOf(1));
  });
});

describe('the copies that were set aside', () => {
  it('are at most two, the newest, and one of each content', async () => {
    for (const time of [1, 2, 3]) await writeFile(`${file}.unreadable-${time}`, `${time}`);
    await writeFile(file, 'rubbish');
    for (let start = 0; start < 5; start += 1) await expect(loadWith(file)).rejects.toThrow('set aside');
    const asides = await asideIn();
    const texts = await Promise.all(asides.map((name) => readFile(join(folder, name), 'utf8')));
    expect(texts.sort()).toEqual(['3', 'rubbish']);
  });
});

describe('a file store that is closed while it loads or saves', () => {
  it('leaves no lock, and the next one can act at once', async () => {
    for (let round = 0; round < 50; round += 1) {
      const store = fileStore(file);
      const begun = Promise.allSettled([store.load(), store.save(stateOf(round))]);
      await store.close?.();
      expect((await begun).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
      await expect(store.save(stateOf(0))).rejects.toMatchObject({ code: 'locked' });
      expect((await readdir(folder)).filter((name) => name.includes('.lock'))).toEqual([]);
    }
  });
});

describe('two file stores on one file', () => {
  it('are one that acts and one that is refused, until the first releases its lock', async () => {
    const [one, other] = [fileStore(file), fileStore(file)];
    await one.load();
    await one.save(stateOf(1));
    await expect(other.load()).rejects.toMatchObject({ code: 'locked' });
    await expect(other.save(stateOf(9))).rejects.toMatchObject({ code: 'locked' });
    expect(await other.load({ readOnly: true })).toEqual(stateOf(1));
    await other.close?.();
    await one.save(stateOf(2));
    await one.close?.();
    expect(await other.load()).toEqual(stateOf(2));
    await expect(one.save(stateOf(9))).rejects.toMatchObject({ code: 'locked' });
    await other.close?.();
  });
});

describe('a file store on a full disk', () => {
  const mountPoint = join(tmpdir(), `tiny-${process.pid}`);
  let mounted = false;
  beforeAll(async () => {
    if (!root) return;
    await mkdir(mountPoint);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mountPoint], { stdio: 'ignore' });
      mounted = true;
    } catch {
      await rm(mountPoint, { recursive: true });
    }
  });
  afterAll(async () => {
    if (!mounted) return;
    execFileSync('umount', [mountPoint]);
    await rm(mountPoint, { recursive: true });
  });

  it('keeps the previous state, reports the error code, and saves once there is space', async (context) => {
    if (!mounted) return context.skip('only root can mount a tiny file system');
    const path = join(mountPoint, 'state.json');
    const store = fileStore(path);
    await store.load();
    await store.save(stateOf(1));
    const filler = join(mountPoint, 'filler');
    await writeFile(filler, Buffer.alloc(64 * 1024)).catch(() => undefined);
    const big = { ...stateOf(2), pauses: { ['x'.repeat(20_000)]: 2 } };
    await expect(store.save(big)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(stateOf(1));
    expect((await readdir(mountPoint)).sort()).toEqual(['filler', 'state.json', 'state.json.lock']);
    await rm(filler);
    await store.save(big);
    await store.close?.();
    expect(await loadWith(path)).toEqual(big);
  });

  it('cannot create a lock: loading works, and saving reports the reason', async (context) => {
    if (!mounted) return context.skip('only root can mount a tiny file system');
    const path = join(mountPoint, 'other.json');
    await writeFile(path, JSON.stringify(stateOf(1)));
    const filler = join(mountPoint, 'filler');
    await writeFile(filler, Buffer.alloc(64 * 1024)).catch(() => undefined);
    const store = fileStore(path);
    expect(await store.load()).toEqual(stateOf(1));
    await expect(store.save(stateOf(2))).rejects.toMatchObject({ code: 'ENOSPC' });
    await rm(filler);
    await store.save(stateOf(2));
    await store.close?.();
    expect(await loadWith(path)).toEqual(stateOf(2));
  });
});

describe('a process that is killed while it saves', () => {
  const KILLS = 30;
  const AT_ONCE = 5;
  let program: string;
  let made: string;
  beforeAll(async () => {
    made = await mkdtemp(join(tmpdir(), 'saver-'));
    const entry = join(made, 'saver.ts');
    const source = join(import.meta.dirname, '../../src/memory/file-store.ts');
    // Saves states of many sizes, and prints each once it is reported as durable.
    await writeFile(
      entry,
      `import { writeSync } from 'node:fs';
       import { fileStore } from ${JSON.stringify(source)};
       const store = fileStore(process.argv[2]);
       const before = await store.load();
       for (let n = (before?.savedAt ?? 0) + 1; ; n += 1) {
         const pauses = { ['x'.repeat((n * 7919) % 100_000)]: n };
         await store.save({ ...${JSON.stringify(EMPTY_STATE)}, savedAt: n, pauses });
         writeSync(1, n + '\\n');
       }`,
    );
    const common = { config: false, silent: true, clean: false, splitting: false, dts: false } as const;
    await build({
      ...common,
      entry: [entry],
      outDir: made,
      format: 'esm',
      target: 'node20',
      noExternal: [/./],
      outExtension: () => ({ js: '.mjs' }),
    });
    program = join(made, 'saver.mjs');
  }, 60_000);
  afterAll(() => rm(made, { recursive: true }));

  /** Lets the process save for a while, kills it, and returns the last number that it reported as saved. */
  async function killed(path: string, saves: number): Promise<number> {
    const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    child.stdout.on('data', (text: Buffer) => {
      told += text.toString();
      // Killed during any step that follows a few saves.
      if (told.split('\n').length > saves) child.kill('SIGKILL');
    });
    await once(child, 'close');
    return Number(told.trim().split('\n').at(-1));
  }

  it(`leaves the previous state or the new one, complete, and a lock that can be taken over: ${KILLS} times`, async () => {
    const rounds = Array.from({ length: AT_ONCE }, async (_, place) => {
      const path = join(folder, `place-${place}`, 'state.json');
      let left = 0;
      for (let round = 0; round < KILLS / AT_ONCE; round += 1) {
        const safe = await killed(path, 1 + ((round * 3 + place) % 7));
        expect(safe).toBeGreaterThan(left);
        const state = await loadWith(path);
        expect(state).toBeDefined();
        left = state!.savedAt;
        // A state that was reported as saved is there; one that was being written is there completely, or not at all.
        expect([safe, safe + 1]).toContain(left);
        expect(Object.values(state!.pauses)).toEqual([left]);
        expect(Object.keys(state!.pauses)[0]?.length).toBe((left * 7_919) % 100_000);
      }
    });
    await Promise.all(rounds);
  }, 120_000);

  it('leaves a temporary file, which is not a state and blocks nothing', async () => {
    await writeFile(file, JSON.stringify(stateOf(1)));
    await writeFile(`${file}.next`, '{"version":1,"sav');
    const store = fileStore(file);
    expect(await store.load()).toEqual(stateOf(1));
    await store.save(stateOf(2));
    await store.close?.();
    expect(await readdir(folder)).toEqual(['state.json']);
  });
});
