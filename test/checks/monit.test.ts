import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import * as ours from '../../src/checks/index.js';
import type { Check } from '../../src/checks/index.js';
import { verdictOfFailure } from '../../src/checks/failure.js';
import { expectWritable } from '../../src/checks/file-facts.js';
import { timerWith } from '../../src/checks/timer.js';
import { SimpleDetector } from '../../src/detect/detector.js';
import { fakeHost, healthySnapshot, memoryReading, mountReading } from '../../src/testing/index.js';
import { rowsOf } from '../docs/table.js';
import { certificateFor } from './certificate.js';
import { certain, closedPort, folder, secureWeb, server, verdictOf, web } from './house.js';

const page = readFileSync(join(import.meta.dirname, '../../docs/checks.md'), 'utf8');
const path = join(folder(), 'a.conf');
writeFileSync(path, 'debug = on\n');
utimesSync(path, new Date(), new Date(Date.now() - 7_200_000));
const pidFile = join(folder(), 'pid');
writeFileSync(pidFile, String(process.pid));
const site = await web((_request, response) => void response.writeHead(502).end('Bad Gateway'));
const silent = await server(() => undefined);
const refused = await closedPort();
const expired = await secureWeb(certificateFor('localhost', 3), (_request, response) => response.end());
const valid = await secureWeb(certificateFor('localhost', 90), (_request, response) => response.end());
const shell = spawn('/bin/sh', ['-c', 'sleep 1 & echo 1; exec sleep 60'], {
  stdio: ['ignore', 'pipe', 'ignore'],
});
await once(shell.stdout, 'data');
afterAll(() => shell.kill('SIGKILL'));
const shellFile = join(folder(), 'pid');
writeFileSync(shellFile, String(shell.pid));
const builtIn = async (parts: Parameters<typeof fakeHost>[0], check: string): Promise<string> => {
  const detector = new SimpleDetector({ host: fakeHost(parts), enabledChecks: [check] });
  const verdicts = await detector.inspect();
  return verdicts.find(({ status }) => status === 'bad')?.status ?? 'ok';
};
const judged = async (check: Check) => (await certain(check)).status;
/** Creates a kernel counter that reaches this value within a moment. */
const growing = async (to: string): Promise<string> => {
  const counter = join(folder(), 'rx_bytes');
  writeFileSync(counter, '0\n');
  const check = ours.file({ path: counter, perSecond: { max: 1 } });
  expect(await verdictOf(check)).toMatchObject({ status: 'unknown' });
  writeFileSync(counter, `${to}\n`);
  return judged(check);
};
const full = { used: 99, available: 1, percent: 99 };

/** Each kind of test in Monit, with the verdict of our check on a fault that it detects. */
const KINDS: Readonly<Record<string, () => Promise<string>>> = {
  'process exists': () => judged(ours.process({ match: 'no-such-program-anywhere' })),
  'file exists': () => judged(ours.file({ path: '/nowhere/a' })),
  'file must not exist': () => judged(ours.file({ path, exists: false })),
  'directory exists': () => judged(ours.directory({ path: '/nowhere' })),
  'process must not run': () => judged(ours.process({ match: '.', minCount: 0, maxCount: 0 })),
  'file system mounted': () => judged(ours.file({ path: '/proc/self/mountinfo', contains: ' /no/such ' })),
  'FIFO exists': () => judged(ours.command({ argv: ['test', '-p', path] })),
  'process memory': () => judged(ours.process({ pidFile, maxMemoryBytes: 1_000 })),
  'process CPU': async () => {
    const check = ours.process({ pidFile, maxCpuPercent: 0 });
    await verdictOf(check);
    const until = performance.now() + 60;
    while (performance.now() < until);
    return (await verdictOf(check)).status;
  },
  'process threads': () => judged(ours.process({ pidFile, maxThreads: 1 })),
  'process descriptors': () => judged(ours.process({ pidFile, maxDescriptors: 1 })),
  'process children': () => judged(ours.process({ match: '.', maxCount: 1 })),
  'process zombies': async () => {
    const check = ours.process({ pidFile: shellFile, maxZombies: 0 });
    await expect.poll(async () => (await verdictOf(check)).status, { timeout: 30_000 }).toBe('bad');
    return 'bad';
  },
  'process uptime': () => judged(ours.process({ pidFile, maxAgeSeconds: 0 })),
  'process number changed': () => judged(ours.process({ pidFile, minAgeSeconds: 1e9 })),
  'system uptime': () => judged(ours.command({ argv: ['cat', '/proc/uptime'], number: { min: 1e12 } })),
  'system descriptors': () =>
    judged(ours.command({ argv: ['cat', '/proc/sys/fs/file-nr'], number: { max: 0 } })),
  'load average': () => builtIn({ load: { one: 99, five: 99, fifteen: 99, cpus: 4 } }, 'load'),
  'system CPU': () => builtIn({ cpu: { percent: 99, cpus: 4 } }, 'cpu'),
  'system memory': () => builtIn({ memory: memoryReading(99) }, 'memory'),
  swap: () => judged(ours.command({ argv: ['echo', '35.5'], number: { max: 20 } })),
  'file system space': () => builtIn({ mounts: [mountReading({ space: full })] }, 'disk'),
  'file system inodes': () => builtIn({ mounts: [mountReading({ inodes: full })] }, 'disk'),
  'file system flags': async () => {
    const mountinfo = join(folder(), 'mountinfo');
    writeFileSync(mountinfo, '1 1 8:1 / / rw - ext4 /dev/sda1 ro,data=ordered\n');
    const failure = await expectWritable(path, mountinfo).catch((error: unknown) => error);
    return verdictOfFailure('directory:/srv/data', failure).status;
  },
  'disk service time': async () => {
    const pressure = { cpu: { some: 0 }, memory: { some: 0, full: 0 }, io: { some: 90, full: 80 } };
    return (await verdictOf(ours.pressure({ resource: 'io', maxPercent: 50 }), healthySnapshot({ pressure })))
      .status;
  },
  'disk operations a second': () => growing('  500 12 7'),
  checksum: () => judged(ours.file({ path, sha256: '0'.repeat(64) })),
  'checksum changed': async () => {
    const changing = join(folder(), 'a');
    writeFileSync(changing, 'a');
    const check = ours.file({ path: changing, unchanged: true });
    await verdictOf(check);
    writeFileSync(changing, 'b');
    return (await verdictOf(check)).status;
  },
  timestamp: () => judged(ours.file({ path, maxAgeSeconds: 3_600 })),
  'timestamp changed': () => judged(ours.directory({ path: folder(), minAgeSeconds: 120 })),
  'file size': () => judged(ours.file({ path, minBytes: 100 })),
  'file content': () => judged(ours.file({ path, lacks: 'debug = on' })),
  permission: () => judged(ours.file({ path, mode: '0600' })),
  'user and group': () => judged(ours.file({ path, uid: 4_000_000, gid: 4_000_000 })),
  'program status': () => judged(ours.command({ argv: ['false'] })),
  'program output': () => judged(ours.command({ argv: ['echo', 'degraded'], lacks: 'degraded' })),
  'TCP connection': () => judged(ours.tcp({ port: refused })),
  'port must be closed': () => judged(ours.tcp({ port: silent, listening: false })),
  'send and expect': () => judged(ours.tcp({ port: silent, send: 'PING\n', expect: 'PONG', timeoutMs: 100 })),
  'protocol of a server': () => judged(ours.tcp({ port: silent, ready: 'redis', timeoutMs: 100 })),
  'TLS of a server': () => judged(ours.tcp({ port: valid, tls: { serverName: 'localhost' } })),
  'Unix socket': () => judged(ours.unixSocket({ path: join(folder(), 'a.sock') })),
  'HTTP status': () => judged(ours.http({ url: site })),
  'HTTP content': () => judged(ours.http({ url: site, status: 502, contains: 'Welcome' })),
  'HTTP headers': () => judged(ours.http({ url: site, status: 502, responseHeaders: { 'x-shop': '.' } })),
  'HTTP checksum': () => judged(ours.http({ url: site, status: 502, sha256: '0'.repeat(64) })),
  'Apache status': async () => {
    const busy = await web((_request, response) => response.end('BusyWorkers: 150\nIdleWorkers: 0\n'));
    return judged(ours.http({ url: busy, matches: 'BusyWorkers: [0-9]{1,2}\n' }));
  },
  WebSocket: () => judged(ours.http({ url: site, headers: { upgrade: 'websocket' }, status: 101 })),
  'response time': async () => {
    const slow = await web((_request, response) => void setTimeout(() => response.end(), 40));
    return judged(ours.http({ url: slow, maxMs: 10 }));
  },
  'certificate days': () => judged(ours.tls({ host: 'localhost', port: expired, insecure: true })),
  'certificate checksum': () => {
    const other = join(folder(), 'server.pem');
    writeFileSync(other, certificateFor('localhost', 90).cert);
    return judged(ours.tls({ host: 'localhost', port: valid, caFile: other }));
  },
  'network link': () => judged(ours.file({ path: '/sys/class/net/lo/address', matches: '^up$' })),
  'link capacity': () => judged(ours.file({ path: '/sys/class/net/lo/address', contains: '1000' })),
  'link saturation': () => growing('5000000000'),
  'upload and download': () => growing('5000000000'),
  packets: () => growing('90000000'),
  ping: () => judged(ours.command({ argv: ['sh', '-c', 'exit 1'] })),
  'security attribute': () => judged(ours.command({ argv: ['echo', 'unconfined'], contains: 'httpd_t' })),
  'backup ran': () => {
    const systemctl = join(folder(), 'systemctl');
    const says = 'LoadState=loaded\nActiveState=active\nUnit=b.service\nResult=exit-code';
    writeFileSync(systemctl, `#!/bin/sh\nprintf '%s\\n' '${says}'\n`, { mode: 0o755 });
    return judged(timerWith({ timer: 'b', maxAgeSeconds: 60 }, systemctl));
  },
};

describe('each kind of test in Monit', () => {
  it.each(Object.entries(KINDS))('%s: its fault is reported as bad', async (_kind, judge) => {
    expect(await judge()).toBe('bad');
  });

  it('is in the table of docs/checks.md: the same kinds, at least 90 % of all', () => {
    const kinds = rowsOf(page, 'Monit tests').map(([kind = '']) => kind);
    expect(kinds).toEqual(Object.keys(KINDS));
    const left = rowsOf(page, 'left out');
    expect(left.length).toBeGreaterThan(0);
    expect(kinds.length / (kinds.length + left.length)).toBeGreaterThanOrEqual(0.9);
  });

  it('has a configuration line that the library accepts', () => {
    let accepted = 0;
    for (const [kind = '', line = ''] of rowsOf(page, 'Monit tests')) {
      const [, code = ''] = /`([^`]+)`/.exec(line) ?? [];
      const [, name = ''] = /^(\w+)\(/.exec(code) ?? [];
      if (name === '') continue;
      const check = runInNewContext(code, { ...ours }) as Check;
      expect(check.name, kind).toBeTypeOf('string');
      accepted += 1;
    }
    expect(accepted).toBeGreaterThan(30);
  });
});
