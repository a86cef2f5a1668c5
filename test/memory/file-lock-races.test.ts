import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileLock } from '../../src/memory/file-lock.js';
import { endSteps, failing, real, Steps } from './steps.js';

const LOCKED = { code: 'locked' };
const DEAD = JSON.stringify({ pid: 7, began: '1', bootId: 'another boot', token: 'of a dead process' });
const LINK = 'link state.lock.* state.lock';
const SET_ASIDE = 'rename state.lock state.lock.*.dead';

let folder: string;
let path: string;
let steps: Steps;
let mine: FileLock;
let other: FileLock;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-races-'));
  path = join(folder, 'state.lock');
  steps = new Steps(folder);
  [mine, other] = [new FileLock(path), new FileLock(path)];
});
afterEach(async () => {
  endSteps();
  for (const lock of [mine, other]) await lock.release();
  await rm(folder, { recursive: true });
});

/** Takes the lock for the other one, in place of the file that is there. */
async function otherTakes(): Promise<void> {
  await real.rm(path, { force: true });
  await other.take();
}
async function expectOnlyOtherHolds(): Promise<void> {
  await expect(mine.check()).rejects.toMatchObject(LOCKED);
  await expect(other.check()).resolves.toBeUndefined();
  expect(await readdir(folder)).toEqual(['state.lock']);
}
async function removeDrafts(): Promise<void> {
  for (const name of await real.readdir(folder)) if (name !== 'state.lock') await real.rm(join(folder, name));
}

describe('a dead file lock that two take over at the same time', () => {
  beforeEach(() => writeFile(path, DEAD));

  it('is put back if it is the new lock of the other one that was set aside', async () => {
    steps.before(SET_ASIDE, otherTakes);
    await expect(mine.take()).rejects.toMatchObject(LOCKED);
    await expectOnlyOtherHolds();
    expect(steps.list).toContain('link state.lock.*.dead state.lock');
  });

  it('is not set aside if the other one has replaced it since it was read', async () => {
    steps.before('lstat state.lock', otherTakes, 2);
    await expect(mine.take()).rejects.toMatchObject(LOCKED);
    await expectOnlyOtherHolds();
    expect(steps.list).not.toContain(SET_ASIDE);
  });

  it('is taken if the other one has removed it just before', async () => {
    steps.before(SET_ASIDE, () => real.rm(path));
    await mine.take();
    await mine.check();
    expect(await readdir(folder)).toEqual(['state.lock']);
  });

  it('is refused after 5 tries if another dead one comes back each time', async () => {
    let rounds = 0;
    const comesBack = async () => {
      rounds += 1;
      // An endless loop ends, and fails the test.
      if (rounds <= 20) await writeFile(path, DEAD);
    };
    steps.before(LINK, comesBack, 0);
    await expect(mine.take()).rejects.toMatchObject({
      code: 'locked',
      message: `The lock ${path} is held by another engine: this one only observes`,
    });
    expect(rounds).toBe(5);
  });
});

describe('a file lock that two create at the same time', () => {
  it('is refused to the one whose lock the other one has replaced before it was read back', async () => {
    steps.after(LINK, otherTakes);
    await expect(mine.take()).rejects.toMatchObject(LOCKED);
    await expectOnlyOtherHolds();
  });

  it('is created again if the other one has set it aside before it was read back', async () => {
    steps.after(LINK, () => real.rm(path));
    await mine.take();
    await mine.check();
    expect(steps.list.filter((step) => step === LINK)).toHaveLength(2);
  });

  it('is not taken over in the same thread before it was read back', async () => {
    let refusal: unknown;
    steps.after(LINK, async () => {
      refusal = await other.take().catch((error: unknown) => error);
    });
    await mine.take();
    await mine.check();
    expect(refusal).toMatchObject(LOCKED);
  });

  it('is refused as locked if the other one has taken it and swept the draft', async () => {
    steps.before(LINK, async () => {
      await removeDrafts();
      await otherTakes();
    });
    await expect(mine.take()).rejects.toMatchObject(LOCKED);
    await expectOnlyOtherHolds();
  });

  it('is refused with ENOENT if its draft vanished and there is no lock', async () => {
    steps.before(LINK, removeDrafts);
    await expect(mine.take()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a file lock that was lost', () => {
  it('is refused to its holder, who does not create another one unasked', async () => {
    await mine.take();
    await real.rm(path);
    await expect(mine.take()).rejects.toMatchObject(LOCKED);
    expect(await readdir(folder)).toEqual([]);
  });

  it('and is put back gets no heartbeat until it is taken again, then it is the same file', async () => {
    await mine.take();
    const text = await readFile(path, 'utf8');
    await real.rename(path, `${path}.aside`);
    await expect(mine.check()).rejects.toMatchObject(LOCKED);
    await real.rename(`${path}.aside`, path);
    const before = steps.changes.length;
    await mine.beat();
    expect(await readFile(path, 'utf8')).toBe(text);
    await mine.take();
    await mine.check();
    expect(steps.changes.slice(before)).toEqual([]);
    await expect(other.take()).rejects.toMatchObject(LOCKED);
  });

  it('and is put back is removed by its release, so that it refuses nobody', async () => {
    await mine.take();
    await real.rename(path, `${path}.aside`);
    await expect(mine.check()).rejects.toMatchObject(LOCKED);
    await real.rename(`${path}.aside`, path);
    await mine.release();
    await other.take();
    await other.check();
  });

  it('while it was being released is released', async () => {
    await mine.take();
    steps.before('rm state.lock', () => real.rm(path));
    await expect(mine.release()).resolves.toBeUndefined();
  });
});

describe('the tokens of the file locks that are held in this thread', () => {
  const held = () =>
    (globalThis as Record<symbol, unknown>)[Symbol.for('@luminous-nix/self-healing/held-locks')] as Map<
      string,
      unknown
    >;

  it.each([
    ['was refused', () => writeFile(path, DEAD)],
    ['could not be created', () => failing('EIO')],
  ])('do not include that of a lock that %s', async (_how, before) => {
    const known = new Set(held().keys());
    steps.before(LINK, before, 0);
    await expect(mine.take()).rejects.toThrow();
    expect([...held().keys()].filter((token) => !known.has(token))).toEqual([]);
  });
});

describe('the files of a file lock', () => {
  it('are changed one step at a time, without a flush, and none stays open', async () => {
    await writeFile(path, DEAD);
    await writeFile(`${path}.${crypto.randomUUID()}`, DEAD);
    await mine.take();
    expect([steps.running, steps.open]).toEqual([0, 0]);
    await mine.beat();
    expect([steps.running, steps.open]).toEqual([0, 0]);
    void mine.beat();
    await mine.release();
    expect([steps.running, steps.open, steps.atOnce]).toEqual([0, 0, 1]);
    expect(steps.changes).toEqual([
      SET_ASIDE,
      'rm state.lock.*.dead',
      'writeFile state.lock.*',
      LINK,
      'rm state.lock.*',
      // The draft of a killed process.
      'rm state.lock.*',
      ...['write state.lock', 'write state.lock'],
      'rm state.lock',
    ]);
  });

  it('are changed one step at a time when a lock is put back', async () => {
    await writeFile(path, DEAD);
    steps.before(SET_ASIDE, otherTakes);
    await expect(mine.take()).rejects.toMatchObject(LOCKED);
    expect([steps.running, steps.open, steps.atOnce]).toEqual([0, 0, 1]);
  });
});
