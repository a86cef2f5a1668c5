import { EventEmitter } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Host } from '../../../src/host/host.js';
import type { Execution } from '../../../src/model/execution.js';
import { serve } from '../../../src/service/helper/serve.js';
import { failedUnit, fakeHost } from '../../../src/testing/index.js';

const me = process.getuid?.() ?? 0;
const REQUEST = {
  ...{ version: 1, do: 'plan', action: 'restart_service' },
  parameters: { service: 'nginx' },
};
let folder: string;
let journal: string[];
let host: Host;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connection-'));
  journal = [];
  host = fakeHost({ units: [failedUnit()] });
  const policy = { version: 1, actions: ['restart_service'], services: ['nginx'] };
  await writeFile(join(folder, 'policy.json'), JSON.stringify(policy), { mode: 0o644 });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

const connection = () => ({
  ...{ instance: '0-129-1000', owner: me, host, signal: new AbortController().signal },
  ...{ policyFile: join(folder, 'policy.json'), stateFolder: folder },
  log: (priority: number, line: string) => void journal.push(`<${priority}>${line}`),
});
const inputOf = (said: object): PassThrough => {
  const input = new PassThrough();
  input.write(`${JSON.stringify(said)}\n`);
  return input;
};
async function ask(said: object, more: object = {}): Promise<Execution> {
  const output = new PassThrough();
  await serve({ ...connection(), input: inputOf(said), output, ...more });
  output.end();
  return JSON.parse(await text(output)) as Execution;
}

describe('a connection to the root helper', () => {
  it('logs the steps of its answer without their output, and its duration in whole milliseconds', async () => {
    // Stopped before its first step: nothing is run.
    await ask({ ...REQUEST, do: 'execute' }, { signal: AbortSignal.abort() });
    const logged = JSON.parse(journal[1]!.replace(/^<\d>answer /, '')) as Record<string, unknown>;
    expect(logged).toEqual({
      ...{ outcome: 'failed', action: 'restart_service', steps: [] },
      error: expect.stringContaining('Stopped before') as string,
      durationMs: expect.any(Number) as number,
    });
    expect(Number.isInteger(logged['durationMs'])).toBe(true);
  });

  it('waits 2 s for the request by default', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const output = new PassThrough();
    const served = serve({ ...connection(), input: new PassThrough(), output });
    vi.advanceTimersByTime(1_999);
    expect(journal).toEqual([]);
    vi.advanceTimersByTime(1);
    await served;
    output.end();
    expect(JSON.parse(await text(output))).toMatchObject({
      error: 'Expected one line: it did not come within 2 s',
    });
  });

  it('of root may approve, without a stand-in for the check of persons', async () => {
    const more = { asks: 'person', instance: '0-129-0' };
    expect((await ask(REQUEST, more)).error).toContain('needs no approval');
  });

  it('does not check who may approve for a request of an engine', async () => {
    const expectPerson = vi.fn(() => Promise.reject(new Error('not a person')));
    expect(await ask(REQUEST, { expectPerson })).toMatchObject({ outcome: 'planned' });
    expect(await ask(REQUEST, { expectPerson, asks: 'person' })).toMatchObject({
      ...{ outcome: 'skipped', blockedBy: 'not-allowed', error: 'not a person' },
    });
    expect(expectPerson.mock.calls).toEqual([[1_000]]);
  });

  it.each([
    ['closes its side', (input: PassThrough) => void input.end()],
    ['breaks off', (input: PassThrough) => void input.destroy(new Error('ECONNRESET'))],
  ])('starts no step once the client %s', async (_how, go) => {
    const input = inputOf({ ...REQUEST, do: 'execute' });
    const reading: Host = {
      ...host,
      read: async (asked) => {
        const gone = new Promise((done) => input.once('close', done).once('end', done));
        go(input);
        await gone;
        return host.read(asked);
      },
    };
    await serve({ ...connection(), host: reading, input, output: new PassThrough() });
    expect(journal.at(-1)).toContain('Stopped before');
  });

  it('ends when the client is gone and the write of the answer is never confirmed', async () => {
    const output = Object.assign(new EventEmitter(), {
      write: () => output.emit('error', new Error('EPIPE')),
    });
    await serve({ ...connection(), input: inputOf(REQUEST), output: output as unknown as Writable });
    expect(journal.at(-1)).toContain('"outcome":"planned"');
  });

  it('ends only once its answer has been written', async () => {
    let confirm = (): void => undefined;
    let isEnded = false;
    const written = new Promise<void>((resolve) => {
      const write = (_line: string, done: () => void): void => {
        confirm = done;
        resolve();
      };
      const output = Object.assign(new EventEmitter(), { write }) as unknown as Writable;
      void serve({ ...connection(), input: inputOf(REQUEST), output }).then(() => (isEnded = true));
    });
    await written;
    await new Promise((resolve) => setImmediate(resolve));
    expect(isEnded).toBe(false);
    confirm();
    await vi.waitUntil(() => isEnded);
  });
});
