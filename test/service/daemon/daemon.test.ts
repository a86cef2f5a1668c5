import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { realClock } from '../../../src/base/clock.js';
import { SimplifiedHealingEngine } from '../../../src/engine/engine.js';
import { ask } from '../../../src/service/control/client.js';
import { Daemon, EXIT } from '../../../src/service/daemon/daemon.js';
import { recordingLogger } from '../../../src/testing/index.js';

/** Reads this machine, and changes nothing. */
const HARMLESS = { dryRun: true, enabledChecks: ['load'], interval: 3_600, thresholds: { loadAverage: 1e9 } };

let folder: string;
let told: string[];
let stop: AbortController;
let logger: ReturnType<typeof recordingLogger>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daemon-'));
  told = [];
  stop = new AbortController();
  logger = recordingLogger();
});
afterEach(() => rmSync(folder, { recursive: true }));

const configure = (config: object | string): void =>
  writeFileSync(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));

const daemon = (): Daemon =>
  new Daemon({
    configPath: join(folder, 'config.json'),
    controlPath: join(folder, 'control.sock'),
    stateFolder: folder,
    logger,
    notify: async (...assignments) => void told.push(...assignments),
    watchdogMs: 60_000,
    clock: realClock,
  });
const said = (): string[] => logger.lines.map(({ message }) => message);

it('the daemon is ready after the first cycle, answers the control command, and stops on request', async () => {
  configure(HARMLESS);
  const running = daemon().run(stop.signal);
  await vi.waitFor(() => expect(told).toContain('READY=1'), 20_000);
  expect(told).toContain('WATCHDOG=1');
  expect(told).toContain('STATUS=All healthy: 1 component; dry run');
  const path = join(folder, 'control.sock');
  expect(await ask(path, { version: 1, command: 'status' })).toMatchObject({
    ok: true,
    data: { dryRun: true },
  });
  stop.abort();
  expect(await running).toBe(0);
  expect(told.filter((word) => !word.startsWith('WATCHDOG') && !word.startsWith('STATUS'))).toEqual([
    'READY=1',
    'STOPPING=1',
  ]);
  await expect(ask(path, { version: 1, command: 'status' })).rejects.toThrow(/not running/);
});

it('the daemon has no listener for cycles once it is ready, because it would cost more than the cycle', async () => {
  let listeners = 0;
  const { on } = SimplifiedHealingEngine.prototype;
  vi.spyOn(SimplifiedHealingEngine.prototype, 'on').mockImplementation(function (
    this: never,
    name,
    listener,
  ) {
    const end = on.call(this, name, listener as never);
    if (name !== 'cycle:done') return end;
    listeners += 1;
    return () => {
      listeners -= 1;
      end();
    };
  });
  configure({ ...HARMLESS, metrics: { port: 0 } });
  const running = daemon().run(stop.signal);
  await vi.waitFor(() => expect(told).toContain('READY=1'), 20_000);
  expect(listeners).toBe(0);
  stop.abort();
  expect(await running).toBe(0);
  vi.restoreAllMocks();
});

describe('the token of the dashboard', () => {
  const at = () => join(folder, 'control.sock');
  const link = async () => ask(at(), { version: 1, command: 'dashboard' });
  async function linkWith(dashboard: object | undefined) {
    configure({ ...HARMLESS, ...(dashboard ? { dashboard: { port: 0, ...dashboard } } : {}) });
    const running = daemon().run(stop.signal);
    await vi.waitFor(() => expect(told).toContain('READY=1'), 20_000);
    const answer = await link();
    stop.abort();
    expect(await running).toBe(0);
    stop = new AbortController();
    told = [];
    return answer.ok ? (answer.data as { link: string }).link : answer.error;
  }

  it('is created once in the state folder, for its group, and printed by the control command only', async () => {
    const tokenFile = join(folder, 'dashboard-token');
    const first = await linkWith({ tokenFile });
    const token = readFileSync(tokenFile, 'utf8').trim();
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(statSync(tokenFile).mode & 0o777).toBe(0o640);
    expect(first).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:\\d+/#token=${token}$`));
    const second = await linkWith({ tokenFile, publicUrl: 'https://ops.example.org/healing' });
    expect(second).toBe(`https://ops.example.org/healing/#token=${token}`);
    expect(said().filter((line) => line.includes(token))).toEqual([]);
    expect(said().join('\n')).toContain('`luminous-healing dashboard` prints its address with the token');
  });

  it('is not created elsewhere, and is a mistake if missing there', async () => {
    expect(await linkWith({ tokenFile: join(folder, 'keys', 'token') })).toMatch(
      /^The dashboard is not served: /,
    );
    expect(said().join('\n')).toMatch(/The dashboard cannot be served \(retried every cycle\): ENOENT/);
  });

  it('is omitted from the address of a dashboard without one', async () => {
    expect(await linkWith({})).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(await linkWith(undefined)).toBe(
      'The dashboard is not served: add `dashboard` to the configuration',
    );
  });
});

it('the daemon does not start with mistakes in its configuration, and reports all of them', async () => {
  configure('{ "interval": "often", "dryrun": true }');
  expect(await daemon().run(stop.signal)).toBe(EXIT.config);
  expect(said()).toEqual([
    expect.stringMatching(/config\.json:1:3: Expected `interval` to be/),
    expect.stringMatching(/config\.json:1:24: Unknown option `dryrun`/),
  ]);
  expect(told).toEqual([expect.stringMatching(/^STATUS=Configuration refused: .* \(and 1 more\)$/)]);
});

it('the daemon reloads its configuration, keeps the previous one if the new one has mistakes, and reports them until fixed', async () => {
  configure(HARMLESS);
  const one = daemon();
  const running = one.run(stop.signal);
  await vi.waitFor(() => expect(told).toContain('READY=1'), 20_000);

  configure('{ "interval": -1 }');
  await one.reload();
  expect(told.slice(-3)).toEqual([
    'RELOADING=1',
    'READY=1',
    expect.stringMatching(/^STATUS=All healthy: 1 component; dry run; Configuration refused: /),
  ]);

  configure({
    ...HARMLESS,
    enabledChecks: ['load', 'memory'],
    thresholds: { loadAverage: 1e9, memoryPercent: 100 },
  });
  await Promise.all([one.reload(), one.reload()]);
  await vi.waitFor(() => expect(told).toContain('STATUS=All healthy: 2 components; dry run'), 20_000);
  expect(said().at(-1)).toMatch(/is unchanged/);
  stop.abort();
  expect(await running).toBe(0);
});

it('the daemon fails if it cannot create its control socket', async () => {
  configure(HARMLESS);
  const first = daemon();
  const running = first.run(stop.signal);
  await vi.waitFor(() => expect(told).toContain('READY=1'), 20_000);
  expect(await daemon().run(stop.signal)).toBe(EXIT.failed);
  expect(said().at(-1)).toMatch(/^Another daemon answers at .*: there can be only one$/);
  stop.abort();
  expect(await running).toBe(0);
});
