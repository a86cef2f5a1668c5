import { getEventListeners } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { converse, converseInTurn } from '../../src/execute/helper-connection.js';
import { ANSWER_LIMIT } from '../../src/execute/helper-protocol.js';

let folder: string;
let path: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'connection-'));
  path = join(folder, 'socket');
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** Listens, and calls the function of a test with each connection. */
async function helper(serve: (socket: Socket) => void): Promise<void> {
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server?.listen(path, resolve));
}
/** Reads the request, and answers with a text. */
const says = (text: string) => (socket: Socket) => {
  socket.once('data', () => socket.end(text)).resume();
};
const limits = (signal = new AbortController().signal) => ({ limitMs: 10_000, signal });
const BUSY = { kind: 'busy', sentence: 'it is busy with another request' };

describe('a conversation with the root helper', () => {
  it('returns all of the answer, also if it comes in parts', async () => {
    await helper((socket) => {
      socket.once('data', () => {
        const bytes = Buffer.from('größer\n');
        socket.write(bytes.subarray(0, 3), () => setImmediate(() => socket.end(bytes.subarray(3))));
      });
      socket.resume();
    });
    expect(await converse(path, '{}\n', limits())).toEqual({ kind: 'answered', text: 'größer\n' });
  });

  it('returns an answer that is as long as it may be', async () => {
    const text = 'x'.repeat(ANSWER_LIMIT);
    await helper(says(text));
    expect(await converse(path, '{}\n', limits())).toEqual({ kind: 'answered', text });
  });

  it('has an unknown result if the answer is longer', async () => {
    await helper(says('x'.repeat(ANSWER_LIMIT + 1)));
    expect(await converse(path, '{}\n', limits())).toEqual({
      kind: 'lost',
      sentence: `its answer is longer than ${ANSWER_LIMIT} bytes`,
    });
  });

  it('that is stopped ends its own side, and still returns the answer', async () => {
    const controller = new AbortController();
    await helper((socket) => {
      socket.once('data', () => controller.abort());
      socket.on('end', () => socket.end('{}\n')).resume();
    });
    expect(await converse(path, '{}\n', limits(controller.signal))).toEqual({
      kind: 'answered',
      text: '{}\n',
    });
  });

  it('leaves neither a timer nor a listener', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await helper(says('{}\n'));
    const { signal } = new AbortController();
    const conversation = converse(path, '{}\n', limits(signal));
    expect([vi.getTimerCount(), getEventListeners(signal, 'abort').length]).toEqual([1, 1]);
    await conversation;
    expect([vi.getTimerCount(), getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  });

  it('is not begun if it is stopped while it connects: nothing is sent', async () => {
    const sent: string[] = [];
    await helper((socket) => {
      socket
        .on('data', (data) => void sent.push(String(data)))
        .on('end', () => socket.end())
        .resume();
    });
    const controller = new AbortController();
    const conversation = converse(path, '{}\n', limits(controller.signal));
    controller.abort();
    expect(await conversation).toEqual({
      kind: 'busy',
      sentence: 'the request was stopped before it was sent',
    });
    expect(sent).toEqual([]);
  });
});

describe('a socket of the root helper', () => {
  it.each<[string, () => void, object]>([
    ['is absent', () => undefined, { kind: 'absent', sentence: 'no helper at PATH' }],
    [
      'is in a folder that is a file',
      () => {
        writeFileSync(join(folder, 'file'), '');
        path = join(folder, 'file', 'socket');
      },
      { kind: 'absent', sentence: 'no helper at PATH' },
    ],
    [
      'has no listener',
      () => writeFileSync(path, ''),
      {
        kind: 'unreachable',
        sentence: 'connection refused at PATH: start luminous-healing-helper.socket',
      },
    ],
    [
      'is a link to itself',
      () => symlinkSync(path, path),
      { kind: 'unreachable', sentence: 'PATH cannot be reached (connect ELOOP PATH)' },
    ],
  ])('that %s is reported as such', async (_how, prepare, expected) => {
    prepare();
    const told = JSON.stringify(await converse(path, '{}\n', limits())).replaceAll(path, 'PATH');
    expect(JSON.parse(told)).toEqual(expected);
  });

  it.skipIf(process.getuid?.() === 0)('that this user may not use is reported as such', async () => {
    await helper(() => undefined);
    chmodSync(path, 0);
    expect(await converse(path, '{}\n', limits())).toEqual({
      kind: 'forbidden',
      sentence: `permission denied at ${path}`,
    });
  });
});

describe('a request that the root helper did not read', () => {
  /** Closes every connection at once. Returns how many there were. */
  async function busyHelper(): Promise<() => number> {
    let tries = 0;
    await helper((socket) => void ((tries += 1), socket.destroy()));
    return () => tries;
  }
  /** Replaces the random part of the pauses. */
  const pauses = (random: number) => void vi.spyOn(Math, 'random').mockReturnValue(random);
  const NONE = -0.5;

  it('is sent six times', async () => {
    pauses(NONE);
    const tries = await busyHelper();
    expect(await converseInTurn(path, '{}\n', limits())).toEqual(BUSY);
    expect(tries()).toBe(6);
  });

  it('is not sent again after a stop, which ends the pause', async () => {
    pauses(1_000_000);
    const tries = await busyHelper();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    expect(await converseInTurn(path, '{}\n', limits(controller.signal))).toBeUndefined();
    expect(tries()).toBe(1);
  });

  it('is not sent if it is stopped while it connects', async () => {
    const tries = await busyHelper();
    const controller = new AbortController();
    const conversation = converseInTurn(path, '{}\n', limits(controller.signal));
    controller.abort();
    expect(await conversation).toBeUndefined();
    expect(tries()).toBeLessThan(2);
  });

  it('is sent again only for that reason', async () => {
    let asked = 0;
    await helper((socket) => void ((asked += 1), says('')(socket)));
    expect(await converseInTurn(path, '{}\n', limits())).toMatchObject({ kind: 'lost' });
    expect(asked).toBe(1);
  });
});
