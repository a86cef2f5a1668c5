// `npm run bench:latency`: from the death of a service until an engine knows, and until the service runs again, in a
// booted Debian of its own; beside Monit with its shortest cycle, where its package can be had. All that was measured goes
// into `bench/results/latency.json`. It asserts nothing about times. `DEATHS` says how many; 300 when left out.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { HealingOptions } from '@luminous-nix/self-healing';
import { test } from 'vitest';
import { bootTestHost } from '../test/system/host/boot.js';
import { missingRequirements } from '../test/system/host/requirements.js';
import type { TestHost } from '../test/system/host/TestHost.js';
import { letDie, OFTEN, victim, type Deaths } from '../test/system/victim.js';
import { machine } from './machine.mjs';

const call = promisify(execFile);
const DEATHS = Number(process.env['DEATHS'] ?? 300);
const MONIT_DEATHS = Math.ceil(DEATHS / 5);
const PORT = 47_012;
const UNIT = 'bench-victim.service';

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;

interface Spread {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

function spread(numbers: readonly number[]): Spread {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1].map((share) => Number(quantile(sorted, share).toFixed(2)));
  return { p50: p50!, p90: p90!, p99: p99!, max: max! };
}

const known = ({ times }: Deaths): number[] => times.flatMap(({ knownMs }) => knownMs ?? []);
const back = ({ times }: Deaths): number[] => times.map(({ backMs }) => backMs);

/** Puts Monit into the host: its one program, out of Debian's package. Gives its version, or why there is none. */
async function installMonit(host: TestHost): Promise<{ version: string } | { missing: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'monit-'));
  try {
    await call('apt-get', ['download', 'monit'], { cwd: folder });
    const packages = (await call('ls', [folder])).stdout.trim().split('\n');
    await call('dpkg-deb', ['-x', packages[0]!, 'out'], { cwd: folder });
    await host.writeFile('/usr/bin/monit', await readFile(join(folder, 'out/usr/bin/monit')), 0o755);
    const { stdout } = await host.run(['monit', '--version']);
    return { version: /version ([\d.]+)/.exec(stdout)?.[1] ?? 'unknown' };
  } catch (error) {
    return { missing: `Monit could not be installed: ${(error as Error).message.split('\n')[0] ?? ''}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Monit looks for the process by what it is called, once a second: it cannot look more often. */
async function monit(host: TestHost): Promise<{ version: string; deaths: Deaths } | { missing: string }> {
  const installed = await installMonit(host);
  if ('missing' in installed) return installed;
  const rules = `set daemon 1
set log /var/log/monit.log
check process victim matching "sleep infinity"
  start program = "/usr/bin/systemctl restart ${UNIT}"
  stop program = "/bin/true"
`;
  await host.writeFile('/etc/monitrc', rules, 0o600);
  await host.writeUnit(
    'bench-monit.service',
    '[Service]\nExecStart=/usr/bin/monit -I -c /etc/monitrc\nStandardOutput=null\n',
  );
  await host.systemctl('start', 'bench-monit.service');
  const deaths = await letDie(host, { unit: UNIT, port: PORT, deaths: MONIT_DEATHS, calmMs: 1_500 });
  return { version: installed.version, deaths };
}

/** Detections a second with three units, fed by signals, against those without: the median ratio of turns side by side. */
async function withServices(
  host: TestHost,
): Promise<{ ratio: number; perSecond: number; systemctl: number }> {
  const { stdout } = await host.node(['/repo/test/system/programs/detections.mjs'], {
    input: JSON.stringify({ units: ['nginx', 'dbus', 'systemd-journald'], rounds: 15, turnMs: 250 }),
    timeoutMs: 60_000,
  });
  const { figures } = JSON.parse(stdout) as {
    figures: { without: number; withUnits: number; systemctl: number }[];
  };
  const middle = (numbers: number[]): number =>
    quantile(
      numbers.sort((a, b) => a - b),
      0.5,
    );
  return {
    ratio: Number(middle(figures.map(({ without, withUnits }) => withUnits / without)).toFixed(2)),
    perSecond: Math.round(middle(figures.map(({ withUnits }) => withUnits))),
    systemctl: Math.round(middle(figures.map(({ systemctl }) => systemctl))),
  };
}

const missing = missingRequirements();
const RESULTS = join(import.meta.dirname, 'results');

test.skipIf(missing.length > 0)('death → known → back', { timeout: 3_600_000 }, async () => {
  const where = machine();
  await using host = await bootTestHost();
  await host.writeUnit(UNIT, victim(PORT));
  const floor = await letDie(host, { unit: UNIT, port: PORT, deaths: DEATHS, bare: true });
  const engine = { enabledChecks: ['services'], services: [UNIT], guards: OFTEN };
  const ours = await letDie(host, { unit: UNIT, port: PORT, deaths: DEATHS, engine });
  const services = await withServices(host);
  const theirs = await monit(host);
  const report = {
    machine: where,
    deaths: DEATHS,
    outcomes: ours.outcomes,
    wholeLooks: ours.wholeLooks,
    services,
    configured: engine,
    floor: spread(known(floor)),
    known: spread(known(ours)),
    back: spread(back(ours)),
    monit:
      'missing' in theirs
        ? theirs
        : { version: theirs.version, deaths: MONIT_DEATHS, back: spread(back(theirs.deaths)) },
    samples: {
      floor: known(floor),
      known: known(ours),
      back: back(ours),
      monitBack: 'missing' in theirs ? [] : back(theirs.deaths),
    },
  };
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, 'latency.json'), `${JSON.stringify(report)}\n`);
  print(report);
});

function print(report: {
  readonly machine: ReturnType<typeof machine>;
  readonly deaths: number;
  readonly outcomes: Deaths['outcomes'];
  readonly services: { readonly ratio: number; readonly perSecond: number; readonly systemctl: number };
  readonly configured: HealingOptions;
  readonly floor: Spread;
  readonly known: Spread;
  readonly back: Spread;
  readonly monit: { readonly missing: string } | { version: string; deaths: number; back: Spread };
}): void {
  const { machine: at, monit: theirs } = report;
  console.log(
    `${at.date}, ${at.cores} × ${at.cpu}, Node ${at.node}, load before ${at.loadBefore.join(' ')}; ` +
      `a booted Debian with systemd; ${report.deaths} deaths by SIGKILL of a listed service.`,
  );
  console.log(
    `The engine: ${JSON.stringify(report.configured)}. Only \`wake.apartMs\` bears on when an issue is known: the time ` +
      'from one look that was woken to the next, 250 ms by default. Settle time, backoff and budget come after.',
  );
  console.log(
    'Known: systemd said so, the properties of that unit were read over D-Bus, and `issue:opened` was told. ' +
      'Floor: a listener of that one signal, in the same place, that asks nothing.\n',
  );
  const line = (what: string, { p50, p90, p99, max }: Spread): string =>
    `${what.padEnd(44)} p50 ${p50} ms  p90 ${p90} ms  p99 ${p99} ms  longest ${max} ms`;
  console.log(line('death → systemd says so: the floor', report.floor));
  console.log(line('death → issue known', report.known));
  console.log(line('death → service runs again', report.back));
  if ('missing' in theirs) console.log(`Monit: not measured. ${theirs.missing}`);
  else
    console.log(
      line(`Monit ${theirs.version}, cycle 1 s: death → runs again (${theirs.deaths})`, theirs.back),
    );
  console.log(
    `Detection with 3 units, fed by signals: ${report.services.perSecond}/s, ${report.services.ratio} × that without units; ` +
      `one \`systemctl is-active\` of the same three: ${report.services.systemctl}/s.`,
  );
  console.log(`\nOutcomes: ${JSON.stringify(report.outcomes)}.`);
}
