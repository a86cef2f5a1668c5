import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createScratch, KeptFile, type KeptFileOptions } from '../../../src/host/linux/kept-file.js';
import { handClock, temporaryHost } from './odd-hosts.js';

const BUFFER = 16_384;

/** A kept file with this text. */
function kept(text: string | Buffer, options: KeptFileOptions = {}) {
  const host = temporaryHost({ a: text });
  const scratch = createScratch();
  return { ...host, scratch, file: new KeptFile(join(host.root, 'a'), scratch, options) };
}

describe('a kept file of which a part is enough', () => {
  it('is read only until that part has been read', () => {
    const lengths: number[] = [];
    const { file, scratch } = kept(Buffer.alloc(5 * BUFFER, 'x'), {
      isEnough: ({ end }) => lengths.push(end) === 2,
    });
    expect(file.read()).toBe(2 * BUFFER);
    expect(lengths).toEqual([BUFFER, 2 * BUFFER]);
    expect(scratch.bytes.length).toBe(2 * BUFFER);
    file.close();
  });

  it('is read to its end if it never is, in one go or not', () => {
    for (const oneGo of [true, false]) {
      const { file } = kept('short', { oneGo, isEnough: () => false });
      expect(file.read()).toBe(5);
      file.close();
    }
  });

  it('shows the bytes that were read so far', () => {
    const { file, scratch } = kept('enough, and more', {
      isEnough: ({ end }) => scratch.bytes.toString('utf8', 0, end).startsWith('enough'),
    });
    expect(file.read()).toBe(16);
    file.close();
  });
});

describe('the buffer of kept files', () => {
  it.each([
    [BUFFER - 1, 1, true],
    [BUFFER, 2, true],
    [BUFFER - 1, 1, false],
    [BUFFER, 2, false],
    [2 * BUFFER + 1, 4, false],
  ])('for %i bytes is %i times as large as at first (written in one go: %s)', (length, times, oneGo) => {
    const { file, scratch } = kept(Buffer.alloc(length, 'x'), { oneGo });
    expect(file.read()).toBe(length);
    expect(scratch.bytes.length).toBe(times * BUFFER);
    file.close();
  });

  it('keeps its size, and the texts of several files', () => {
    const { put, root, file, scratch } = kept(Buffer.alloc(BUFFER, 'x'));
    put('b', 'other');
    file.read();
    const { bytes } = scratch;
    const other = new KeptFile(join(root, 'b'), scratch);
    expect(other.read()).toBe(5);
    expect(scratch.bytes).toBe(bytes);
    expect(bytes.toString('utf8', 0, 7)).toBe('otherxx');
    file.close();
    other.close();
  });
});

describe.skipIf(process.platform !== 'linux')('the descriptor of a kept file', () => {
  /** Returns how many descriptors of this process are of a path. */
  const openOn = (path: string): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false;
      }
    }).length;

  it('is one for all readings, and none after it was closed', () => {
    const { root, file } = kept('text');
    file.read();
    file.read();
    expect(openOn(join(root, 'a'))).toBe(1);
    file.close();
    expect(openOn(join(root, 'a'))).toBe(0);
  });

  it('is closed if the file cannot be read', () => {
    const { root } = temporaryHost();
    const file = new KeptFile(root, createScratch());
    expect([file.read(), file.read()]).toEqual([-1, -1]);
    expect(openOn(root)).toBe(0);
  });

  it('is not used after it was closed, though another file may have its number by then', () => {
    const { root, put, scratch, file } = kept('text');
    put('b', 'another text');
    file.read();
    file.close();
    const fd = openSync(join(root, 'b'), 'r');
    expect(scratch.bytes.toString('utf8', 0, file.read())).toBe('text');
    file.close();
    closeSync(fd);
  });
});

describe('a kept file that could not be opened', () => {
  it('is tried again at once without a delay', () => {
    const { put, remove, file } = kept('text');
    remove('a');
    expect(file.read()).toBe(-1);
    put('a', 'there');
    expect(file.read()).toBe(5);
    file.close();
  });

  it('is tried again exactly after its delay, and keeps its reason until then', () => {
    const { monotonic, forward } = handClock();
    const { put, remove, file } = kept('text', { retryMs: 50, monotonic });
    remove('a');
    expect(file.read()).toBe(-1);
    forward(49);
    put('a', 'there');
    expect(file.read()).toBe(-1);
    expect(file.reason).toContain('ENOENT');
    forward(1);
    expect(file.read()).toBe(5);
    // Once it is open, the delay of the earlier attempt does not matter.
    remove('a');
    expect(file.read()).toBe(5);
    file.close();
  });

  it('is closed twice without harm, and opened again by a reading', () => {
    const { put, remove, file } = kept('text');
    expect(file.read()).toBe(4);
    file.close();
    file.close();
    remove('a');
    put('a', 'another');
    expect(file.read()).toBe(7);
    file.close();
  });

  it('measures its delay by the clock of the process by default', () => {
    const { remove, put, file } = kept('text', { retryMs: 3_600_000 });
    remove('a');
    expect(file.read()).toBe(-1);
    put('a', 'there');
    expect(file.read()).toBe(-1);
  });
});
