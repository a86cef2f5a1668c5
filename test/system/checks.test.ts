import type { Metrics } from '@luminous-nix/self-healing';
import { beforeAll, expect, test } from 'vitest';
import { describeOnHost, PROGRAMS } from './lab.js';
import { CHECKS, FAULTS, GUARDS, startServers, UNITS } from './server-faults.js';

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

describeOnHost('ready-made checks of real servers', (lab) => {
  beforeAll(() => startServers(lab.host));

  test('detect twelve faults that systemd cannot see within two intervals, and heal or explain each', async () => {
    const input = JSON.stringify({
      checks: CHECKS,
      options: { services: UNITS, guards: GUARDS },
      ...{ interval: 1, faults: FAULTS, quietMs: 500 },
    });
    const { stdout } = await lab.host.node([`${PROGRAMS}/faults.mjs`], { input, timeoutMs: 400_000 });
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
    // A fault that no repair fixes: three attempts, one event that there will be no more, and no `fixed`.
    const data = by('read-only data directory');
    expect(data.fine).toBe(false);
    expect(data.results.map(({ outcome }) => outcome)).toEqual(['ineffective', 'ineffective', 'ineffective']);
    expect(data.blocked.filter((reason) => reason === 'breaker-open')).toHaveLength(1);
    expect(told.filter(({ fine }) => fine)).toHaveLength(11);
    expect(last, 'what is wrong afterwards').toEqual([]);
  }, 420_000);
});

describeOnHost('ready-made checks of systemd units and processes', (lab) => {
  /** Returns the verdicts of some checks, in their order, as `status: reason`. */
  const judged = async (checks: Readonly<Record<string, object>>) => {
    const [verdicts] = await lab.drive([['inspect']], { checks });
    return verdicts.map(({ status, reason }) => `${status}: ${reason}`);
  };
  const write = (path: string, content: string) => lab.host.writeFile(path, content);
  const pidOf = (unit: string) => lab.show('MainPID', unit);

  test('measure a unit with several processes as a whole, also below its group: process', async () => {
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

  test('handle a stale pid file, one whose number was reused, and one without a number: process', async () => {
    const unit = await lab.service('pid', 'ExecStart=sleep 604');
    await lab.host.systemctl('start', unit);
    const own = await pidOf(unit);
    // Newer than the process, like a file written by a daemon.
    await write('/run/test-own.pid', `${own}\n`);
    await write('/run/test-stale.pid', '4194300\n');
    await write('/run/test-none.pid', 'running\n');
    await write('/run/test-reused.pid', `${own}\n`);
    // The file is of a program that ended before the process with its number started.
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

  test('judge a timer that runs well, never ran, is stopped, is unknown, or whose service failed: timer', async () => {
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

  test('report the state of the kernel and a missing time server: clock', async () => {
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
