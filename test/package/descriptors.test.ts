import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from './packed.js';

/** Runs each late load twice: with a few descriptors free, too few for any module, and with all of them. */
const PROGRAM = `
import { closeSync, openSync } from 'node:fs';
const { createSelfHealingEngine, MetricsServer, NixOSPermissionHandler, SimpleDashboard } = await import(process.argv[2]);

const engine = createSelfHealingEngine({ dryRun: true, services: ['nginx'], enabledChecks: ['memory'], state: process.argv[3] });
const bare = createSelfHealingEngine({ dryRun: true, enabledChecks: ['memory'] });
const dashboard = new SimpleDashboard(engine);
const metrics = new MetricsServer({ healingEngine: engine, port: 0 });
const { url } = await dashboard.start(0);
const memory = async () => (await bare.detector.inspect()).map(({ status, reason }) => status + ': ' + reason).join();
const tries = {
  look: async () => { const word = await memory(); if (word.startsWith('unknown')) throw new Error(word); },
  state: () => engine.detectAndHeal(),
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
await fetch('http://127.0.0.1:1').catch(() => undefined);
const held = [];
try { for (;;) held.push(openSync('/dev/null')); } catch {}
for (const descriptor of held.splice(-8)) closeSync(descriptor);
const without = await run();
for (const descriptor of held) closeSync(descriptor);
const withThem = await run();
console.log(JSON.stringify({ without, withThem }));
await Promise.all([engine.close(), bare.close(), dashboard.stop(), metrics.stop()]);
`;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'descriptors-'))));
afterAll(() => rmSync(folder, { recursive: true }));

it.skipIf(process.platform === 'win32').each(['index.js', 'index.cjs'])(
  'loads a module that failed once, when no file descriptor was free, from %s',
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
    const { without, withThem } = JSON.parse(stdout) as Record<string, Record<string, string>>;
    for (const name of ['look', 'plan', 'permissions', 'metrics'])
      expect(without?.[name]).toContain('A module was not loaded: only ');
    expect(without?.page).toBe('500');
    expect(new Set(Object.values(withThem ?? {}))).toEqual(new Set(['works']));
  },
);
