import { getDefaultAutoSelectFamily, setDefaultAutoSelectFamily } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { tcp } from '../../src/checks/index.js';
import { TimeLimit } from '../../src/checks/deadline.js';
import { CannotTell } from '../../src/checks/failure.js';
import { Lookups } from '../../src/checks/socket.js';
import { server, verdictOf } from './house.js';

const late = new TimeLimit(50, true);
/** Starts to resolve an address, which needs no server; returns what the callback was given. */
const resolve = (lookups: Lookups, host: string, options = {}): Promise<unknown[]> =>
  new Promise((done) => lookups.lookup(host, options, (...given) => done(given)));

describe('the lookups of a probe', () => {
  it('pass the address and its family on', async () => {
    expect(await resolve(new Lookups(), '127.0.0.1')).toEqual([null, '127.0.0.1', 4]);
    expect((await resolve(new Lookups(), '127.0.0.1', { all: true }))[1]).toEqual([
      { address: '127.0.0.1', family: 4 },
    ]);
  });

  it('explain a time limit only while a name is not resolved', async () => {
    const lookups = new Lookups();
    expect(lookups.failure(late)).toBe(late);
    const first = resolve(lookups, '127.0.0.1');
    const second = resolve(lookups, '127.0.0.2');
    expect(lookups.failure(late)).toEqual(new CannotTell('the name was not resolved in time'));
    await Promise.all([first, second]);
    expect(lookups.failure(late)).toBe(late);
  });

  it('explain a time limit also if one of two names is resolved', () => {
    const lookups = new Lookups();
    const seen: unknown[] = [];
    const ended = new Promise<void>((done) => {
      lookups.lookup('127.0.0.1', {}, () => seen.push(lookups.failure(late)));
      lookups.lookup('127.0.0.2', {}, () => done(void seen.push(lookups.failure(late))));
    });
    return ended.then(() => expect(seen).toEqual([expect.any(CannotTell), late]));
  });

  it('do not explain another error', async () => {
    const lookups = new Lookups();
    const other = new Error('refused');
    const pending = resolve(lookups, '127.0.0.1');
    expect(lookups.failure(other)).toBe(other);
    await pending;
  });
});

describe('a check of a server by its name', () => {
  const before = getDefaultAutoSelectFamily();
  afterEach(() => setDefaultAutoSelectFamily(before));

  it.each([true, false])('connects where Node tries several addresses: %s', async (isAuto) => {
    setDefaultAutoSelectFamily(isAuto);
    const port = await server((socket) => socket.end('hello'));
    expect(await verdictOf(tcp({ host: 'localhost', port, expect: 'hello' }))).toMatchObject({
      status: 'ok',
    });
  });
});
