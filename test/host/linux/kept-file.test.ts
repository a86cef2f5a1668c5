import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeptFile } from '../../../src/host/linux/kept-file.js';
import { createScratch } from '../../../src/host/linux/kept-file.js';
import { handClock, temporaryHost } from './odd-hosts.js';

describe('a kept file', () => {
  it('is read each time through the same descriptor', () => {
    const host = temporaryHost({ a: 'first' });
    const scratch = createScratch();
    const file = new KeptFile(join(host.root, 'a'), scratch);
    const text = () => scratch.bytes.toString('utf8', 0, file.read());
    expect(text()).toBe('first');
    host.put('a', 'second, longer');
    expect(text()).toBe('second, longer');
    host.put('a', '');
    expect(file.read()).toBe(0);
    file.close();
  });

  it.each([true, false])('grows the buffer until its text fits (written in one go: %s)', (oneGo) => {
    const long = Buffer.alloc(200_000, 'abcdefghij');
    const host = temporaryHost({ a: long });
    const scratch = createScratch();
    const file = new KeptFile(join(host.root, 'a'), scratch, { oneGo });
    const length = file.read();
    expect(scratch.bytes.subarray(0, length).equals(long)).toBe(true);
    file.close();
  });

  it('returns a reason instead of throwing, and is retried after a delay', () => {
    const host = temporaryHost();
    const clock = handClock();
    const options = { retryMs: 50, monotonic: clock.monotonic };
    const file = new KeptFile(join(host.root, 'a'), createScratch(), options);
    expect(file.read()).toBe(-1);
    expect(file.reason).toContain('ENOENT');
    host.put('a', 'there');
    expect(file.read()).toBe(-1);
    clock.forward(50);
    expect(file.read()).toBe(5);
    file.close();
  });

  it('returns a reason for a folder', () => {
    const file = new KeptFile(temporaryHost().root, createScratch());
    expect(file.read()).toBe(-1);
    expect(file.reason).toContain('EISDIR');
  });

  it.skipIf(process.platform !== 'linux')('is opened again after an error', async () => {
    const host = temporaryHost({ later: 'text' });
    const link = join(host.root, 'link');
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    symlinkSync(`/proc/${child.pid}/stat`, link);
    const file = new KeptFile(link, createScratch());
    expect(file.read()).toBeGreaterThan(0);
    child.kill();
    await once(child, 'exit');
    unlinkSync(link);
    symlinkSync(join(host.root, 'later'), link);
    expect(file.read()).toBe(4);
    file.close();
  });
});
