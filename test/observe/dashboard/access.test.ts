import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { refusalOf, type Need } from '../../../src/observe/dashboard/access.js';
import { rulesFrom } from '../../../src/observe/dashboard/options.js';

const TOKEN = 'sixteen-characters-and-more';
interface Asked {
  readonly localAddress: string;
  readonly host: string | undefined;
  readonly origin?: string;
  readonly fetchSite?: string;
  readonly authorization?: string | undefined;
  readonly token?: string;
  readonly forwarded?: boolean;
  readonly contentType?: string | undefined;
}
const asked: Asked = { localAddress: '127.0.0.1', host: '127.0.0.1:8080' };
const open = rulesFrom();
const guarded = rulesFrom({ token: TOKEN, controls: true });
const order: Asked = { ...asked, authorization: `Bearer ${TOKEN}`, contentType: 'application/json' };

const requestOf = ({ localAddress, forwarded, fetchSite, token, contentType, ...headers }: Asked) => {
  const more = {
    'sec-fetch-site': fetchSite,
    'x-luminous-token': token,
    'content-type': contentType,
    via: forwarded ? '1.1 proxy' : undefined,
  };
  const request = { socket: { localAddress }, httpVersion: '1.1', headers: { ...headers, ...more } };
  return request as unknown as IncomingMessage;
};
const status = (from: Asked, need: Need, rules = open): number =>
  refusalOf(requestOf(from), rules, need)?.status ?? 200;

describe('the Host header of a request', () => {
  test.each(['127.0.0.1', '127.0.0.1:8080', 'localhost:1', 'LOCALHOST', '[::1]:8080', '127.8.8.8'])(
    'on loopback may be %s',
    (host) => expect(status({ ...asked, host }, 'read')).toBe(200),
  );
  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.5:8080',
    'localhost@evil.example',
    'a b',
    '',
    undefined,
  ])('on loopback may not be %s', (host) => {
    expect(status({ ...asked, host }, 'page')).toBe(403);
    expect(status({ ...asked, host }, 'read')).toBe(403);
  });
  test('may be one that was allowed, without regard to case and port', () => {
    const rules = rulesFrom({ allowedHosts: ['Status.Example.org'] });
    expect(status({ ...asked, host: 'status.example.ORG:443' }, 'read', rules)).toBe(200);
    expect(status({ ...asked, host: 'example.org' }, 'read', rules)).toBe(403);
  });
  test('beyond loopback is the address itself', () => {
    const from = { ...order, localAddress: '::ffff:192.168.1.5' };
    expect(status({ ...from, host: '192.168.1.5:8080' }, 'read', guarded)).toBe(200);
    expect(status({ ...from, host: '192.168.1.6:8080' }, 'read', guarded)).toBe(403);
    expect(status({ ...from, host: 'localhost' }, 'read', guarded)).toBe(403);
    expect(status({ ...order, localAddress: 'fe80::1', host: '[fe80::1]:80' }, 'read', guarded)).toBe(200);
  });
});

describe('the Origin header of a request', () => {
  test('may be that of the dashboard, also behind a proxy with TLS', () => {
    const host = 'localhost:8080';
    for (const origin of ['http://localhost:8080', 'https://localhost:8080'])
      expect(status({ ...asked, host, origin, fetchSite: 'same-origin' }, 'read')).toBe(200);
  });
  test.each([
    'http://evil.example',
    'http://localhost:3000',
    'null',
    'file://',
    'chrome-extension://abc',
    '',
  ])('may not be %s', (origin) =>
    expect(status({ ...asked, host: 'localhost:8080', origin }, 'read')).toBe(403),
  );
  test.each(['cross-site', 'same-site', 'else'])(
    'may not be %s if the browser reports the request as cross-site',
    (fetchSite) => {
      expect(status({ ...asked, fetchSite }, 'read')).toBe(403);
      // A link on another site may open the page, which contains no data.
      expect(status({ ...asked, fetchSite }, 'page')).toBe(200);
    },
  );
});

describe('the token of the dashboard', () => {
  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    TOKEN,
  ])('is not accepted as %s', (authorization) => {
    expect(status({ ...order, authorization }, 'read', guarded)).toBe(401);
    expect(status({ ...order, authorization }, 'control', guarded)).toBe(401);
  });
  test('permits reading and acting; the page itself needs none', () => {
    expect(status(order, 'read', guarded)).toBe(200);
    expect(status(order, 'control', guarded)).toBe(200);
    expect(status(asked, 'page', guarded)).toBe(200);
  });
  test('is required beyond loopback, whatever is not configured', () => {
    const from = { ...asked, localAddress: '10.0.0.1', host: '10.0.0.1' };
    for (const need of ['page', 'read', 'control'] as const) expect(status(from, need)).toBe(403);
  });
});

describe('the controls of the dashboard', () => {
  test('are off by default, also with a token', () => {
    expect(status(order, 'control')).toBe(403);
    expect(status(order, 'control', rulesFrom({ token: TOKEN }))).toBe(403);
  });
  test.each([undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    'cannot be used by what a form can send: %s',
    (contentType) => expect(status({ ...order, contentType }, 'control', guarded)).toBe(415),
  );
  test('cannot be used by another page that has the token', () => {
    expect(status({ ...order, origin: 'http://evil.example' }, 'control', guarded)).toBe(403);
  });
});

describe('the options of the dashboard', () => {
  test.each([
    [{ controls: true }, /^Expected `controls` to be false without a `token`/],
    [{ token: 'short' }, /^Expected `token` to be 16 to 256 visible ASCII characters, got `"5 characters"/],
    [{ token: 'with spaces in between' }, /^Expected `token`/],
    [{ maxClients: 0 }, /^Expected `maxClients` to be a number from 1 to 10000/],
    [{ allowedHosts: 'example.org' }, /^Expected `allowedHosts` to be an array of strings/],
    [{ tokens: 'x' }, /did you mean `token`\?/],
  ])('are refused if invalid: %j', (options, message) => {
    expect(() => rulesFrom(options as object)).toThrow(message);
  });
  test('never repeat a token that is refused', () => {
    expect(() => rulesFrom({ token: 'my secret token' })).not.toThrow('secret');
    expect(() => rulesFrom({ token: 'my secret token' })).toThrow('characters');
  });
});

describe('the dashboard behind a proxy', () => {
  const behind = rulesFrom({
    token: TOKEN,
    controls: true,
    publicUrl: 'https://ops.example.org:8443/healing/',
  });
  const origin = 'https://ops.example.org:8443';
  test('accepts requests from the public origin, whatever Host the proxy sends', () => {
    for (const host of ['127.0.0.1:8080', 'ops.example.org', 'ops.example.org:8443'])
      expect(status({ ...order, host, origin, forwarded: true }, 'control', behind)).toBe(200);
    expect(status({ ...order, origin: 'https://ops.example.org' }, 'control', behind)).toBe(403);
    expect(status({ ...order, origin }, 'control', guarded)).toBe(403);
  });
  test('sends the files of the page for any Origin, because module scripts have one', () => {
    expect(status({ ...asked, origin: 'http://ops.example.org' }, 'page', guarded)).toBe(200);
  });
  test('answers nothing without a token', () => {
    for (const need of ['page', 'read', 'control'] as const)
      expect(status({ ...asked, forwarded: true }, need)).toBe(403);
  });
  test('accepts the token in a separate header, beside a password for the proxy', () => {
    expect(status({ ...order, authorization: 'Basic eDp5', token: TOKEN }, 'control', guarded)).toBe(200);
    expect(status({ ...order, token: 'x' }, 'control', guarded)).toBe(401);
  });
});
