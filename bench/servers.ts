// Ready-made checks beside Debian's Monit, on one booted host with the same servers, faults and interval; then the CPU of
// 10, 100 and 1,000 checks, both at once.
import type { TestHost } from '../test/system/host/TestHost.js';
import { CHECKS, FAULTS, GUARDS, startServers, UNITS, type Fault } from '../test/system/server-faults.js';

const INTERVAL = 2;
const SIZES = [10, 100, 1_000];
/** Long enough for two cycles of 30 s after the first. */
const CPU_SECONDS = 65;
const PROGRAMS = '/repo/test/system/programs';
const MENDED = '/run/mended';

interface Measured {
  readonly fault: string;
  readonly foundMs: number | undefined;
  /** Repairs until it was well; of what no repair mends, within the time that was given. */
  readonly repairs: number;
  readonly well: boolean;
}

/** One rule of Monit for each fault, as its manual writes them; a repair leaves a line with its time. */
function rulesOfMonit(): string {
  const mend = (name: string, ...argv: string[]) =>
    `  start program = "/usr/local/bin/mend ${name} ${argv.join(' ')}"\n` +
    `  restart program = "/usr/local/bin/mend ${name} ${argv.join(' ')}"\n`;
  const host = (name: string, test: string, ...argv: string[]) =>
    `check host ${name} with address 127.0.0.1\n${mend(name, ...argv)}  if failed ${test} timeout 2 seconds for 2 cycles then restart\n`;
  const shop = (port: number) => ['restart', `test-shop@${port}`];
  const rules = [
    `check process web with pidfile /run/nginx.pid\n${mend('web', 'restart', 'nginx')}  if failed port 80 protocol http content = "Welcome" timeout 2 seconds for 2 cycles then restart\n`,
    `check process cache with pidfile /run/redis/redis-server.pid\n${mend('cache', 'restart', 'redis-server')}  if failed port 6379 protocol redis timeout 2 seconds for 2 cycles then restart\n`,
    host('gateway', 'port 8080 protocol http', ...shop(8101)),
    host('queue', 'port 8102', ...shop(8102)),
    host('answers', 'port 8103 protocol http', ...shop(8103)),
    host('content', 'port 8104 protocol http content = "Welcome"', ...shop(8104)),
    host(
      'certificate',
      'port 8443 protocol https with ssl options {verify: disable} certificate valid > 7 days',
      ...['reload', 'nginx'],
    ),
    `check file backup with path /srv/backup/new.dump\n${mend('backup', 'start', 'test-backup')}  if mtime is older than 1 hour then restart\n`,
    `check process descriptors matching "shop.mjs 8105"\n${mend('descriptors', ...shop(8105))}  if filedescriptors > 90% then restart\n`,
    `check process zombies matching "forker.py"\n${mend('zombies', 'restart', 'test-forker')}  if children > 5 then restart\n`,
    `check process database with pidfile /run/postgresql/15-main.pid\n${mend('database', 'restart', 'postgresql@15-main')}  if failed port 5432 protocol pgsql timeout 2 seconds for 2 cycles then restart\n`,
    host('orders', 'port 8106 protocol http request "/health" content = "up"', ...shop(8106)),
    `check filesystem data with path /srv/data\n${mend('data', ...shop(8107))}  if changed fsflags then restart\n`,
  ];
  return `set daemon ${INTERVAL}\nset log /var/log/monit.log\nset statefile /run/monit.state\nset idfile /run/monit.id\n${rules.join('')}`;
}

const inside = async (host: TestHost, script: string, timeoutMs = 60_000) =>
  host.run(['sh', '-c', script], { allowFailure: true, timeoutMs });
const now = async (host: TestHost) => Number((await inside(host, 'date +%s%3N')).stdout);

async function startMonit(host: TestHost, rules: string): Promise<void> {
  await host.writeFile(
    '/usr/local/bin/mend',
    `#!/bin/sh\necho "$(date +%s%3N) $1" >> ${MENDED}\nshift\nexec systemctl "$@"\n`,
    0o755,
  );
  await host.writeFile('/etc/bench-monitrc', rules, 0o600);
  await host.writeUnit(
    'bench-monit.service',
    '[Service]\nExecStart=/usr/bin/monit -I -c /etc/bench-monitrc\nStandardOutput=null\n',
  );
  await host.systemctl('start', 'bench-monit');
}

/** One fault while Monit runs: the times of its repairs until the thing works. */
async function besideMonit(
  host: TestHost,
  { name, component, damage, probe, mends }: Fault,
): Promise<Measured> {
  await inside(host, `: > ${MENDED}`);
  await host.run(damage, { timeoutMs: 60_000 });
  const at = await now(host);
  const repairs = async () => {
    const lines = (await host.readFile(MENDED)).trim().split('\n');
    const culprit = component === 'orders' ? /orders|database/ : new RegExp(` ${component}$`);
    return lines.filter((line) => culprit.test(line)).map((line) => Number(line.split(' ')[0]) - at);
  };
  const works = async () => (await host.run(probe, { allowFailure: true })).exitCode === 0;
  // What no repair mends is watched for as long.
  const well = await host
    .waitFor(name, async () => (await repairs()).length > 0 && (await works()), 60_000)
    .then(
      () => true,
      () => false,
    );
  const all = await repairs();
  if (mends) await host.run(mends);
  await inside(host, 'sleep 3');
  return { fault: name, foundMs: all[0], repairs: all.length, well };
}

async function ours(host: TestHost, faults: readonly Fault[]): Promise<Measured[]> {
  const input = JSON.stringify({
    checks: CHECKS,
    options: { services: UNITS, guards: GUARDS },
    ...{ interval: INTERVAL, faults, quietMs: 500 },
  });
  const { stdout } = await host.node([`${PROGRAMS}/faults.mjs`], { input, timeoutMs: 600_000 });
  interface Told {
    readonly name: string;
    readonly msToFind: number;
    readonly results: readonly object[];
    readonly fine: boolean;
  }
  const { told } = JSON.parse(stdout) as { told: readonly Told[] };
  await inside(host, 'touch /srv/backup/*.dump; systemctl restart nginx');
  return told.map(({ name, msToFind, results, fine }) => ({
    ...{ fault: name, foundMs: msToFind, repairs: results.length, well: fine },
  }));
}

async function monit(host: TestHost, faults: readonly Fault[]): Promise<Measured[]> {
  await startMonit(host, rulesOfMonit());
  await inside(host, 'sleep 6');
  const all: Measured[] = [];
  for (const fault of faults) all.push(await besideMonit(host, fault));
  await host.systemctl('stop', 'bench-monit');
  return all;
}

/** So many pages of nginx, asked every 30 s by both at once; milliseconds of CPU for one check. */
async function cpu(host: TestHost, count: number) {
  const rules = Array.from(
    { length: count },
    (_, index) =>
      `check host c${index} with address 127.0.0.1\n  if failed port 80 protocol http request "/?${index}" then alert\n`,
  );
  await startMonit(
    host,
    `set daemon 30\nset log /var/log/monit.log\nset statefile /run/monit.state\nset idfile /run/monit.id\n${rules.join('')}`,
  );
  const monitPid = Number(await host.systemctl('show', '--property=MainPID', '--value', 'bench-monit'));
  const { stdout } = await host.node(
    ['/repo/bench/probes/monit-checks.mjs', String(count), String(CPU_SECONDS), String(monitPid)],
    {
      timeoutMs: (CPU_SECONDS + 60) * 1_000,
    },
  );
  await host.systemctl('stop', 'bench-monit');
  return { checks: count, ...(JSON.parse(stdout) as object) };
}

/** Measures both; `quick` takes two faults and ten checks. */
export async function measureServers(
  host: TestHost,
  { say, quick }: { readonly say: (text: string) => void; readonly quick: boolean },
) {
  await startServers(host);
  const sizes = quick ? SIZES.slice(0, 1) : SIZES;
  const faults = quick ? FAULTS.slice(0, 2) : FAULTS;
  const costs: object[] = [];
  for (const size of sizes) {
    costs.push(await cpu(host, size));
    say(`CPU time of ${size} checks`);
  }
  const found = await ours(host, faults);
  say(`${found.length} faults with our checks`);
  const theirs = await monit(host, faults);
  say(`${theirs.length} faults with Monit`);
  return { intervalSeconds: INTERVAL, cpu: costs, ours: found, monit: theirs };
}
