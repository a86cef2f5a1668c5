import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MetricsServer } from '../../src/observe/metrics-server.js';
import { SimpleDashboard } from '../../src/observe/dashboard/index.js';
import { failedUnit } from '../../src/testing/index.js';
import { mountReading } from '../../src/testing/snapshot.js';
import { benchOf } from '../make-engine.js';
import { requests, TOKEN, type Asked } from './http-requests.js';
import { Wire, type Reply } from './wire.js';

/** Number of requests: CI makes 100,000, `npm run test:fuzz` 1,000,000 others. To repeat a run: `FUZZ_SEED=…`. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 2_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? (RUNS > 100_000 ? Date.now() % 2 ** 31 : 20_261_128));
const SECRET = 'DB_PASSWORD=hunter2';
/** Marker in every text that the engine has read. */
const MARKUP = '<img src=x onerror=alert(1)>\r\nSet-Cookie: evil=1\u001b[2J\u202e';

interface Target {
  readonly name: 'open' | 'guarded' | 'mounted' | 'metrics';
  readonly port: number;
  /** Commands that reached the engine. */
  readonly commands: () => number;
  readonly shows: () => string;
}

const targets: Target[] = [];
const ends: (() => Promise<unknown>)[] = [];
const seen = new Map<string, number>();
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);

async function engineAmongHostileTexts() {
  const { engine, done } = benchOf(
    {
      units: [failedUnit({ name: 'nginx', description: MARKUP } as never)],
      mounts: [mountReading({ mountPoint: `/mnt/${MARKUP}`, percent: 99 })],
      logs: { 'nginx.service': [SECRET] },
    },
    {
      fake: { plan: () => ({ approval: `Why: ${MARKUP}` }) },
      checks: [
        {
          name: 'shop',
          component: `shop ${MARKUP}`,
          type: 'service',
          run: () => ({ status: 'bad', reason: MARKUP, evidence: [MARKUP] }),
        },
      ],
    },
  );
  await done(engine.detectAndHeal());
  let commands = 0;
  for (const name of ['approve', 'reject', 'pause', 'resume', 'reset'] as const) {
    const real = engine[name].bind(engine) as (...all: unknown[]) => Promise<never>;
    Object.assign(engine, {
      [name]: (...all: unknown[]) => {
        commands += 1;
        return real(...all);
      },
    });
  }
  ends.push(() => engine.close());
  return { engine, commands: () => commands, shows: () => JSON.stringify(engine.explain()) };
}

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  const guarded = { token: TOKEN, controls: true, publicUrl: 'https://ops.example.org/healing/' };
  for (const name of ['open', 'guarded', 'mounted', 'metrics'] as const) {
    const { engine, ...rest } = await engineAmongHostileTexts();
    const server =
      name === 'metrics'
        ? new MetricsServer({ healingEngine: engine, port: 0 })
        : new SimpleDashboard(engine, name === 'open' ? {} : guarded);
    ends.push(() => server.stop());
    if (name !== 'mounted') {
      const { port } = server instanceof MetricsServer ? await server.start() : await server.start(0);
      targets.push({ name, port, ...rest });
      continue;
    }
    const host = createServer(server.handler('/healing'));
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    ends.push(async () => {
      host.closeAllConnections();
      await new Promise((resolve) => host.close(resolve));
    });
    targets.push({ name, port: (host.address() as AddressInfo).port, ...rest });
  }
});
afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  process.off('unhandledRejection', onUnhandled);
  console.log(
    `${RUNS} HTTP requests, seed ${SEED}: ${[...seen]
      .sort()
      .map((one) => one.join(' '))
      .join(', ')}`,
  );
});

const HEADERS = new Set([
  ...[
    'cache-control',
    'x-content-type-options',
    'x-frame-options',
    'referrer-policy',
    'content-security-policy',
  ],
  ...[
    'cross-origin-resource-policy',
    'content-type',
    'content-length',
    'content-encoding',
    'vary',
    'allow',
    'location',
  ],
  ...[
    'retry-after',
    'www-authenticate',
    'x-accel-buffering',
    'date',
    'connection',
    'keep-alive',
    'transfer-encoding',
  ],
]);
const OURS = [200, 202, 308, 400, 401, 403, 404, 405, 409, 415];
/** Responses of Node itself to invalid HTTP, without a body. */
const NODES = [400, 408, 413, 417, 431, 505];
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** Returns the error of a response, without knowledge of the implementation. */
function wrongs(target: Target, asked: Asked, reply: Reply): string[] {
  const { status, lines, header, body, extra } = reply;
  const isNodes = NODES.includes(status) && body === '' && header('content-type') === undefined;
  const names = lines.map((line) => /^([A-Za-z-]+): [\t\x20-\x7e]*$/.exec(line)?.[1]?.toLowerCase() ?? line);
  const type = header('content-type') ?? '';
  // The page and its script are our own; all other responses contain foreign texts.
  const isFile = header('cache-control')?.includes('immutable') ?? false;
  const isBusy = status === 503 && /^(\{"error":"Too many open pages|\{"status":"failing")/.test(body);
  return [
    ...(OURS.includes(status) || isNodes || isBusy ? [] : [`it has the status ${status}: ${body}`]),
    ...names.filter((name) => !HEADERS.has(name)).map((name) => `a header of nobody: ${name}`),
    ...(new Set(names).size === names.length ? [] : ['a header came twice']),
    ...(isNodes || header('x-content-type-options') === 'nosniff' ? [] : ['its type may be guessed']),
    ...(isNodes ||
    /^(text\/(plain|html|css|javascript|event-stream)|application\/(json|openmetrics-text)|image\/svg\+xml)/.test(
      type,
    )
      ? []
      : [`it is of the type ${type}`]),
    ...(header('location')?.match(/^\.\/[^/]*\/$/) === null ? [`it leads to ${header('location')}`] : []),
    ...(asked.regular && extra ? ['more came than one answer'] : []),
    ...(!isFile && UNSAFE.test(body) ? ['a character of it is not printable'] : []),
    ...(type.includes('html') && /<img|<script>|onerror/i.test(body) ? ['it holds markup of others'] : []),
    ...(body.includes('hunter2') && !(asked.showsToken && ['guarded', 'mounted'].includes(target.name))
      ? ['it tells a line of a log']
      : []),
    ...(type.includes('json') && body !== '' && !isJson(body) ? ['it is no JSON'] : []),
  ];
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

async function fuzz(target: Target, runs: number, seed: number): Promise<void> {
  const wire = new Wire(target.port);
  await fc.assert(
    fc.asyncProperty(requests, async (asked) => {
      const before = target.commands();
      const reply = await wire.send(asked.bytes, { last: !asked.regular, head: asked.head });
      const kind = reply === undefined ? 'closed' : String(reply.status);
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      const wrong = [
        ...(reply === undefined ? (asked.regular ? ['it got no answer'] : []) : wrongs(target, asked, reply)),
        ...(target.commands() > before && !asked.showsToken
          ? ['the engine did it, and no token was shown']
          : []),
      ];
      if (wrong.length > 0)
        throw new Error(`${target.name}: ${wrong.join('; ')}\n${asked.bytes.toString('latin1')}`);
    }),
    { numRuns: runs, seed, endOnFailure: true },
  );
  wire.close();
}

it(
  'an HTTP server answers any input as documented or not at all, and executes nothing without the token',
  async () => {
    for (const { shows } of targets) expect(shows()).toContain(SECRET);
    const runs = Math.ceil(RUNS / targets.length);
    await Promise.all(targets.map((target, index) => fuzz(target, runs, SEED + index)));
    expect(unhandled).toEqual([]);
    expect(targets.map(({ name, commands }) => [name, commands() > 0])).toEqual([
      ['open', false],
      ['guarded', true],
      ['mounted', true],
      ['metrics', false],
    ]);
    for (const { port } of targets) {
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      expect([200, 404]).toContain(answer.status);
    }
  },
  24 * 60 * 60_000,
);

it('the generated HTTP requests cover every kind of answer', () => {
  for (const kind of ['200', '308', '400', '401', '403', '404', '405', '415'])
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(RUNS / 1_000);
});
