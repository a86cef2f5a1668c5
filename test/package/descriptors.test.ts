import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from './packed.js';

/** Runs each late import twice: with too few file descriptors for any module, and with all of them. */
const PROGRAM = `
import { closeSync, openSync, writeFileSync } from 'node:fs';
const { createSelfHealingEngine, fileStore, MetricsServer, NixOSPermissionHandler, SimpleDashboard } = await import(process.argv[2]);

const engine = createSelfHealingEngine({ dryRun: true, services: ['nginx'], enabledChecks: ['memory'], state: process.argv[3] });
const empty = { version: 2, savedAt: 0, cautious: false, components: {}, acts: [], storm: null, approvals: [], intents: [] };
const generations = { running: null, systems: {}, lastChange: null, repeat: null };
const kept = process.argv[3] + '.kept';
writeFileSync(kept, JSON.stringify({ ...empty, generations, pauses: { backup: 5 } }), { mode: 0o600 });
const holder = createSelfHealingEngine({ enabledChecks: ['memory'], state: kept });
const bare = createSelfHealingEngine({ dryRun: true, enabledChecks: ['memory'] });
const dashboard = new SimpleDashboard(engine);
const metrics = new MetricsServer({ healingEngine: engine, port: 0 });
const { url } = await dashboard.start(0);
const memory = async () => (await bare.detector.inspect()).map(({ status, reason }) => status + ': ' + reason).join();
const tries = {
  look: async () => { const word = await memory(); if (word.startsWith('unknown')) throw new Error(word); },
  state: () => engine.detectAndHeal(),
  kept: async () => {
    await holder.detectAndHeal();
    const { lockedBy, pauses } = holder.status();
    if (lockedBy !== undefined) throw new Error(lockedBy);
    if (pauses.map(({ reason }) => reason).join() !== 'backup') throw new Error('lost: ' + JSON.stringify(pauses));
  },
  plan: () => engine.executor.plan({ action: 'clear_system_cache', parameters: {} }),
  permissions: () => new NixOSPermissionHandler().getStatus(),
  page: async () => { const { status } = await fetch(url); if (status !== 200) throw new Error(String(status)); },
  metrics: () => metrics.start(),
};
const run = async () => {
  const said = {};
  for (const [name, go] of Object.entries(tries))
    said[name] = await go().then(() => 'works', ({ message }) => message);
  return said;
};
const direct = fileStore(process.argv[3] + '.direct');
await direct.load();
await direct.save({ ...empty, generations, pauses: { backup: 5 } });
await direct.close();
const loadDirect = (readOnly) => direct.load({ readOnly }).then(
  ({ pauses }) => JSON.stringify(pauses),
  ({ code, message }) => code + ': ' + message,
);
const full = [];
try { for (;;) full.push(openSync('/dev/null')); } catch {}
const short = [await loadDirect(false), await loadDirect(true)];
for (const descriptor of full) closeSync(descriptor);
short.push(await loadDirect(true), await loadDirect(false));
await direct.close();
await fetch('http://127.0.0.1:1').catch(() => undefined);
const held = [];
try { for (;;) held.push(openSync('/dev/null')); } catch {}
for (const descriptor of held.splice(-8)) closeSync(descriptor);
const without = await run();
for (const descriptor of held) closeSync(descriptor);
const withThem = await run();
console.log(JSON.stringify({ without, withThem, short }));
await Promise.all([engine.close(), holder.close(), bare.close(), dashboard.stop(), metrics.stop()]);
`;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'descriptors-'))));
afterAll(() => rmSync(folder, { recursive: true }));

it.skipIf(process.platform === 'win32').each(['index.js', 'index.cjs'])(
  'the package loads a module after an import without a free file descriptor failed, from %s',
  (door) => {
    const program = join(folder, `${door}.mjs`);
    writeFileSync(program, PROGRAM);
    const { stdout, stderr } = spawnSync(
      'sh',
      [
        '-c',
        'ulimit -n 160 && exec "$0" "$@"',
        ...[process.execPath, program, join(root, 'dist', door), join(folder, `${door}.state.json`)],
      ],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    const { short, ...runs } = JSON.parse(stdout) as Record<string, Record<string, string>>;
    const { without, withThem } = runs;
    const notNow = expect.stringMatching(
      /^locked: The state .*\.direct cannot be read now \(EMFILE.*\): this engine only observes until it can$/,
    ) as string;
    expect(short).toEqual([notNow, notNow, '{"backup":5}', '{"backup":5}']);
    expect(readdirSync(folder).filter((name) => /unreadable|lock/.test(name))).toEqual([]);
    for (const name of ['look', 'plan', 'permissions', 'metrics'])
      expect(without?.[name]).toContain('A module was not loaded: only ');
    // The failure is remembered: this engine observes until it can read the state.
    expect(without?.kept).toMatch(
      /^The state .*\.kept cannot be opened now \(A module was not loaded: only /,
    );
    expect(without?.page).toBe('500');
    expect(new Set(Object.values(withThem ?? {}))).toEqual(new Set(['works']));
  },
);
