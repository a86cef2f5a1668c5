import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createSelfHealingEngine, type HealingResult } from '@luminous-nix/self-healing';
import {
  clock,
  command,
  directory,
  eventLoop,
  file,
  heap,
  http,
  part,
  pressure,
  process as processes,
  tcp,
  timer,
  tls,
  unixSocket,
  worker,
} from '@luminous-nix/self-healing/checks';

/** A shop with one check of each family. Its web server "breaks", and a function of this program repairs it. */
export async function main(): Promise<{
  statuses: Record<string, string>;
  result: HealingResult | undefined;
}> {
  let broken = true;
  const server = createServer((_request, response) => {
    response.statusCode = broken ? 502 : 200;
    response.end(JSON.stringify({ status: broken ? 'down' : 'up' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const folder = await mkdtemp(join(tmpdir(), 'shop-'));
  const log = join(folder, 'shop.log');
  writeFileSync(log, 'started\n');
  const pidFile = join(folder, 'shop.pid');
  writeFileSync(pidFile, String(process.pid));

  const socket = createServer();
  const socketPath = join(folder, 'shop.sock');
  await new Promise<void>((resolve) => socket.listen(socketPath, resolve));
  const echo = `const { parentPort } = require('node:worker_threads'); parentPort.on('message', (m) => parentPort.postMessage(m));`;
  const queue = new Worker(echo, { eval: true });

  const checks = [
    // Over the network.
    http({
      name: 'web',
      url: `http://127.0.0.1:${port}/health`,
      json: { status: 'up' },
      heals: function restartShop() {
        broken = false;
      },
      settleMs: 5_000,
    }),
    tcp({ name: 'port', port, maxMs: 1_000 }),
    unixSocket({ name: 'socket', path: socketPath }),
    // Another server, so this depends on the network: without one it is unknown.
    tls({ name: 'certificate', host: 'example.org', minDays: 21, timeoutMs: 1_000, every: 86_400 }),
    // Processes, files and programs.
    processes({ name: 'shop', pidFile, maxMemoryBytes: 4e9, maxZombies: 10 }),
    file({ name: 'log', path: log, maxBytes: 1e9, lacks: 'panic' }),
    directory({ name: 'data', path: folder, minFiles: 1, newestMaxAgeSeconds: 3_600 }),
    command({ name: 'node', argv: [process.execPath, '--version'], matches: '^v\\d+', every: 3_600 }),
    // The host and this program itself. Without systemd the first two are unknown.
    timer({ name: 'backup', timer: 'backup', maxAgeSeconds: 90_000 }),
    clock({ every: 600 }),
    pressure({ name: 'stalls', resource: 'memory', of: 'full', maxPercent: 90 }),
    heap({ maxPercent: 95 }),
    eventLoop({ maxDelayMs: 2_000 }),
    worker({ name: 'queue', worker: () => queue, ping: 'ping' }),
    part({ name: 'orders', check: () => server.listening }),
  ];
  const engine = createSelfHealingEngine({ checks, enabledChecks: checks.map(({ name }) => name) });
  try {
    const results = await engine.detectAndHeal();
    const result = results.find(({ issue }) => issue.component === 'web');
    const verdicts = (await engine.detector.inspect?.()) ?? [];
    for (const { check, status, reason } of verdicts) console.log(`${check}: ${status}: ${reason}`);
    console.log(`web was ${result?.outcome}: ${result?.outcome === 'fixed' ? result.proof : result?.error}`);
    return { statuses: Object.fromEntries(verdicts.map(({ check, status }) => [check, status])), result };
  } finally {
    await engine.close();
    server.close();
    socket.close();
    await queue.terminate();
    await rm(folder, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) await main();
