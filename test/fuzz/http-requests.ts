import fc from 'fast-check';

export const TOKEN = 'the-token-of-the-fuzzing-0123456789';

/** Request as bytes, with its known properties. */
export interface Asked {
  readonly bytes: Buffer;
  /** `true` for valid HTTP, which gets a response on a connection that may stay open. */
  readonly regular: boolean;
  readonly head: boolean;
  /** `true` if it has the token in a valid header. */
  readonly showsToken: boolean;
}

/** Texts that become markup, a header, a line or a label if they are not escaped. */
const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  "javascript:alert('x')",
  '%0d%0aSet-Cookie: evil=1',
  '%0D%0A%0D%0A<script>',
  '\u0085Set-Cookie: evil=1',
  '%00',
  '%zz',
  '%e2%80%ae',
  '..%2f..%2fetc%2fpasswd',
  '../../../etc/passwd',
  '//evil.example',
  '\\\\evil.example\\',
  '__proto__',
  'constructor',
  '{{7*7}}',
  '${7*7}',
  "' or 1=1 --",
  'ü€😀',
  '\u202e',
  'A'.repeat(300),
];
const hostile = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
);

const WORDS = ['view', 'events', 'approve', 'reject', 'pause', 'resume', 'reset', 'status', 'explain'];
const word = fc.constantFrom(...WORDS);
const path = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.oneof(
      word.map((one) => `/api/${one}`),
      fc.constantFrom(
        '/',
        '/page.js',
        '/page.css',
        '/icon.svg',
        '/metrics',
        '/health',
        '/healing',
        '/healing/',
      ),
      word.map((one) => `/healing/api/${one}`),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('/', '/api/', '/healing', '/healing/', ''), hostile)
      .map((two) => two.join('')),
  },
);
const query = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('?', '?format=', '?token=', '#'), hostile).map((two) => two.join('')),
  },
);

type Header = readonly [name: string, value: string];
const header = (name: string, ...values: readonly string[]): fc.Arbitrary<Header> =>
  fc.oneof(fc.constantFrom(...values), hostile).map((value) => [name, value] as const);
const headers = fc.array(
  fc.oneof(
    header(
      'Origin',
      'http://127.0.0.1',
      'http://localhost',
      'null',
      'https://evil.example',
      'https://ops.example.org',
    ),
    header('Sec-Fetch-Site', 'same-origin', 'none', 'cross-site', 'same-site'),
    header('Authorization', `Bearer ${TOKEN}`, `bearer ${TOKEN}`, `Basic ${TOKEN}`, 'Bearer x', 'Basic eDp5'),
    header('X-Luminous-Token', TOKEN, `${TOKEN}x`, ''),
    header('X-Forwarded-For', '203.0.113.9', '1.2.3.4, 5.6.7.8', '::1'),
    header('X-Forwarded-Host', 'ops.example.org', 'evil.example'),
    header('Forwarded', 'for=203.0.113.9'),
    header('Accept', '*/*', 'application/openmetrics-text', 'text/html'),
    header('Content-Type', 'text/plain', 'application/json', 'application/x-www-form-urlencoded'),
    header('Cookie', `token=${TOKEN}`),
    header('If-None-Match', '*', '"x"'),
    header('Range', 'bytes=0-', 'bytes=5-1'),
    header('X-Http-Method-Override', 'POST', 'DELETE'),
    header('Accept-Encoding', 'gzip', 'br', 'identity;q=0'),
  ),
  { maxLength: 3 },
);

const host = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('127.0.0.1', 'localhost:8080', 'LOCALHOST', '[::1]:8080') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('ops.example.org', 'evil.example', '127.0.0.1.evil.example', '0', ''),
  },
  { weight: 1, arbitrary: hostile },
);

const text = fc.oneof(fc.constantFrom('backup', 'nginx', 'shop', 'cpu', '0badc0de'), hostile);
const json = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('id', 'reason', 'component'), text)
      .map(([key, value]) => JSON.stringify({ [key]: value })),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)) },
  {
    weight: 1,
    arbitrary: fc.oneof(
      hostile,
      fc.constantFrom('', '{', '[', '{"id":', '"x"', `{"reason":"${'x'.repeat(5_000)}"}`),
    ),
  },
);

const method = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('GET', 'HEAD') },
  { weight: 5, arbitrary: fc.constant('POST') },
  { weight: 1, arbitrary: fc.constantFrom('PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND') },
);

/** Removes characters that HTTP does not permit in a header; a character beyond Latin-1 is sent as one of its bytes. */
const isValue = (value: string): boolean =>
  /^[\t\x20-\x7e\x80-\xff]*$/.test(Buffer.from(value).toString('latin1'));
const isTarget = (target: string): boolean =>
  /^\/[\x21-\x7e\x80-\xff]*$/.test(Buffer.from(target).toString('latin1'));

const whole = fc
  .record({ method, path, query, host, headers, json, own: fc.boolean(), type: fc.boolean() })
  .map(({ method, path, query, host, headers, json, own, type }): Asked => {
    const target = path + query;
    const all: Header[] = [
      ['Host', host],
      ...headers,
      ...(own ? [['X-Luminous-Token', TOKEN] as const] : []),
      ...(type ? [['Content-Type', 'application/json'] as const] : []),
    ];
    const body = method === 'GET' || method === 'HEAD' ? '' : json;
    const lines = [
      `${method} ${target} HTTP/1.1`,
      ...all.map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    const shown = (name: string, value: string): boolean =>
      all.some((one) => one[0] === name && one[1].trim() === value);
    return {
      bytes: Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`),
      regular: isTarget(target) && all.every(([, value]) => isValue(value)),
      head: method === 'HEAD',
      showsToken:
        shown('X-Luminous-Token', TOKEN) ||
        /bearer/i.test(all.find(([name]) => name === 'Authorization')?.[1] ?? ''),
    };
  });

/** Requests that are truncated, duplicated, altered in one byte, or no HTTP at all. */
const broken = fc
  .oneof(
    fc.tuple(whole, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([asked, at, byte]) => {
      const bytes = Buffer.from(asked.bytes);
      bytes[at % bytes.length] = byte;
      return { ...asked, bytes };
    }),
    fc
      .tuple(whole, fc.nat())
      .map(([asked, at]) => ({ ...asked, bytes: asked.bytes.subarray(0, 1 + (at % asked.bytes.length)) })),
    fc
      .tuple(
        whole,
        fc.constantFrom(
          '\r\nTransfer-Encoding: chunked',
          '\r\nContent-Length: 3',
          '\nX: y',
          '\r\n X: folded',
          '\r\nHost: evil.example',
          '\r\nUpgrade: websocket\r\nConnection: Upgrade',
          '\r\nExpect: 100-continue',
          '\r\nConnection: close',
        ),
      )
      .map(([asked, line]) => ({
        ...asked,
        bytes: Buffer.from(
          asked.bytes.toString('latin1').replace('\r\nContent-Length', `${line}\r\nContent-Length`),
          'latin1',
        ),
      })),
    whole.map((asked) => ({
      ...asked,
      bytes: Buffer.from(asked.bytes.toString('latin1').replace('HTTP/1.1', 'HTTP/1.0'), 'latin1'),
    })),
    fc
      .uint8Array({ minLength: 1, maxLength: 60 })
      .map((bytes) => ({ bytes: Buffer.from(bytes), head: false, showsToken: false })),
  )
  .map((asked): Asked => ({
    ...asked,
    head: asked.bytes.subarray(0, 4).toString() === 'HEAD',
    showsToken: asked.showsToken,
    regular: false,
  }));

const KEYS = { approve: 'id', reject: 'id', pause: 'reason', resume: 'reason', reset: 'component' } as const;

/** Requests of the page and of a scraper; only the text typed by a user is hostile. */
const proper = fc.oneof(
  fc
    .record({
      prefix: fc.constantFrom('', '/healing'),
      path,
      method: fc.constantFrom('GET', 'HEAD'),
      own: fc.boolean(),
    })
    .map(({ prefix, path, method, own }) =>
      askedOf(method, `${prefix}${isTarget(path) ? path : '/'}`, own, ''),
    ),
  fc
    .record({
      prefix: fc.constantFrom('', '/healing'),
      word: fc.constantFrom(...(Object.keys(KEYS) as (keyof typeof KEYS)[])),
      text,
    })
    .map(({ prefix, word, text }) =>
      askedOf('POST', `${prefix}/api/${word}`, true, JSON.stringify({ [KEYS[word]]: text })),
    ),
);

function askedOf(method: string, target: string, own: boolean, body: string): Asked {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...(own ? [`X-Luminous-Token: ${TOKEN}`] : []),
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
  return { bytes, regular: true, head: method === 'HEAD', showsToken: own };
}

/** Any input of a client to a port. */
export const requests: fc.Arbitrary<Asked> = fc.oneof(
  { weight: 4, arbitrary: proper },
  { weight: 4, arbitrary: whole },
  { weight: 3, arbitrary: broken },
);
