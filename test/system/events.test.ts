import { expect, it } from 'vitest';
import type { HealingOptions } from '@luminous-nix/self-healing';
import { describeOnHost, PROGRAMS, type Lab } from './lab.js';
import { letDie, OFTEN, victim } from './victim.js';

const DEATHS = 25;
const PORT = 47_011;

describeOnHost('a service that dies while an engine monitors it', (lab) => {
  it('is detected and restarted each time without a cycle, by signals of systemd', async () => {
    const unit = await lab.unit('victim.service', victim(PORT));
    await lab.host.systemctl('enable', '--quiet', unit);
    const engine = { enabledChecks: ['services'], services: [unit], guards: OFTEN };
    const { times, outcomes, wholeLooks } = await letDie(lab.host, {
      unit,
      port: PORT,
      deaths: DEATHS,
      engine,
    });
    expect(times).toHaveLength(DEATHS);
    expect(times.every(({ knownMs = NaN }) => knownMs > 0)).toBe(true);
    expect(outcomes).toEqual({ fixed: DEATHS });
    expect(wholeLooks).toBe(0);
  });

  it('is detected in the same way if no service is listed', async () => {
    const unit = await lab.unit('victim.service', victim(PORT));
    await lab.host.systemctl('enable', '--quiet', unit);
    const engine = { enabledChecks: ['services'], guards: OFTEN };
    const { outcomes, wholeLooks } = await letDie(lab.host, { unit, port: PORT, deaths: DEATHS, engine });
    expect(outcomes).toEqual({ fixed: DEATHS });
    expect(wholeLooks).toBe(0);
  });
});

/** Counts of one phase of `programs/watching.mjs`. */
interface Counted {
  /** Readings of everything, and readings of one component. */
  readonly cycles: number;
  readonly looks: number;
  /** Messages written to the bus. */
  readonly messages: number;
  readonly opened: readonly string[];
  readonly said: readonly string[];
  /** Number of times that a timer of 10 ms fired. */
  readonly ticks: number;
  readonly ms: number;
  readonly heapBytes: number;
}

interface Phase {
  readonly run?: readonly string[];
  readonly opens?: string;
  readonly forMs?: number;
}

/** Runs an engine in monitoring through some phases. It repairs nothing. */
async function watching<const Phases extends readonly Phase[]>(
  { host }: Lab,
  phases: Phases,
  engine: HealingOptions = {},
  interval = 600,
): Promise<{ readonly [Index in keyof Phases]: Counted }> {
  const input = JSON.stringify({
    ...{ interval, phases },
    engine: { enabledChecks: ['services'], dryRun: true, ...engine },
  });
  const { stdout } = await host.node(['--expose-gc', `${PROGRAMS}/watching.mjs`], {
    input,
    timeoutMs: 100_000,
  });
  return JSON.parse(stdout) as { readonly [Index in keyof Phases]: Counted };
}

const sleeper = '[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n';
const killed = (unit: string) => ['systemctl', 'kill', '--signal=KILL', unit];

/** Two units that fail for ever, each of them starting the other, and four that systemd restarts without a pause. */
async function flapping(lab: Lab): Promise<string[]> {
  const unit = '[Unit]\nStartLimitIntervalSec=0\n';
  const fails = (other: string) => `${unit}OnFailure=${other}\n[Service]\nExecStart=/usr/bin/false\n`;
  const restarts = `${unit}[Service]\nExecStart=/usr/bin/false\nRestart=always\nRestartSec=0\n`;
  return Promise.all([
    lab.unit('ping.service', fails('test-pong.service')),
    lab.unit('pong.service', fails('test-ping.service')),
    ...[1, 2, 3, 4].map((at) => lab.unit(`flap-${at}.service`, restarts)),
  ]);
}

const APART_MS = 250;

describeOnHost('an engine in monitoring', (lab) => {
  it('makes no call to systemd while no unit fails, even with discovery', async () => {
    const calm = await lab.unit('calm.service', sleeper);
    const bad = await lab.unit('bad.service', '[Service]\nExecStart=/usr/bin/false\n');
    await lab.start(bad);
    await lab.until('failed', bad);
    const [, quiet, busy] = await watching(
      lab,
      [{ forMs: 1_000 }, { forMs: 3_000 }, { run: ['systemctl', 'start', calm], forMs: 1_000 }],
      {},
      0.05,
    );
    expect(quiet.cycles).toBeGreaterThan(20);
    expect(quiet.messages).toBe(0);
    // A loaded unit may change the dependencies of others: failing units are read once more.
    expect(busy.messages).toBeLessThan(2 * 12);
  });

  it('handles a failure of an unlisted unit at once, with a limited number of queries', async () => {
    const victim = await lab.unit('victim.service', sleeper);
    await lab.host.systemctl('enable', '--now', '--quiet', victim);
    const [, death] = await watching(lab, [{ forMs: 1_000 }, { run: killed(victim), opens: 'test-victim' }]);
    expect(death).toMatchObject({ cycles: 0, opened: ['test-victim'] });
    expect(death.messages).toBeLessThan(30);
  });

  it.each<[string, (units: string[]) => HealingOptions]>([
    ['no unit is listed', () => ({})],
    ['they are listed', (units) => ({ services: units })],
  ])('limits its work for units that flap as fast as systemd permits, if %s', async (_, engineFor) => {
    const units = await flapping(lab);
    const victim = await lab.unit('victim.service', sleeper);
    await lab.host.systemctl('enable', '--now', '--quiet', victim);
    const storming = units.filter((unit) => !unit.includes('pong'));
    const [, storm, death, later] = await watching(
      lab,
      [
        { forMs: 1_000 },
        { run: ['systemctl', 'start', '--no-block', ...storming], forMs: 5_000 },
        { run: killed(victim), opens: 'test-victim' },
        { forMs: 5_000 },
      ],
      engineFor([...units, victim]),
    );
    const restarts = Number(await lab.show('NRestarts', 'test-flap-1.service'));
    expect(restarts).toBeGreaterThan(100);
    for (const { looks, messages, ms, cycles } of [storm, death, later]) {
      const rounds = ms / APART_MS + 2;
      expect(cycles).toBe(0);
      expect(looks).toBeLessThan(rounds * (units.length + 1));
      expect(messages).toBeLessThan(rounds * (units.length + 1) * 20);
    }
    expect(death.opened).toContain('test-victim');
    // A blocked event loop would not have run the timer.
    expect(storm.ticks).toBeGreaterThan(100);
    expect(later.heapBytes).toBeLessThan(2 ** 21);
  });

  it('reports the loss of the bus once, recovers, and finds units that failed in between', async () => {
    const victim = await lab.unit('victim.service', sleeper);
    const next = await lab.unit('next.service', sleeper);
    await lab.host.systemctl('enable', '--now', '--quiet', victim, next);
    const [, lost, outage, back, after] = await watching(lab, [
      { forMs: 1_000 },
      { run: ['systemctl', 'stop', 'dbus.socket', 'dbus.service'], forMs: 1_000 },
      { run: killed(victim), forMs: 1_000 },
      { run: ['systemctl', 'start', 'dbus.socket', 'dbus.service'], opens: 'test-victim', forMs: 500 },
      { run: killed(next), opens: 'test-next' },
    ]);
    expect(lost.said).toEqual([expect.stringMatching(/^Changes of units are seen at each interval only: /)]);
    expect(outage).toMatchObject({ said: [], opened: [], cycles: 0 });
    expect(back.said.slice(0, -1)).toEqual(['Changes of units are seen at once again']);
    expect(back).toMatchObject({ opened: ['test-victim'], cycles: 0 });
    expect(after).toMatchObject({ opened: ['test-next'], cycles: 0, said: [expect.any(String)] });
  });
});
