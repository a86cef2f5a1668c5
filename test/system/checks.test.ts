import type { Metrics } from '@luminous-nix/self-healing';
import { beforeAll, expect, test } from 'vitest';
import { certificateFor } from '../checks/certificate.js';
import { nodeInside } from './host/command.js';
import { describeOnHost, PROGRAMS, type Lab } from './lab.js';

/** What breaks one thing, and how `programs/faults.mjs` sees that it works. */
interface Fault {
  readonly name: string;
  readonly component: string;
  readonly damage: readonly string[];
  /** Asks in another way than the check whether it works. */
  readonly probe: readonly string[];
  /** Unit that has to be in another run once it is healed. */
  readonly unit?: string;
  /** Reasons after which nothing more is done. */
  readonly over?: readonly string[];
  readonly mends?: readonly string[];
}

interface Told {
  readonly name: string;
  readonly inTime: boolean;
  readonly cyclesToFind: number;
  readonly msToFind: number;
  readonly found: string;
  readonly results: readonly { readonly outcome: string; readonly why: string }[];
  readonly blocked: readonly string[];
  readonly others: readonly {
    readonly event: string;
    readonly component: string;
    readonly outcome?: string;
  }[];
  readonly explained: readonly string[];
  readonly messages: readonly string[];
  readonly fine: boolean;
  readonly restarted?: boolean;
  readonly falselyFixed: number;
}

interface Answer {
  readonly first: readonly { readonly check: string; readonly reason: string }[];
  readonly told: readonly Told[];
  readonly last: Answer['first'];
  readonly metrics: Metrics;
}

const sh = (script: string) => ['sh', '-c', script];
const page = (port: number, path = '/') => `curl -fsS -m 2 http://127.0.0.1:${port}${path}`;
const shop = (port: number) => `test-shop@${port}`;
const WEB = '/etc/nginx/conf.d/test-checks.conf';
const LIVE = '/srv/keys/live.pem';

/** Checks of network servers give up soon, so that hanging costs no more than a cycle. */
const QUICK = { timeoutMs: 700, settleMs: 8_000 };
const http = (url: string, heals: unknown, more: object = {}) => ({
  ...QUICK,
  http: { url, ...more },
  heals,
});

const CHECKS = {
  web: http('http://127.0.0.1/', 'nginx', { contains: 'Welcome' }),
  cache: { ...QUICK, tcp: { port: 6379, ready: 'redis' }, heals: 'redis' },
  gateway: http('http://127.0.0.1:8080/', shop(8101)),
  queue: { ...QUICK, tcp: { port: 8102 }, heals: shop(8102) },
  // The kernel accepts for it; whether it answers is the question.
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
const FAULTS: readonly Fault[] = [
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
    // As after a renewal that nobody told the server of.
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
    // The shop is healthy; what it needs lets nobody in.
    name: 'dead dependency',
    component: 'orders',
    damage: sh(`for i in 1 2 3 4 5 6; do ${SESSIONS} done; sleep 1`),
    probe: sh(`${page(8106, '/health')} | grep up`),
    unit: 'postgresql@15-main',
  },
  {
    // No restart mends it: three are tried, and one message says so.
    name: 'read-only data directory',
    component: 'data',
    damage: sh('mount -o remount,ro /srv/data'),
    probe: sh('touch /srv/data/probe'),
    over: ['breaker-open'],
    mends: sh('mount -o remount,rw /srv/data'),
  },
];

/** Real servers, each as Debian starts it. */
async function prepare({ host }: Lab): Promise<void> {
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

describeOnHost('ready-made checks of real servers', (lab) => {
  beforeAll(() => prepare(lab));

  test('find twelve faults that systemd cannot see within two intervals, and heal or explain each', async () => {
    const units = [7, 6, 5, 4, 3, 2, 1].map((last) => shop(8100 + last));
    const input = JSON.stringify({
      checks: CHECKS,
      options: {
        services: ['nginx', 'redis', 'postgresql@15-main', 'test-backup', 'test-forker', ...units],
        // Twelve faults come in a minute here, not in a year.
        guards: {
          settleMs: { service: 300 },
          backoff: { firstMs: 200, maxMs: 400 },
          budget: { hostPerHour: 100 },
          storm: { services: 100, discovered: 100 },
        },
      },
      ...{ interval: 1, faults: FAULTS, quietMs: 500 },
    });
    const { stdout } = await lab.host.node([`${PROGRAMS}/faults.mjs`], { input, timeoutMs: 230_000 });
    const { first, told, last } = JSON.parse(stdout) as Answer;
    const table = told.map(({ name, cyclesToFind, msToFind, found, results }) => ({
      ...{ fault: name, found, intervals: cyclesToFind, ms: msToFind },
      repairs: results.map(({ outcome }) => outcome).join(', '),
    }));
    console.log(JSON.stringify(table, undefined, 1));
    expect(first, 'what was wrong before').toEqual([]);
    expect(told).toHaveLength(12);
    for (const one of told) {
      const about = JSON.stringify(one, undefined, 1);
      expect(one.inTime, about).toBe(true);
      expect(one.cyclesToFind, about).toBeLessThanOrEqual(2);
      expect(one.falselyFixed, about).toBe(0);
      expect(one.results.length, about).toBeLessThanOrEqual(3);
      const last = one.results.at(-1)?.outcome;
      if (one.fine) expect(last, about).toBe('fixed');
      else expect(one.explained, about).toEqual([expect.stringContaining(one.found)]);
      expect(one.restarted ?? true, about).toBe(true);
    }
    const by = (name: string) => told.find((one) => one.name === name)!;
    const deadlock = by('deadlock: answers TCP, not HTTP');
    expect(deadlock.others, 'the port of a hung server accepts').toEqual([]);
    // What no repair mends: three are tried, one message says that no more are, and nothing is called fixed.
    const data = by('read-only data directory');
    expect(data.fine).toBe(false);
    expect(data.results.map(({ outcome }) => outcome)).toEqual(['ineffective', 'ineffective', 'ineffective']);
    expect(data.blocked.filter((reason) => reason === 'breaker-open')).toHaveLength(1);
    expect(told.filter(({ fine }) => fine)).toHaveLength(11);
    expect(last, 'what is wrong afterwards').toEqual([]);
  }, 240_000);
});

describeOnHost('checks of what systemd runs', (lab) => {
  /** The verdicts of some checks, in their order, as `status: reason`. */
  const judged = async (checks: Readonly<Record<string, object>>) => {
    const [verdicts] = await lab.drive([['inspect']], { checks });
    return verdicts.map(({ status, reason }) => `${status}: ${reason}`);
  };
  const write = (path: string, content: string) => lab.host.writeFile(path, content);
  const pidOf = (unit: string) => lab.show('MainPID', unit);

  test('process: a unit with several processes is counted and measured as a whole, also below it', async () => {
    const unit = await lab.service('many', 'ExecStart=sh -c "sleep 601 & sleep 602 & exec sleep 603"');
    await lab.host.systemctl('start', unit);
    await lab.host.waitFor('three processes', async () => {
      const { stdout } = await lab.host.run(['pgrep', '--full', '--count', '^sleep 60[123]$']);
      return stdout.trim() === '3';
    });
    expect(
      await judged({
        several: { process: { unit, minCount: 3, maxCount: 3 } },
        alias: { process: { unit: `${unit}.service`, maxCount: 2 } },
        young: { process: { unit, minAgeSeconds: 86_400 } },
        big: { process: { unit, maxMemoryBytes: 10_000 } },
        threads: { process: { unit, maxThreads: 2 } },
        nobody: { process: { unit: 'test-nobody' } },
      }),
    ).toEqual([
      expect.stringMatching(/^ok: process:test-many runs: 3 processes, /),
      'bad: number of process:test-many.service is 3, over 2',
      expect.stringMatching(/^bad: age of process:test-many is .*, under 1 d$/),
      expect.stringMatching(/^bad: memory of process:test-many is .*, over 9.8 KiB$/),
      'bad: threads of process:test-many is 3, over 2',
      'unknown: process:test-nobody: systemd does not know test-nobody.service',
    ]);
    await lab.host.systemctl('stop', unit);
    expect(await judged({ gone: { process: { unit } } })).toEqual(['bad: process:test-many is not running']);
  });

  test('process: a pid file that is stale, whose number another program has now, or that holds none', async () => {
    const unit = await lab.service('pid', 'ExecStart=sleep 604');
    await lab.host.systemctl('start', unit);
    const own = await pidOf(unit);
    // Newer than the process, as a daemon writes it.
    await write('/run/test-own.pid', `${own}\n`);
    await write('/run/test-stale.pid', '4194300\n');
    await write('/run/test-none.pid', 'running\n');
    await write('/run/test-reused.pid', `${own}\n`);
    // The file is of a program that ended before the one that has its number now began.
    await lab.host.run(['touch', '-d', '1 hour ago', '/run/test-reused.pid']);
    const at = (name: string) => ({ process: { pidFile: `/run/test-${name}.pid` } });
    expect(
      await judged({
        own: at('own'),
        stale: at('stale'),
        none: at('none'),
        no: at('no'),
        reused: at('reused'),
      }),
    ).toEqual([
      expect.stringMatching(/^ok: process:\/run\/test-own.pid runs: 1 process, /),
      'bad: process:/run/test-stale.pid is not running',
      'bad: process:/run/test-none.pid has no process number in /run/test-none.pid',
      'bad: process:/run/test-no.pid is not running',
      `bad: process:/run/test-reused.pid is not running: the process ${own} began after /run/test-reused.pid was written`,
    ]);
  });

  test('timer: one that runs well, never ran, is stopped, is unknown, and one whose service failed', async () => {
    const every = async (name: string, exec: string, timer: string) => {
      await lab.unit(`${name}.service`, `[Service]\nType=oneshot\nExecStart=${exec}\n`);
      return (await lab.unit(`${name}.timer`, `[Timer]\n${timer}\n`)).replace('.timer', '');
    };
    const well = await every('well', 'true', 'OnActiveSec=0s\nOnUnitActiveSec=1h\nAccuracySec=1ms');
    const fails = await every('fails', 'false', 'OnActiveSec=0s\nAccuracySec=1ms');
    const never = await every('never', 'true', 'OnCalendar=2099-01-01');
    const hangs = await every('hangs', 'sleep 600', 'OnActiveSec=0s\nAccuracySec=1ms');
    const stopped = await every('stopped', 'true', 'OnCalendar=daily');
    await lab.host.systemctl('start', ...[well, fails, never, hangs].map((timer) => `${timer}.timer`));
    await lab.until('activating', `${hangs}.service`);
    await lab.until('failed', `${fails}.service`);
    await lab.host.waitFor(
      'a run',
      async () => (await lab.show('ExecMainExitTimestamp', `${well}.service`)) !== '',
    );
    await lab.host.run(['sleep', '1.1']);
    const of = (timer: string) => ({ timer: { timer, maxAgeSeconds: 3_600 } });
    const all = {
      well: of(well),
      fails: of(fails),
      never: of(never),
      runs: of(hangs),
      hangs: { timer: { timer: hangs, maxAgeSeconds: 1 } },
      stopped: of(stopped),
      no: of('test-no'),
    };
    expect(await judged(all)).toEqual([
      expect.stringMatching(/^ok: timer:test-well.timer ran .* ago$/),
      'bad: timer:test-fails.timer started test-fails.service, which failed (exit-code)',
      expect.stringMatching(/^ok: timer:test-never.timer has not run yet, and is active for /),
      'ok: test-hangs.service runs now',
      expect.stringMatching(/^bad: timer:test-hangs.timer started test-hangs.service, which has run for /),
      'bad: timer:test-stopped.timer is inactive, so it starts nothing',
      'unknown: timer:test-no.timer: systemd does not know test-no.timer',
    ]);
  });

  test('clock: what the kernel and a server that is not there tell', async () => {
    const { stdout } = await lab.host.run(['timedatectl', 'show', '--property=NTPSynchronized', '--value']);
    const synchronised = stdout.trim() === 'yes';
    expect(
      await judged({
        kernel: { clock: {} },
        silent: { timeoutMs: 300, clock: { synchronised: false, server: '127.0.0.1', port: 9 } },
      }),
    ).toEqual([
      synchronised ? 'ok: clock is synchronised' : 'bad: clock is not synchronised',
      expect.stringMatching(/^unknown: clock: 127.0.0.1: /),
    ]);
  });
});
