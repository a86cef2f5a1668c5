import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import net, { type Socket } from 'node:net';
import timers from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { converse, converseInTurn } from '../../src/execute/helper-connection.js';

const limits = () => ({ limitMs: 10_000, signal: new AbortController().signal });
const busy = { kind: 'busy', sentence: 'it is busy with another request' };
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

/** Puts a socket in the place of each new one that fails with this code, before or after it was connected. */
function failWith(code: string | undefined, { connected = false, data = '' } = {}): void {
  vi.spyOn(net, 'connect').mockImplementation(() => {
    const socket = Object.assign(new EventEmitter(), { write: vi.fn(), end: vi.fn(), destroy: vi.fn() });
    setImmediate(() => {
      if (connected) socket.emit('connect');
      if (data !== '') socket.emit('data', Buffer.from(data));
      socket.emit('error', Object.assign(new Error('it broke'), code === undefined ? {} : { code }));
    });
    return socket as unknown as Socket;
  });
  syncBuiltinESMExports();
}

describe('a connection to the root helper', () => {
  const unreachable = { kind: 'unreachable', sentence: '/helper cannot be reached (it broke)' };
  it.each<[string | undefined, object]>([
    ['ENOENT', { kind: 'absent', sentence: 'no helper at /helper' }],
    ['ENOTDIR', { kind: 'absent', sentence: 'no helper at /helper' }],
    ['EACCES', { kind: 'forbidden', sentence: 'permission denied at /helper' }],
    ['EPERM', { kind: 'forbidden', sentence: 'permission denied at /helper' }],
    ['EAGAIN', busy],
    ['ECONNRESET', busy],
    ['EPIPE', busy],
    ['EIO', unreachable],
    [undefined, unreachable],
  ])('that fails with %s before the request is reported', async (code, expected) => {
    failWith(code);
    expect(await converse('/helper', '{}\n', limits())).toEqual(expected);
  });

  it.each<[string, object]>([
    ['ECONNRESET', busy],
    ['EPIPE', busy],
    ['EIO', { kind: 'lost', sentence: 'the connection was lost (it broke)' }],
  ])('that fails with %s after the request is reported', async (code, expected) => {
    failWith(code, { connected: true });
    expect(await converse('/helper', '{}\n', limits())).toEqual(expected);
  });

  it('that fails after one byte of the answer has an unknown result', async () => {
    failWith('ECONNRESET', { connected: true, data: '{' });
    expect(await converse('/helper', '{}\n', limits())).toEqual({
      kind: 'lost',
      sentence: 'its answer is incomplete (ECONNRESET)',
    });
  });
});

describe('the pauses between the tries of a request', () => {
  it.each([
    [0, [20, 40, 80, 160, 320]],
    [0.5, [40, 80, 160, 320, 640]],
  ])('double from 40 ms, by half more or less at random: %d', async (random, expected) => {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    const pauses: unknown[] = [];
    const connectionsAfter: number[] = [];
    vi.spyOn(timers, 'setTimeout').mockImplementation(async (ms) => {
      pauses.push(ms);
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      connectionsAfter.push(vi.mocked(net.connect).mock.calls.length);
      return undefined;
    });
    failWith('EAGAIN');
    expect(await converseInTurn('/helper', '{}\n', limits())).toEqual(busy);
    expect(pauses).toEqual(expected);
    // None is made during a pause.
    expect(connectionsAfter).toEqual([1, 2, 3, 4, 5]);
    expect(net.connect).toHaveBeenCalledTimes(6);
  });
});
