import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { COMMANDS, rootSocketOf, type Answer } from '../../src/service/control/protocol.js';
import { ControlServer } from '../../src/service/control/server.js';
import { failedUnit, fakeExecutor, fakeHost } from '../../src/testing/index.js';
import { anyCharacter } from '../any-character.js';

/** Number of requests: a tenth of those to the root helper, so 100,000 by `npm run test:fuzz`. */
const RUNS = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 3_000) / 10);
const SEED = Number(process.env['FUZZ_SEED'] ?? (RUNS > 10_000 ? Date.now() % 2 ** 31 : 20_261_128));
/** Characters that must be escaped in the output: C0 but the newline at the end, DEL, C1, line separators and bidi controls. */
// eslint-disable-next-line no-control-regex -- The test searches for them.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

const text = fc.oneof(
  fc.string({ maxLength: 300, unit: anyCharacter }),
  fc.constantFrom(
    'nginx',
    'cpu',
    'lunch',
    'a\nfixed',
    '\u001b[2J',
    '\u202e',
    '__proto__',
    'constructor',
    ' ',
  ),
  fc.integer({ min: 190, max: 5_000 }).map((length) => 'x'.repeat(length)),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e308, [], {}),
);
const request = fc.record(
  {
    version: fc.oneof({ weight: 9, arbitrary: fc.constant<unknown>(1) }, { weight: 1, arbitrary: value }),
    command: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom<unknown>(...COMMANDS) },
      { weight: 1, arbitrary: value },
    ),
    argument: fc.oneof(
      { weight: 5, arbitrary: text.map((one): unknown => one) },
      { weight: 1, arbitrary: value },
    ),
    uid: fc.oneof(fc.constantFrom<unknown>(0, 1_000, 65_534), value),
  },
  { requiredKeys: ['version', 'command'] },
);
const line: fc.Arbitrary<Buffer> = fc
  .oneof(
    { weight: 6, arbitrary: request.map((given) => JSON.stringify(given)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(request, text, value)
        .map(([given, key, more]) => JSON.stringify({ ...given, [key]: more })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(request, fc.nat(60)).map(([given, end]) => JSON.stringify(given).slice(0, -end)),
    },
    { weight: 1, arbitrary: text },
  )
  .map((said) => Buffer.from(said))
  .chain((bytes) =>
    fc.oneof(
      { weight: 9, arbitrary: fc.constant(bytes) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((odd) => Buffer.concat([bytes, odd])) },
    ),
  );

const make = (dryRun: boolean) =>
  new SimplifiedHealingEngine({
    ...{ host: fakeHost({ units: [failedUnit({ name: 'nginx' })] }), executor: fakeExecutor(), dryRun },
    ...{ services: ['nginx'], enabledChecks: ['services'], guards: { settleMs: { service: 0 } } },
  });

const seen: Record<string, number> = {};
let folder: string;
let engine: SimplifiedHealingEngine;
let server: ControlServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'control-fuzz-'));
  engine = make(false);
  server = new ControlServer({ engine: () => engine, rehearsal: () => make(true) });
  await server.start(join(folder, 'control.sock'));
});
afterAll(async () => {
  await server.stop();
  await engine.close();
  rmSync(folder, { recursive: true });
  console.log(`${RUNS} control requests, seed ${SEED}: ${JSON.stringify(seen)}`);
});

/** Sends one line, and returns the whole answer. */
const say = (path: string, bytes: Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    let heard = '';
    const socket = createConnection(path, () => socket.write(Buffer.concat([bytes, Buffer.from('\n')])));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (heard += chunk));
    socket.on('error', reject).on('close', () => resolve(heard));
  });

function judge(heard: string): void {
  expect(heard.indexOf('\n')).toBe(heard.length - 1);
  expect(heard.slice(0, -1)).not.toMatch(UNSAFE);
  const answer = JSON.parse(heard) as Answer;
  expect(answer.version).toBe(1);
  seen[answer.ok ? 'done' : 'refused'] = (seen[answer.ok ? 'done' : 'refused'] ?? 0) + 1;
  if (!answer.ok) expect(answer.error).not.toBe('');
  const { pauses, commands, acts } = engine.status();
  expect(pauses.length).toBeLessThanOrEqual(16);
  expect(commands.length).toBeLessThanOrEqual(50);
  expect(acts).toEqual([]);
  for (const { reason } of pauses) expect(reason.length).toBeLessThanOrEqual(200);
}

it(
  'the control socket answers any input in one safe line, and keeps the state bounded',
  async () => {
    const group = join(folder, 'control.sock');
    const paths = [group, rootSocketOf(group)];
    const lines = fc.sample(line, { numRuns: RUNS, seed: SEED });
    for (const [index, bytes] of lines.entries()) {
      const first = bytes.includes(0x0a) ? bytes.subarray(0, bytes.indexOf(0x0a)) : bytes;
      judge(await say(paths[index % 2]!, first));
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    for (const kind of ['done', 'refused']) expect(seen[kind]).toBeGreaterThan(RUNS / 20);
    const { data } = JSON.parse(await say(group, Buffer.from('{"version":1,"command":"status"}'))) as {
      data: { pauses: unknown[] };
    };
    expect(data.pauses.length).toBeLessThanOrEqual(16);
  },
  24 * 60 * 60_000,
);
