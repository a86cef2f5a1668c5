import fs from 'node:fs';
import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileStore } from '../../src/memory/file-store.js';
import { LARGEST_STATE } from '../../src/memory/parse-state.js';
import { EMPTY_STATE, type GuardState } from '../../src/memory/state.js';
import type { Store } from '../../src/memory/store.js';
import { endSteps, failing, Steps } from './steps.js';

let folder: string;
let file: string;
let store: Store;
let steps: Steps;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-faults-'));
  file = join(folder, 'state.json');
  store = fileStore(file);
  steps = new Steps(folder);
});
afterEach(async () => {
  endSteps();
  await store.close?.();
  await rm(folder, { recursive: true });
});

const stateOf = (number: number): GuardState => ({ ...EMPTY_STATE, savedAt: number });
const write = (text = JSON.stringify(stateOf(1))) => writeFile(file, text, { mode: 0o600 });
const asides = async () => (await readdir(folder)).filter((name) => name.includes('unreadable')).sort();

describe('a state that cannot be read now', () => {
  it.each(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR'])(
    'for a temporary reason (%s) is refused as locked, is not set aside, and is read later',
    async (code) => {
      await write();
      const refusal = {
        code: 'locked',
        message: `The state ${file} cannot be read now (${code}: said the kernel): this engine only observes until it can`,
      };
      for (const readOnly of [true, false]) {
        steps.before('open state.json', () => failing(code));
        await expect(store.load({ readOnly })).rejects.toMatchObject(refusal);
        expect(await asides()).toEqual([]);
        expect(await store.load({ readOnly })).toEqual(stateOf(1));
      }
    },
  );

  it('for another reason (EIO) is lost: a dry run leaves it, and a real run sets it aside', async () => {
    await write();
    steps.before('open state.json', () => failing('EIO'), 0);
    await expect(store.load({ readOnly: true })).rejects.toMatchObject({
      code: 'state-lost',
      message: `The state in ${file} cannot be used (EIO: said the kernel)`,
    });
    expect(await asides()).toEqual([]);
    await expect(store.load()).rejects.toMatchObject({ code: 'state-lost' });
    expect(await asides()).toHaveLength(1);
  });

  it('is closed, whether it can be used or not', async () => {
    for (const text of [JSON.stringify(stateOf(1)), 'rubbish']) {
      await write(text);
      await store.load().catch(() => undefined);
      expect([steps.running, steps.open]).toEqual([0, 0]);
    }
  });
});

describe('a state whose lock cannot be created', () => {
  const LINK = 'link state.json.lock.* state.json.lock';

  it('is loaded if the disk is full, and saving reports the reason', async () => {
    await write();
    steps.before(LINK, () => failing('ENOSPC'), 0);
    expect(await store.load()).toEqual(stateOf(1));
    await expect(store.save(stateOf(2))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await readFile(file, 'utf8')).toBe(JSON.stringify(stateOf(1)));
  });

  it('is not loaded for another reason, and its temporary files are left', async () => {
    await write();
    const left = `${file}.${crypto.randomUUID()}.tmp`;
    await writeFile(left, '');
    steps.before(LINK, () => failing('EIO'));
    await expect(store.load()).rejects.toMatchObject({ code: 'EIO' });
    expect((await stat(left)).size).toBe(0);
  });

  it.each([
    ['EACCES', 'is not writable for this user'],
    ['EPERM', 'is not writable for this user'],
    ['EROFS', 'is on a read-only file system'],
    ['ENOENT', 'does not exist'],
    ['ENOTDIR', 'is not a directory'],
  ])('because of %s is refused in one sentence', async (code, why) => {
    const refusal = {
      code: 'invalid-argument',
      message: `The state ${file} cannot be written: its folder ${folder} ${why} (${code})`,
    };
    steps.before('mkdir .', () => failing(code), 0);
    await expect(store.load()).rejects.toMatchObject(refusal);
  });
});

describe('an unusable state', () => {
  const LINK = 'link state.json state.json.unreadable-*';
  beforeEach(() => write('rubbish'));

  it('is renamed where there are no hard links', async () => {
    steps.before(LINK, () => failing('EPERM'));
    await expect(store.load()).rejects.toThrow(/; it was set aside as .*state\.json\.unreadable-\d+$/);
    const [aside] = await asides();
    expect(await readFile(join(folder, aside!), 'utf8')).toBe('rubbish');
    expect(await readdir(folder)).not.toContain('state.json');
  });

  it('stays where it is if it cannot be set aside, and this is reported', async () => {
    steps.before(LINK, () => failing('EPERM'));
    steps.before('rename state.json state.json.unreadable-*', () => failing('EACCES'));
    await expect(store.load()).rejects.toThrow(/; it could not be set aside$/);
    expect(await readFile(file, 'utf8')).toBe('rubbish');
  });

  it('replaces the oldest copies by their time, and no file of a person', async () => {
    const persons = ['state.json.unreadable-by-me', 'STATE.json.unreadable-7', 'state.json.unreadable-7a'];
    for (const name of persons) await writeFile(join(folder, name), name);
    for (const time of [100, 9, 10]) await writeFile(`${file}.unreadable-${time}`, '');
    await expect(store.load()).rejects.toThrow('set aside');
    const left = (await asides()).filter((name) => !persons.includes(name));
    expect(left).toEqual(['state.json.unreadable-100', expect.stringMatching(/-\d{13,}$/) as string]);
    expect(await readdir(folder)).toEqual(expect.arrayContaining(persons));
  });

  it('is kept beside one older copy', async () => {
    await writeFile(`${file}.unreadable-5`, '');
    await expect(store.load()).rejects.toThrow('set aside');
    expect(await asides()).toHaveLength(2);
  });

  it('is kept as one copy that exists already', async () => {
    for (let start = 0; start < 2; start += 1) await expect(store.load()).rejects.toThrow('set aside');
    expect(await asides()).toHaveLength(1);
  });
});

describe('the owner and the mode of a state file', () => {
  it.each([0o600, 0o644, 0o755, 0o711])('may let others read or execute it: %o', async (mode) => {
    await write();
    await chmod(file, mode);
    expect(await store.load()).toEqual(stateOf(1));
  });

  it('must be this user or root', async () => {
    await write();
    const { uid } = await stat(file);
    vi.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(uid + 1);
    const loading = store.load();
    if (uid === 0) expect(await loading).toEqual(stateOf(1));
    else await expect(loading).rejects.toThrow(`it belongs to the user with uid ${uid}`);
  });

  it.runIf(process.getuid?.() === 0)('may be a user other than root', async () => {
    await write();
    await chown(file, 1, 1);
    await expect(store.load()).rejects.toThrow('it belongs to the user with uid 1');
    vi.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(1);
    expect(await store.load()).toEqual(stateOf(1));
  });

  it('do not count on a platform without user ids', async () => {
    await write();
    await chmod(file, 0o666);
    const { getuid } = process;
    delete process.getuid;
    try {
      expect(await store.load()).toEqual(stateOf(1));
    } finally {
      if (getuid) process.getuid = getuid;
    }
  });
});

describe('a file store', () => {
  it('saves again after it was closed and loaded', async () => {
    await store.load();
    await store.close?.();
    await expect(store.save(stateOf(1))).rejects.toMatchObject({
      code: 'locked',
      message: `The state ${file} was closed: this engine only observes`,
    });
    await store.load();
    await store.save(stateOf(2));
    expect(await readFile(file, 'utf8')).toBe(JSON.stringify(stateOf(2)));
  });

  it('does one thing after the other, and has ended when it is closed', async () => {
    const begun = [store.load(), store.save(stateOf(1)), store.save(stateOf(2))];
    await store.close?.();
    expect([steps.running, steps.open, steps.atOnce]).toEqual([0, 0, 1]);
    await Promise.all(begun);
    expect(await readdir(folder)).toEqual(['state.json']);
    expect(await readFile(file, 'utf8')).toBe(JSON.stringify(stateOf(2)));
  });

  it('goes on after a save that failed', async () => {
    await store.load();
    steps.before('rename state.json.*.tmp state.json', () => failing('EIO'));
    const saves = [store.save(stateOf(1)), store.save(stateOf(2))];
    const ends = (await Promise.allSettled(saves)).map(({ status }) => status);
    expect(ends).toEqual(['rejected', 'fulfilled']);
  });

  it('writes a state as large as the limit, and keeps it instead of a larger one', async () => {
    const sized = (size: number): GuardState => {
      const base = JSON.stringify({ ...stateOf(1), pauses: { '': 1 } }).length;
      return { ...stateOf(1), pauses: { ['x'.repeat(size - base)]: 1 } };
    };
    await store.save(sized(LARGEST_STATE));
    expect((await stat(file)).size).toBe(LARGEST_STATE);
    await expect(store.save(sized(LARGEST_STATE + 1))).rejects.toMatchObject({ code: 'state-lost' });
    expect((await stat(file)).size).toBe(LARGEST_STATE);
  });

  it('that was never used closes without loading anything', async () => {
    const opened = vi.spyOn(fs, 'openSync');
    syncBuiltinESMExports();
    await store.close?.();
    expect(opened).not.toHaveBeenCalled();
  });

  it('is locked while no file descriptor is free, can be closed then, and works later', async () => {
    await write();
    const full = vi.spyOn(fs, 'openSync').mockImplementation(() => {
      throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    });
    syncBuiltinESMExports();
    await expect(store.load()).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringMatching(
        /^The state .*\/state\.json cannot be opened now \(A module was not loaded: .*\): this engine only observes until it can$/,
      ) as string,
    });
    await expect(store.close?.()).resolves.toBeUndefined();
    full.mockRestore();
    syncBuiltinESMExports();
    expect(await store.load()).toEqual(stateOf(1));
  });
});
