import { describe, expect, it } from 'vitest';
import * as checks from '../../src/checks/index.js';

type Maker = (options: unknown) => unknown;
const of = checks as unknown as Readonly<Record<string, Maker>>;

describe('the ready-made checks', () => {
  it.each<[string, unknown, string]>([
    ['http', undefined, 'Expected `http` to be an object, got `undefined`'],
    ['http', {}, 'Expected `http.url` to be given, got `undefined`'],
    ['http', { url: 'example.org' }, 'Expected `http.url` to be an address such as'],
    ['http', { url: 'ftp://example.org' }, 'Expected `http.url` to be an address with http: or https:'],
    [
      'http',
      { url: 'http://me:pw@x' },
      'Expected `http.url` to be an address without a password: use `auth`, got `"x"`',
    ],
    ['http', { url: 'http://x', stauts: 200 }, 'Unknown option `stauts` in `http`: did you mean `status`?'],
    [
      'http',
      { url: 'http://x', status: 20 },
      'Expected `http.status` to be a number from 100 to 599, got `20` (number)',
    ],
    ['http', { url: 'http://x', status: [200, 'x'] }, 'Expected `http.status[1]` to be a number'],
    ['http', { url: 'http://x', method: 'get' }, 'did you mean `GET`?'],
    [
      'http',
      { url: 'http://x', matches: '(' },
      'Expected `http.matches` to be a regular expression, got `"("` (string)',
    ],
    ['http', { url: 'http://x', auth: { user: 'a' } }, 'Expected `http.auth.password` to be given'],
    [
      'http',
      { url: 'http://x', headers: { A: { file: 'x' } } },
      'Expected `http.headers.A.file` to be an absolute path',
    ],
    [
      'http',
      { url: 'http://x', json: { a: {} } },
      'Expected `http.json.a` to be an object with `min` or `max`',
    ],
    ['http', { url: 'http://x', json: { a: { min: 2, max: 1 } } }, 'to be an object with `min` up to `max`'],
    ['http', { url: 'http://x', sha256: 'abc' }, 'Expected `http.sha256` to be a SHA-256 in hex'],
    ['http', { url: 'http://x', heals: 'two words' }, 'Expected `http.heals` to be a systemd unit name'],
    ['http', { url: 'http://x', every: -1 }, 'Expected `http.every` to be a number of seconds over 0'],
    ['http', { url: 'http://x', failAfter: 0 }, 'Expected `http.failAfter` to be a number from 1 to 1000'],
    ['http', { url: 'http://x', severity: 5 }, 'Expected `http.severity` to be a number from 1 to 4'],
    ['http', { url: new URL('http://x') }, 'Expected `http.url` to be'],
    ['tcp', {}, 'Expected `tcp.port` to be given'],
    ['tcp', { port: 0 }, 'Expected `tcp.port` to be a number from 1 to 65535, got `0` (number)'],
    ['tcp', { port: 1, ready: 'reddis' }, 'Unknown protocol `reddis` in `tcp.ready`: did you mean `redis`?'],
    [
      'tcp',
      { port: 1, then: [{ exepct: 'x' }] },
      'Unknown option `exepct` in `tcp.then[0]`: did you mean `expect`?',
    ],
    ['tcp', { port: 1, then: 'x' }, 'Expected `tcp.then` to be an array'],
    ['tls', { host: 'x', minDays: -1 }, 'Expected `tls.minDays` to be a number from 0 to 3650'],
    ['unixSocket', { path: 'a.sock' }, 'Expected `unixSocket.path` to be an absolute path'],
    ['process', {}, 'Expected `process` to be an object with exactly one of `unit`, `pidFile`, `match`'],
    ['process', { unit: 'a', match: 'b' }, 'exactly one of'],
    [
      'process',
      { unit: 'a', minCount: 3, maxCount: 2 },
      'Expected `process.minCount` to be at most `maxCount` (2), got `3`',
    ],
    ['file', { path: '/a', mode: 640 }, 'Expected `file.mode` to be permissions in octal'],
    ['file', { path: '/a', minBytes: 2, maxBytes: 1 }, 'at most `maxBytes` (1)'],
    ['directory', { path: '/a', maxFiles: 1.5 }, 'Expected `directory.maxFiles` to be a whole number'],
    ['command', { argv: 'ls -l' }, 'Expected `command.argv` to be an array, got `"ls -l"` (string)'],
    ['command', { argv: [] }, 'Expected `command.argv` to be a program and its arguments'],
    ['command', { argv: ['ls', 5] }, 'Expected `command.argv[1]` to be a string'],
    ['command', { argv: ['ls'], exitCode: 127 }, 'Expected `command.exitCode` to be a number from 0 to 125'],
    ['timer', { timer: 'backup' }, 'Expected `timer.maxAgeSeconds` to be given'],
    ['timer', { timer: 'a b', maxAgeSeconds: 1 }, 'Expected `timer.timer` to be a systemd unit name'],
    ['clock', { maxOffsetMs: 0 }, 'Expected `clock.maxOffsetMs` to be a number from 1'],
    ['pressure', { resource: 'disk', maxPercent: 1 }, 'Unknown resource `disk` in `pressure.resource`'],
    [
      'pressure',
      { resource: 'cpu', of: 'full', maxPercent: 1 },
      'Expected `pressure.of` to be `some` for the CPU',
    ],
    ['eventLoop', { percentile: 0 }, 'Expected `eventLoop.percentile` to be a number from 1 to 100'],
    ['heap', { maxPercent: 101 }, 'Expected `heap.maxPercent` to be a number from 0 to 100'],
    ['worker', { worker: {} }, 'Expected `worker.worker` to be a function that returns the worker'],
    ['part', { name: 'x' }, 'Expected `part.check` to be given'],
    ['part', { name: 'x', check: () => true, heals: 'a' }, 'Expected `part.heals` to be left out'],
    [
      'part',
      { name: 'x', check: () => true, proof: () => true },
      'Expected `part.repair` to be given with `proof`',
    ],
  ])('refuse a mistake in one sentence: %s(%o)', (kind, options, sentence) => {
    expect(() => of[kind]!(options)).toThrow(sentence);
  });

  it('of the network need two bad answers in a row by default', () => {
    expect(checks.http({ url: 'http://x' })).toMatchObject({
      name: 'http:x',
      component: 'http:x',
      failAfter: 2,
    });
    expect(checks.tcp({ port: 1, failAfter: 1 })).toMatchObject({ name: 'tcp:127.0.0.1:1', failAfter: 1 });
    expect(checks.file({ path: '/a' })).not.toHaveProperty('failAfter');
  });
});
