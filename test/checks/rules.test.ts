import { describe, expect, it } from 'vitest';
import * as checks from '../../src/checks/index.js';
import { jsonExpected } from '../../src/checks/json-value.js';
import { inOrder } from '../../src/checks/limits.js';
import {
  bounds,
  number,
  object,
  oneNeeded,
  path,
  pattern,
  record,
  secret,
  text,
  texts,
  unit,
  whole,
  type Leaf,
} from '../../src/checks/rules.js';
import { tlsChoice } from '../../src/checks/trust.js';

/** Returns the sentence of a refusal; nothing for a value that is accepted. */
const refusal = (leaf: Leaf, value: unknown): string | undefined => {
  try {
    leaf('option', value);
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
};

describe('the rule of an option', () => {
  const rules: Readonly<Record<string, Leaf>> = {
    ...{ text, texts, path, unit, pattern, secret, bounds, json: jsonExpected, tls: tlsChoice },
    number: number(1, 3),
    whole: whole(1, 3),
    record: record(text),
    object: object({ a: text, b: text }, ['a']),
  };

  it.each<[string, unknown]>([
    ['number', 1],
    ['number', 3],
    ['number', 1.5],
    ['whole', 1],
    ['whole', 3],
    ['text', 'x'],
    ['texts', 'x'],
    ['texts', ['x', 'y']],
    ['path', '/'],
    ['unit', 'nginx'],
    ['pattern', /x/],
    ['pattern', 'x+'],
    ['secret', 'x'],
    ['secret', { file: '/run/key' }],
    ['record', {}],
    ['record', { any: 'x' }],
    ['object', { a: 'x' }],
    ['object', { a: 'x', b: undefined }],
    ['bounds', { min: 2 }],
    ['bounds', { max: 2 }],
    ['bounds', { min: 2, max: 2 }],
    ['bounds', { min: 2, max: undefined }],
    ['json', null],
    ['json', 'x'],
    ['json', 0],
    ['json', false],
    ['json', { max: 1 }],
    ['tls', true],
    ['tls', false],
    ['tls', {}],
    ['tls', { caFile: '/a', serverName: 'x', insecure: true }],
  ])('%s accepts %o', (rule, value) => expect(refusal(rules[rule]!, value)).toBeUndefined());

  it.each<[string, unknown, string]>([
    ['number', 0.9, 'Expected `option` to be a number from 1 to 3, got `0.9` (number)'],
    ['number', 3.1, 'Expected `option` to be a number from 1 to 3, got `3.1` (number)'],
    ['number', Number.NaN, 'Expected `option` to be a number from 1 to 3, got `NaN` (number)'],
    ['whole', 1.5, 'Expected `option` to be a whole number, got `1.5` (number)'],
    ['whole', 4, 'Expected `option` to be a number from 1 to 3, got `4` (number)'],
    ['text', '', 'Expected `option` to be a non-empty string, got `""` (string)'],
    ['text', 1, 'Expected `option` to be a non-empty string, got `1` (number)'],
    ['texts', '', 'Expected `option` to be a non-empty string, got `""` (string)'],
    ['texts', ['x', ''], 'Expected `option[1]` to be a non-empty string, got `""` (string)'],
    ['texts', 1, 'Expected `option` to be an array of strings, got `1` (number)'],
    ['path', 'a/b', 'Expected `option` to be an absolute path, got `"a/b"` (string)'],
    ['path', '/a\0b', 'Expected `option` to be an absolute path, got `"/a\\u0000b"` (string)'],
    ['path', ['/a'], 'Expected `option` to be an absolute path, got `["/a"]` (array)'],
    ['unit', 'a b', 'Expected `option` to be a systemd unit name'],
    ['pattern', '', 'Expected `option` to be a non-empty string, got `""` (string)'],
    ['pattern', '(', 'Expected `option` to be a regular expression, got `"("` (string)'],
    ['secret', '', 'Expected `option` to be a non-empty string or `{ file: "/path" }`, got `""` (string)'],
    ['secret', 5, 'Expected `option` to be a non-empty string or `{ file: "/path" }`, got `5` (number)'],
    ['secret', [], 'Expected `option` to be a non-empty string or `{ file: "/path" }`, got `[]` (array)'],
    ['secret', { file: '/a', x: 1 }, 'Expected `option` to be a non-empty string or `{ file: "/path" }`'],
    ['secret', { file: 'a' }, 'Expected `option.file` to be an absolute path, got `"a"` (string)'],
    ['secret', null, 'Expected `option.file` to be an absolute path, got `undefined`'],
    ['record', null, 'Expected `option` to be an object, got `null`'],
    ['record', ['x'], 'Expected `option` to be an object, got `["x"]` (array)'],
    ['record', 'x', 'Expected `option` to be an object, got `"x"` (string)'],
    ['record', { A: '' }, 'Expected `option.A` to be a non-empty string, got `""` (string)'],
    ['object', null, 'Expected `option` to be an object, got `null`'],
    ['object', { a: 'x', c: 1 }, 'Unknown option `c` in `option`'],
    ['object', { b: 'x' }, 'Expected `option.a` to be given, got `undefined`'],
    ['object', { a: 'x', b: '' }, 'Expected `option.b` to be a non-empty string, got `""` (string)'],
    ['bounds', {}, 'Expected `option` to be an object with `min` or `max`, got `{}` (object)'],
    ['bounds', { min: 2, max: 1 }, 'Expected `option` to be an object with `min` up to `max`'],
    ['bounds', { min: Infinity }, 'Expected `option.min` to be a number from'],
    ['bounds', { max: '1' }, 'Expected `option.max` to be a number from'],
    ['json', undefined, 'Expected `option` to be a JSON value or bounds, got `undefined`'],
    ['json', {}, 'Expected `option` to be an object with `min` or `max`, got `{}` (object)'],
    ['tls', 'yes', 'Expected `option` to be an object, got `"yes"` (string)'],
    ['tls', { caFile: 'a.pem' }, 'Expected `option.caFile` to be an absolute path'],
    ['tls', { insecure: 1 }, 'Expected `option.insecure` to be true or false'],
  ])('%s refuses %o', (rule, value, sentence) => expect(refusal(rules[rule]!, value)).toContain(sentence));

  it.each<[object, string | undefined]>([
    [{ a: 1 }, undefined],
    [{ b: 0, c: undefined }, undefined],
    [{}, 'Expected `check` to be an object with exactly one of `a`, `b`, got `{}` (object)'],
    [{ a: 1, b: 1 }, 'with exactly one of `a`, `b`'],
  ])('exactly one of two options is needed: %o', (options, sentence) => {
    const judge = (): void => oneNeeded('a', 'b')('check', options as Record<string, unknown>);
    if (sentence === undefined) expect(judge).not.toThrow();
    else expect(judge).toThrow(sentence);
  });

  it.each<[object, string | undefined]>([
    [{ min: 2, max: 2 }, undefined],
    [{ min: 2 }, undefined],
    [{ max: 2 }, undefined],
    [{ min: 3, max: 2 }, 'Expected `check.min` to be at most `max` (2), got `3` (number)'],
  ])('a least value is not over its greatest: %o', (options, sentence) => {
    const judge = (): void => inOrder([['min', 'max']])('check', options as Record<string, unknown>);
    if (sentence === undefined) expect(judge).not.toThrow();
    else expect(judge).toThrow(sentence);
  });
});

describe('the limits of a number option', () => {
  type Maker = (options: unknown) => unknown;
  const of = checks as unknown as Readonly<Record<string, Maker>>;
  const GREAT = Number.MAX_SAFE_INTEGER;
  const base: Readonly<Record<string, object>> = {
    http: { url: 'http://x' },
    tcp: { port: 1 },
    tls: { host: 'x' },
    unixSocket: { path: '/a' },
    file: { path: '/a' },
    directory: { path: '/a' },
    process: { unit: 'a' },
    command: { argv: ['a'] },
    timer: { timer: 'a', maxAgeSeconds: 60 },
    pressure: { resource: 'io', maxPercent: 50 },
  };

  it.each<[string, string, number, number]>([
    ['file', 'timeoutMs', 1, 600_000],
    ['file', 'settleMs', 0, 3_600_000],
    ['file', 'severity', 1, 4],
    ['file', 'failAfter', 1, 1_000],
    ['file', 'recoverAfter', 1, 1_000],
    ['http', 'status', 100, 599],
    ['http', 'followRedirects', 0, 10],
    ['http', 'maxBytes', 1, 16 * 1024 * 1024],
    ['http', 'maxMs', 1, 600_000],
    ['tcp', 'port', 1, 65_535],
    ['tcp', 'maxMs', 1, 600_000],
    ['tls', 'port', 1, 65_535],
    ['tls', 'minDays', 0, 3_650],
    ['unixSocket', 'maxMs', 1, 600_000],
    ['file', 'maxAgeSeconds', 0, 1e10],
    ['file', 'minAgeSeconds', 0, 1e10],
    ['file', 'uid', 0, 4_294_967_295],
    ['file', 'gid', 0, 4_294_967_295],
    ['file', 'minBytes', 0, GREAT],
    ['file', 'maxBytes', 0, GREAT],
    ['file', 'maxGrowthBytesPerHour', 0, GREAT],
    ['directory', 'minFiles', 0, 1e9],
    ['directory', 'maxFiles', 0, 1e9],
    ['directory', 'newestMinBytes', 0, GREAT],
    ['directory', 'newestMaxAgeSeconds', 0, 1e10],
    ['directory', 'maxBytes', 0, GREAT],
    ['process', 'minCount', 0, 1e6],
    ['process', 'maxCount', 0, 1e6],
    ['process', 'minAgeSeconds', 0, 1e9],
    ['process', 'maxAgeSeconds', 0, 1e9],
    ['process', 'maxMemoryBytes', 0, GREAT],
    ['process', 'maxCpuPercent', 0, 1e6],
    ['process', 'maxThreads', 0, 1e6],
    ['process', 'maxDescriptors', 0, 1e9],
    ['process', 'maxDescriptorsPercent', 0, 100],
    ['process', 'maxZombies', 0, 1e6],
    ['command', 'exitCode', 0, 125],
    ['timer', 'maxAgeSeconds', 1, 1e10],
    ['clock', 'port', 1, 65_535],
    ['clock', 'maxOffsetMs', 1, 1e12],
    ['pressure', 'maxPercent', 0, 100],
    ['eventLoop', 'maxDelayMs', 1, 3_600_000],
    ['eventLoop', 'percentile', 1, 100],
    ['heap', 'maxPercent', 0, 100],
  ])('%s({ %s }) are %d and %d, both included', (kind, option, least, most) => {
    const make = (value: number) => () => of[kind]!({ ...base[kind], [option]: value });
    expect(make(least)).not.toThrow();
    expect(make(most)).not.toThrow();
    for (const value of [least - 1, most + 1, most * 1.001])
      expect(make(value)).toThrow(`Expected \`${kind}.${option}\` to be a`);
  });

  it.each<[string, object, string]>([
    ['http', { status: [] }, '`http.status` to be a status or a list of them'],
    ['http', { status: [200, 600] }, '`http.status[1]` to be a number from 100 to 599'],
    ['http', { address: 'localhost' }, '`http.address` to be an IP address'],
    ['http', { address: 4 }, '`http.address` to be an IP address'],
    ['http', { sha256: 5 }, '`http.sha256` to be a SHA-256 in hex'],
    ['http', { url: 'http://me@x' }, '`http.url` to be an address without a password'],
    ['http', { url: 'http://:pw@x' }, '`http.url` to be an address without a password'],
    ['http', { auth: null }, '`http.auth` to be an object'],
    ['http', { auth: { password: 'x' } }, '`http.auth.user` to be given'],
    ['http', { auth: { token: 'x', user: 'a' } }, 'Unknown option `user` in `http.auth`'],
    ['http', { auth: { token: undefined } }, '`http.auth.token` to be given'],
    ['tcp', { listening: false, tls: true }, '`tcp.tls` to be left out with `listening: false`'],
    ['tcp', { listening: false, maxMs: 5 }, '`tcp.maxMs` to be left out with `listening: false`'],
    ['tcp', { listening: false, send: 'x' }, '`tcp.send` to be left out with `listening: false`'],
    ['tcp', { expect: '' }, '`tcp.expect` to be a non-empty string'],
    ['tcp', { then: [{ send: 'x' }, { send: '' }] }, '`tcp.then[1].send` to be a non-empty string or'],
    [
      'file',
      { minAgeSeconds: 2, maxAgeSeconds: 1 },
      '`file.minAgeSeconds` to be at most `maxAgeSeconds` (1)',
    ],
    ['file', { mode: '0888' }, '`file.mode` to be permissions in octal'],
    ['file', { mode: '00640' }, '`file.mode` to be permissions in octal'],
    ['directory', { minFiles: 2, maxFiles: 1 }, '`directory.minFiles` to be at most `maxFiles` (1)'],
    [
      'directory',
      { minAgeSeconds: 2, maxAgeSeconds: 1 },
      '`directory.minAgeSeconds` to be at most `maxAgeSeconds` (1)',
    ],
    [
      'process',
      { minAgeSeconds: 2, maxAgeSeconds: 1 },
      '`process.minAgeSeconds` to be at most `maxAgeSeconds` (1)',
    ],
    ['command', { argv: [''] }, '`command.argv[0]` to be a string'],
    ['command', { argv: ['a', 'b\0c'] }, '`command.argv[1]` to be a string'],
    ['command', { exitCode: [0, 126] }, '`command.exitCode[1]` to be a number from 0 to 125'],
    ['file', { every: 0 }, '`file.every` to be a number of seconds over 0 and up to 86400'],
    ['file', { type: 'disk' }, 'Unknown issue type `disk` in `file.type`'],
    ['file', { component: '' }, '`file.component` to be a non-empty string'],
    ['file', { name: '' }, '`file.name` to be a non-empty string'],
    ['file', { exists: 1 }, '`file.exists` to be true or false'],
    ['file', { path: undefined }, 'Expected `file.path` to be given, got `undefined`'],
  ])('a mistake is refused: %s(%o)', (kind, options, sentence) => {
    expect(() => of[kind]!({ ...base[kind], ...options })).toThrow(sentence);
  });

  it.each<[string, object]>([
    ['http', { url: 'HTTPS://x', status: [200, 599], sha256: 'A'.repeat(64), address: '::1', tls: true }],
    ['http', { auth: { token: 'x' }, method: 'HEAD', headers: { A: { file: '/a' } } }],
    ['http', { auth: { user: 'a', password: { file: '/a' } }, json: { a: 1 }, responseHeaders: { A: /x/ } }],
    ['tcp', { listening: true, ready: 'redis' }],
    ['tcp', { listening: false, host: 'x', tls: undefined }],
    ['tcp', { expect: '(', matches: /x/, then: [{ send: 'x', expect: 'y', matches: 'z' }] }],
    ['file', { mode: '640', minBytes: 1, maxBytes: 1, type: 'system', heals: 'nginx', timeoutMs: undefined }],
    ['command', { argv: ['a', ''], exitCode: [0, 125], env: { A: 'x' }, cwd: '/' }],
    ['pressure', { resource: 'cpu', of: 'some' }],
    ['pressure', { resource: 'memory', of: 'full' }],
  ])('what is right is accepted: %s(%o)', (kind, options) => {
    expect(() => of[kind]!({ ...base[kind], ...options })).not.toThrow();
  });
});
