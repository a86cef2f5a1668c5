import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BUILT_IN_NAMES } from '../../../src/actions/registry.js';
import { SimplifiedHealingEngine } from '../../../src/engine/engine.js';
import { uncoloured } from '../../../src/service/text/paint.js';
import { ask, EXIT } from '../../../src/service/control/client.js';
import {
  COMMANDS,
  MAX_REQUEST,
  parseRequest,
  rootSocketOf,
  type Command,
} from '../../../src/service/control/protocol.js';
import { render, wentWell } from '../../../src/service/control/render.js';
import { ControlServer } from '../../../src/service/control/server.js';
import type { Capability } from '../../../src/execute/executor.js';
import { failedUnit, fakeExecutor, fakeHost } from '../../../src/testing/index.js';

describe('the control socket', () => {
  let folder: string;
  let path: string;
  let engine: SimplifiedHealingEngine;
  let server: ControlServer;
  const make = (dryRun = false) =>
    new SimplifiedHealingEngine({
      host: fakeHost({ units: [failedUnit({ name: 'nginx' })] }),
      executor: fakeExecutor(),
      services: ['nginx'],
      enabledChecks: ['services'],
      guards: { settleMs: { service: 0 } },
      dryRun,
    });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'control-'));
    path = join(folder, 'control.sock');
    engine = make();
    server = new ControlServer({ engine: () => engine, rehearsal: () => make(true) });
    await server.start(path);
  });
  afterEach(async () => {
    await server.stop();
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  const asked = (command: Command, argument?: string) =>
    ask(path, { version: 1, command, ...(argument === undefined ? {} : { argument }) }, false);

  /** Sends a text unchanged, and returns the answer. */
  const say = (bytes: string | Buffer): Promise<string> =>
    new Promise((resolve, reject) => {
      let heard = '';
      const socket = createConnection(path, () => socket.write(bytes));
      socket.on('data', (chunk) => (heard += chunk.toString()));
      socket.on('error', reject).on('close', () => resolve(heard));
    });

  it('is accessible to its owner and its group only', () => {
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(statSync(rootSocketOf(path)).mode & 0o777).toBe(0o600);
  });

  describe('with many clients', () => {
    const held: Socket[] = [];
    afterEach(() => {
      for (const socket of held.splice(0)) socket.destroy();
    });
    const hold = async (at: string, count: number, bytes = ''): Promise<void> => {
      for (let n = 0; n < count; n += 1) {
        const socket = createConnection(at);
        socket.on('error', () => undefined);
        held.push(socket);
        await once(socket, 'connect');
        if (bytes !== '') socket.write(bytes);
      }
    };
    const status = (isRoot: boolean) => ask(path, { version: 1, command: 'status' }, isRoot);

    it.each([
      ['16 idle ones', 16, ''],
      ['100 idle ones', 100, ''],
      ['100 that send half a line', 100, '{"version":1,'],
      ['100 that were answered and stay connected', 100, '{"version":1,"command":"status"}\n'],
    ])('answers root and the group: %s', async (_, count, bytes) => {
      await hold(path, count, bytes);
      expect(await status(true)).toMatchObject({ ok: true });
      expect(await status(false)).toMatchObject({ ok: true });
      await hold(rootSocketOf(path), count, bytes);
      expect(await status(true)).toMatchObject({ ok: true });
    });

    it('answers root while 16 commands of the group are in progress, and refuses the 17th at once', async () => {
      let begun = 0;
      const hanging = { explain: () => new Promise(() => (begun += 1)), status: () => engine.status() };
      const busy = new ControlServer({ engine: () => hanging as never, rehearsal: () => make(true) });
      const at = join(folder, 'busy.sock');
      await busy.start(at);
      await hold(at, 16, '{"version":1,"command":"explain"}\n');
      while (begun < 16) await new Promise((resolve) => setImmediate(resolve));
      await expect(ask(at, { version: 1, command: 'status' }, false)).rejects.toThrow(/The daemon/);
      expect(await ask(at, { version: 1, command: 'status' }, true)).toMatchObject({ ok: true });
      await busy.stop();
    });
  });

  it('answers with data that renders as text', async () => {
    await engine.detectAndHeal();
    const status = await asked('status');
    expect(status).toMatchObject({ ok: true, data: { issues: [{ component: 'nginx' }] } });
    if (!status.ok) throw new Error(status.error);
    const text = render('status', status.data as never, '', uncoloured);
    expect(text).toMatch(/^Issues with nginx/);
    expect(text).toContain('✗ nginx: nginx.service has failed (exit-code) (HIGH)');
    expect(text).toMatch(/\n {2} {4}next: \S/);
    expect(text).toMatch(/\n {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC nginx restart_service: /);
    expect(text).toContain('repairs in the last hour: 1 of 20');
    const explained = await asked('explain', 'nginx');
    expect(explained.ok && render('explain', explained.data as never, 'nginx', uncoloured)).toMatch(
      /^nginx: nginx\.service has failed/,
    );
  });

  it('lists the executable actions, one line each', async () => {
    const answer = await asked('capabilities');
    if (!answer.ok) throw new Error(answer.error);
    const told: Capability[] = [
      { action: 'set_cpu_governor', status: 'unavailable', reason: 'This machine has no cpufreq to govern' },
      { action: 'restart_service', status: 'available', reason: 'It would be carried out without root' },
      { action: 'rebuild_system', status: 'unknown', reason: 'ENOENT: no such file' },
    ];
    expect(render('capabilities', told, '', uncoloured)).toBe(
      [
        '✗ set_cpu_governor  cannot be carried out here: this machine has no cpufreq to govern',
        '✓ restart_service   It would be carried out without root',
        '? rebuild_system    not known: ENOENT: no such file',
      ].join('\n'),
    );
    expect(answer.data).toHaveLength(BUILT_IN_NAMES.length);
  });

  it('pauses and resumes; the only reason need not be repeated', async () => {
    expect(await asked('resume')).toEqual({
      version: 1,
      ok: false,
      error: 'Nothing was resumed: nothing is paused',
    });
    const paused = await asked('pause', 'one');
    expect(paused).toMatchObject({ ok: true, data: { pauses: [{ reason: 'one' }] } });
    await asked('pause', 'two');
    expect(await asked('resume')).toMatchObject({
      error: 'Nothing was resumed: name one of the reasons: one; two',
    });
    expect(await asked('resume', 'two')).toMatchObject({ data: { pauses: [{ reason: 'one' }] } });
    expect(await asked('resume')).toMatchObject({ data: { pauses: [] } });
    await ask(path, { version: 1, command: 'pause', argument: 'three', uid: 1000 }, false);
    await ask(path, { version: 1, command: 'pause', argument: 'four', uid: 1000 }, true);
    expect(engine.status().commands.map(({ command, of, by }) => `${command} ${of}: ${by}`)).toEqual([
      'pause one: the control command',
      'pause two: the control command',
      'resume two: the control command',
      'resume one: the control command',
      'pause three: uid 1000',
      'pause four: uid 0',
    ]);
  });

  it('runs a dry run in a separate engine, which changes nothing', async () => {
    const answer = await asked('heal');
    expect(answer).toMatchObject({ ok: true, data: { results: [{ outcome: 'planned' }] } });
    if (!answer.ok) throw new Error(answer.error);
    expect(render('heal', answer.data as never, '', uncoloured)).toContain('Nothing is changed.');
    expect(engine.getMetrics().lastCheck).toBeUndefined();
  });

  it.each(['approve', 'reject', 'pause', 'reset'] as const)(
    'refuses `%s` without its argument',
    async (command) => {
      expect(await asked(command)).toMatchObject({
        ok: false,
        error: expect.stringMatching(/needs /) as string,
      });
    },
  );

  it.each([
    ['invalid JSON', 'hello\n', /Expected one line of JSON/],
    ['JSON that is not an object', '[]\n', /Expected `request` to be an object/],
    ['another version', '{"version":2,"command":"status"}\n', /Expected `version` to be 1/],
    ['an unknown command', '{"version":1,"command":"stats"}\n', /did you mean `status`/],
    ['an unknown key', '{"version":1,"command":"status","x":1}\n', /Unknown option `x`/],
    [
      'an argument that is not a text',
      '{"version":1,"command":"explain","argument":1}\n',
      /`argument` to be/,
    ],
    ['a request above the size limit', `${'x'.repeat(MAX_REQUEST + 1)}`, /The request is too long/],
    ['invalid UTF-8', Buffer.from([0xff, 0xfe, 0x0a]), /Expected one line of JSON/],
  ])('refuses %s in one sentence', async (_, bytes, sentence) => {
    expect(JSON.parse(await say(bytes))).toEqual({
      version: 1,
      ok: false,
      error: expect.stringMatching(sentence) as string,
    });
  });

  it('replaces the socket of a killed daemon, and never that of a running one', async () => {
    const other = new ControlServer({ engine: () => engine, rehearsal: make });
    await expect(other.start(path)).rejects.toThrow(/Another daemon answers at/);
    const stale = join(folder, 'stale.sock');
    writeFileSync(stale, '');
    await other.start(stale);
    await other.stop();
    expect(existsSync(stale)).toBe(false);
  });

  it('has the reason if there is no daemon, and if the answer is invalid', async () => {
    const none = join(folder, 'none.sock');
    await expect(ask(none, { version: 1, command: 'status' })).rejects.toMatchObject({
      exit: EXIT.absent,
      message: `The daemon is not running (no answer at ${none}): start it with \`systemctl start luminous-healing\`, or run \`luminous-healing look\`, which needs no daemon`,
    });
    const odd = createServer((socket) => socket.resume().end('what?\n'));
    await new Promise<void>((resolve) => odd.listen(join(folder, 'odd.sock'), resolve));
    await expect(ask(join(folder, 'odd.sock'), { version: 1, command: 'status' })).rejects.toMatchObject({
      exit: EXIT.broken,
    });
    await new Promise((resolve) => odd.close(resolve));
  });

  it('never sends a control character to the terminal', async () => {
    expect(
      await say('{"version":1,"command":"reset","argument":"red \\u001b[31m\\u009b\\u202e"}\n'),
    ).toContain('`red \\u001b[31m\\u009b\\u202e`');
    const status = { ...engine.status(), pauses: [{ reason: 'red \u001b[31m', forMs: 1 }] };
    const shown = render('status', status, '', uncoloured);
    expect(shown).toContain('paused: red \\u001b[31m');
  });

  it('returns an error status for an approved action that failed', () => {
    expect(wentWell('approve', {})).toBe(true);
    expect(wentWell('approve', { result: { success: true } })).toBe(true);
    expect(wentWell('approve', { result: { success: false } })).toBe(false);
    expect(wentWell('status', {})).toBe(true);
  });
});

describe('a request to the control socket', () => {
  it('of any text is parsed, or refused in one sentence', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          expect(COMMANDS).toContain(parseRequest(text).command);
        } catch (error) {
          expect((error as Error).name).toBe('SelfHealingError');
        }
      }),
      { seed: 6, numRuns: 2_000 },
    );
  });
});
