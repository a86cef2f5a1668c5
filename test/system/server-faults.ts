import { certificateFor } from '../checks/certificate.js';
import { nodeInside } from './host/command.js';
import type { TestHost } from './host/TestHost.js';

const PROGRAMS = '/repo/test/system/programs';

/** A fault, and how `programs/faults.mjs` verifies its repair. */
export interface Fault {
  readonly name: string;
  readonly component: string;
  readonly damage: readonly string[];
  /** Verifies the service independently of the check. */
  readonly probe: readonly string[];
  /** Unit that must be in another run once it is healed. */
  readonly unit?: string;
  /** Reasons after which no more repairs follow. */
  readonly over?: readonly string[];
  readonly mends?: readonly string[];
}

const sh = (script: string) => ['sh', '-c', script];
const page = (port: number, path = '/') => `curl -fsS -m 2 http://127.0.0.1:${port}${path}`;
export const shop = (port: number) => `test-shop@${port}`;
const WEB = '/etc/nginx/conf.d/test-checks.conf';
const LIVE = '/srv/keys/live.pem';

/** Checks of network servers have short timeouts, so that a hanging one costs no more than a cycle. */
const QUICK = { timeoutMs: 2_000, settleMs: 15_000 };
const http = (url: string, heals: unknown, more: object = {}) => ({
  ...QUICK,
  http: { url, ...more },
  heals,
});

/** One check of each kind, as in the configuration of the daemon. */
export const CHECKS = {
  web: http('http://127.0.0.1/', 'nginx', { contains: 'Welcome' }),
  cache: { ...QUICK, tcp: { port: 6379, ready: 'redis' }, heals: 'redis' },
  gateway: http('http://127.0.0.1:8080/', shop(8101)),
  queue: { ...QUICK, tcp: { port: 8102 }, heals: shop(8102) },
  // The kernel accepts for it; the check must wait for an answer.
  accepts: { ...QUICK, tcp: { port: 8103 } },
  answers: http('http://127.0.0.1:8103/', shop(8103)),
  content: http('http://127.0.0.1:8104/', shop(8104), { contains: 'Welcome' }),
  certificate: {
    ...QUICK,
    tls: { host: 'localhost', port: 8443, caFile: '/srv/keys/trusted.pem', minDays: 7 },
    heals: { action: 'reload_service', parameters: { service: 'nginx' } },
  },
  backup: {
    directory: { path: '/srv/backup', match: '\\.dump$', newestMaxAgeSeconds: 3_600, newestMinBytes: 1 },
    heals: 'test-backup',
    settleMs: 8_000,
  },
  descriptors: {
    process: { unit: shop(8105), maxDescriptorsPercent: 90 },
    heals: shop(8105),
    settleMs: 8_000,
  },
  zombies: { process: { unit: 'test-forker', maxZombies: 5 }, heals: 'test-forker', settleMs: 8_000 },
  database: { ...QUICK, tcp: { port: 5432, ready: 'postgres' }, heals: 'postgresql@15-main' },
  orders: http('http://127.0.0.1:8106/health', shop(8106), { json: { database: 'up' } }),
  data: {
    directory: { path: '/srv/data', writable: true },
    heals: shop(8107),
    settleMs: 2_000,
  },
};

const SESSIONS = 'su postgres -c "psql -qc \'SELECT pg_sleep(300)\'" >/dev/null 2>&1 &';
/** Twelve faults during which the service stays active for systemd. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'stopped by SIGSTOP',
    component: 'web',
    damage: sh('systemctl kill --signal=STOP nginx'),
    probe: sh(page(80)),
    unit: 'nginx',
  },
  {
    name: 'port closed',
    component: 'cache',
    damage: sh('redis-cli config set port 0'),
    probe: sh('redis-cli ping'),
    unit: 'redis-server',
  },
  {
    name: '502',
    component: 'gateway',
    damage: sh(page(8101, '/fault/close')),
    probe: sh(page(8080)),
    unit: shop(8101),
  },
  {
    name: 'full accept queue',
    component: 'queue',
    damage: sh(
      `${page(8102, '/fault/hang')}; while timeout 1 bash -c 'exec 3<>/dev/tcp/127.0.0.1/8102'; do :; done`,
    ),
    probe: sh(page(8102)),
    unit: shop(8102),
  },
  {
    name: 'deadlock: answers TCP, not HTTP',
    component: 'answers',
    damage: sh(page(8103, '/fault/hang')),
    probe: sh(page(8103)),
    unit: shop(8103),
  },
  {
    name: 'wrong content',
    component: 'content',
    damage: sh(page(8104, '/fault/content')),
    probe: sh(`${page(8104)} | grep Welcome`),
    unit: shop(8104),
  },
  {
    // As after a renewal of which the server was not notified.
    name: 'expired certificate',
    component: 'certificate',
    damage: sh(
      `cd /srv/keys; cp expired.pem live.pem; nginx -s reload; until curl -s https://localhost:8443 --cacert trusted.pem; [ $? = 60 ]; do sleep 0.1; done; cp fresh.pem live.pem`,
    ),
    probe: sh('curl -fsS -m 2 --cacert /srv/keys/trusted.pem https://localhost:8443/'),
  },
  {
    name: 'stale backup',
    component: 'backup',
    damage: sh("touch -d '2 days ago' /srv/backup/*.dump"),
    probe: sh('test -n "$(find /srv/backup -name "*.dump" -mmin -5 -size +0)"'),
  },
  {
    name: 'descriptors exhausted',
    component: 'descriptors',
    damage: sh(page(8105, '/fault/leak')),
    probe: sh(page(8105)),
    unit: shop(8105),
  },
  {
    name: 'zombie children',
    component: 'zombies',
    damage: sh('systemctl kill --signal=USR1 test-forker'),
    probe: sh('systemctl is-active test-forker && ! ps -eo stat,args | grep "^Z.*python"'),
    unit: 'test-forker',
  },
  {
    // The shop is healthy, but its database accepts no client.
    name: 'dead dependency',
    component: 'orders',
    damage: sh(`for i in 1 2 3 4 5 6; do ${SESSIONS} done; sleep 1`),
    probe: sh(`${page(8106, '/health')} | grep up`),
    unit: 'postgresql@15-main',
  },
  {
    // No restart fixes it: three are tried, and one event reports that.
    name: 'read-only data directory',
    component: 'data',
    damage: sh('mount -o remount,ro /srv/data'),
    probe: sh('touch /srv/data/probe'),
    over: ['breaker-open'],
    mends: sh('mount -o remount,rw /srv/data'),
  },
];

/** Starts real servers, each as Debian starts it. */
export async function startServers(host: TestHost): Promise<void> {
  const good = certificateFor('localhost', 60);
  const fresh = certificateFor('localhost', 90);
  const expired = certificateFor('localhost', -1);
  const files = {
    [LIVE]: good.cert + good.key,
    '/srv/keys/fresh.pem': fresh.cert + fresh.key,
    '/srv/keys/expired.pem': expired.cert + expired.key,
    '/srv/keys/trusted.pem': good.cert + fresh.cert + expired.cert,
    [WEB]: [
      'server { listen 127.0.0.1:8080; location / { proxy_pass http://127.0.0.1:8101; } }',
      `server { listen 127.0.0.1:8443 ssl; ssl_certificate ${LIVE}; ssl_certificate_key ${LIVE}; }`,
    ].join('\n'),
    '/etc/postgresql/15/main/conf.d/test.conf': 'max_connections = 5\n',
    '/etc/systemd/system/test-shop@.service': [
      `[Service]\nExecStart=${nodeInside} ${PROGRAMS}/shop.mjs %i`,
      'LimitNOFILE=100\nStartLimitIntervalSec=0\nExecStartPost=sleep 0.3',
    ].join('\n'),
    '/etc/systemd/system/test-shop@8102.service.d/queue.conf': '[Service]\nEnvironment=QUEUE=2\n',
    '/etc/systemd/system/test-backup.service':
      '[Service]\nType=oneshot\nExecStart=sh -c "echo data > /srv/backup/new.dump"\n',
    '/srv/forker.py': [
      'import os, signal, time',
      'def fork(*_):',
      '  for _ in range(12):',
      '    if os.fork() == 0: os._exit(0)',
      'signal.signal(signal.SIGUSR1, fork)',
      'while True: time.sleep(60)',
    ].join('\n'),
    '/etc/systemd/system/test-forker.service':
      '[Service]\nExecStart=python3 /srv/forker.py\nKillMode=mixed\n',
  };
  for (const [path, content] of Object.entries(files)) await host.writeFile(path, content);
  await host.run(['mkdir', '-p', '/srv/backup']);
  await host.mountSmallFileSystem('/srv/data', 8);
  await host.systemctl('daemon-reload');
  await host.systemctl('enable', '--quiet', 'redis-server');
  const shops = [8101, 8102, 8103, 8104, 8105, 8106, 8107].map(shop);
  await host.systemctl('start', 'redis-server', 'postgresql@15-main', 'test-backup', 'test-forker', ...shops);
  await host.systemctl('restart', 'nginx');
}

/** Units that may be restarted. */
export const UNITS = [
  ...['nginx', 'redis', 'postgresql@15-main', 'test-backup', 'test-forker'],
  ...[8101, 8102, 8103, 8104, 8105, 8106, 8107].map(shop),
];

/** Twelve faults occur in a minute here, not in a year. */
export const GUARDS = {
  settleMs: { service: 300 },
  backoff: { firstMs: 200, maxMs: 400 },
  budget: { hostPerHour: 100 },
  storm: { services: 100, discovered: 100 },
};
