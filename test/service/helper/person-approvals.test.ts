import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BootTime } from '../../../src/service/helper/boot-time.js';
import { APPROVED_FOR_MS, filePersonApprovals } from '../../../src/service/helper/person-approvals.js';

const me = process.getuid?.() ?? 0;
const NOW: BootTime = { at: 1e12, boot: 'a', upMs: 1e7 };
const DIGEST = 'a'.repeat(64);
const APPROVAL = { ...NOW, digest: DIGEST, action: 'rollback_generation', uid: 1_000 };
const later = (ms: number, more: Partial<BootTime> = {}): BootTime => ({
  ...NOW,
  upMs: NOW.upMs + ms,
  ...more,
});
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'approvals-'))));
afterEach(() => rm(folder, { recursive: true }));
const approvals = () => filePersonApprovals(folder, me);
const file = (digest = DIGEST) => join(folder, 'approvals', `${digest}.json`);

describe('the approvals of persons', () => {
  it('are empty at first, and outlive the process that recorded them', async () => {
    expect(approvals().find(DIGEST, NOW)).toBeUndefined();
    await approvals().add(APPROVAL);
    expect(approvals().find(DIGEST, later(1))).toEqual({ version: 1, ...APPROVAL });
    expect(approvals().find('b'.repeat(64), NOW)).toBeUndefined();
    expect([(await stat(join(folder, 'approvals'))).mode & 0o777, (await stat(file())).mode & 0o777]).toEqual(
      [0o700, 0o600],
    );
  });

  it('can be used once', async () => {
    await approvals().add(APPROVAL);
    approvals().take(DIGEST);
    expect(approvals().find(DIGEST, NOW)).toBeUndefined();
    expect(() => approvals().take(DIGEST)).toThrow('ENOENT');
  });

  it.each<[string, BootTime, boolean]>([
    ['just under 15 min later', later(APPROVED_FOR_MS - 1), true],
    ['15 min later', later(APPROVED_FOR_MS), false],
    ['15 min later, with the clock set back', later(APPROVED_FOR_MS, { at: NOW.at }), false],
    ['a moment later, with the clock set forward', later(1, { at: NOW.at * 2 }), true],
    ['in the next boot', { ...NOW, boot: 'b' }, false],
    ['in a container that was restarted', { ...NOW, upMs: 1 }, false],
  ])('may be used %s: %#', async (_, moment, usable) => {
    await approvals().add(APPROVAL);
    expect(approvals().find(DIGEST, moment) !== undefined).toBe(usable);
  });

  it.each([
    ['no JSON', 'x'],
    ['another form', '{"version":1}'],
    ['another digest', JSON.stringify({ version: 1, ...APPROVAL, digest: 'b'.repeat(64) })],
  ])('that are %s are an error', async (_, text) => {
    await approvals().add(APPROVAL);
    await writeFile(file(), text);
    expect(() => approvals().find(DIGEST, NOW)).toThrow();
  });

  it('are an error if others may write them', async () => {
    await approvals().add(APPROVAL);
    await chmod(file(), 0o666);
    expect(() => approvals().find(DIGEST, NOW)).toThrow('can be written by others');
  });

  it.runIf(me === 0)('have to belong to root by default', async () => {
    await filePersonApprovals(folder).add(APPROVAL);
    expect(filePersonApprovals(folder).find(DIGEST, NOW)).toBeDefined();
    await chown(file(), 1, 1);
    expect(() => filePersonApprovals(folder).find(DIGEST, NOW)).toThrow('belongs to the user with uid 1');
  });

  it.each([
    ['version', 2],
    ['digest', 1],
    ['action', null],
    ['uid', 'root'],
    ['at', 'now'],
    ['boot', 1],
    ['upMs', undefined],
  ])('whose `%s` is %j are an error', async (key, value) => {
    await approvals().add(APPROVAL);
    await writeFile(file(), JSON.stringify({ version: 1, ...APPROVAL, [key]: value }));
    expect(() => approvals().find(DIGEST, NOW)).toThrow(`${file()} is not as it was written`);
  });

  it('are valid for 15 min', () => {
    expect(APPROVED_FOR_MS).toBe(15 * 60_000);
  });

  it.each([
    ['the state is kept in', () => folder],
    ['they are kept in', () => join(folder, 'approvals')],
  ])('are not recorded in a folder that others may write: the one that %s', async (_which, open) => {
    await mkdir(join(folder, 'approvals'));
    await chmod(open(), 0o1777);
    await expect(approvals().add(APPROVAL)).rejects.toThrow(`${open()} can be written by others`);
    expect(await readdir(join(folder, 'approvals'))).toEqual([]);
  });

  it('are removed when they expire, and are limited in number', async () => {
    const digests = Array.from({ length: 64 }, (_none, index) => index.toString(16).padStart(64, '0'));
    for (const digest of digests) await approvals().add({ ...APPROVAL, digest });
    await expect(approvals().add(APPROVAL)).rejects.toThrow('64 approvals have not been used yet');
    await writeFile(file('odd'), 'x');
    await approvals().add({ ...APPROVAL, ...later(APPROVED_FOR_MS) });
    expect(await readdir(join(folder, 'approvals'))).toEqual([`${DIGEST}.json`]);
  });
});
