import { env } from 'node:process';
import { HEALTHY } from './checks.mjs';
import { loadSource } from './host.mjs';
import { median, spread } from './statistics.mjs';

const GROWTH = {
  units: [10, 100, 1_000],
  mounts: [10, 100, 1_000],
  checks: [10, 100, 1_000, 10_000],
  engines: [1, 10, 100],
};
const UNIT = 'bench-victim.service';
const PORT = 47_012;
const FIRST_REPAIRS = 5;

/** Each measures in a booted host. `size` is `quick`, `usual` or `full`; `say` tells how far it is. */
export const PARTS = {
  /** Contenders in turns. */
  async speed({ probe, floor }, { size }) {
    const turns = { quick: { rounds: 3, turnMs: 150, warmUpMs: 1_000 } }[size] ?? {};
    return probe('turns.mjs', { rounds: 9, turnMs: 250, warmUpMs: 2_000, ...turns, floor: await floor() });
  },

  /** Fresh processes, and the heap. */
  start({ probe }, { size }) {
    const processes = { quick: 3, usual: 9, full: 15 }[size];
    const cycles = { quick: 20_000, usual: 100_000, full: 1_000_000 }[size];
    return probe('start.mjs', { processes, cycles, thresholds: HEALTHY }, { minutes: 30 });
  },

  /** Programs that run for days: ours and its peers, side by side. */
  steady({ probe }, { size }) {
    const [settleSeconds, seconds] = { quick: [5, 20], usual: [120, 180], full: [120, 600] }[size];
    return probe('steady.mjs', { settleSeconds, seconds, thresholds: HEALTHY }, { minutes: 20 });
  },

  /** From the death of a service until it is known, and until it runs again; beside Monit with its shortest cycle. */
  async latency({ host }, { size, say }) {
    const { letDie, OFTEN, victim } = await loadSource('../test/system/victim.ts');
    const deaths = Number(env.DEATHS ?? { quick: 20, usual: 300, full: 1_000 }[size]);
    const engine = { enabledChecks: ['services'], services: [UNIT], guards: OFTEN };
    const die = (given) => letDie(host, { unit: UNIT, port: PORT, ...given });
    await host.writeUnit(UNIT, victim(PORT));
    await host.systemctl('enable', '--quiet', UNIT);
    const floor = await die({ deaths, bare: true });
    say(`${deaths} deaths, a bare listener`);
    const ours = await die({ deaths, engine });
    say(`${deaths} deaths, the engine: known p50 ${spread(known(ours)).p50} ms`);
    const firsts = [];
    for (let index = 0; index < FIRST_REPAIRS; index++)
      firsts.push(...begun(await die({ deaths: 1, engine })));
    say(`first repair of a process: begins after ${median(firsts).toFixed(0)} ms`);
    const rule = `check process victim matching "sleep infinity"
  start program = "/usr/bin/systemctl restart ${UNIT}"
  stop program = "/bin/true"
`;
    await startMonit(host, `set daemon 1\n${rule}`);
    const monitDeaths = Math.ceil(deaths / 5);
    const theirs = await die({ deaths: monitDeaths, calmMs: 1_500 });
    await host.systemctl('stop', 'bench-monit.service');
    say(`${monitDeaths} deaths, Monit`);
    const samples = { floor: known(floor), known: known(ours), back: back(ours), monitBack: back(theirs) };
    const cleared = ours.times.flatMap(({ clearedMs }) => clearedMs ?? []);
    return {
      ...{ deaths, monitDeaths, configured: engine, outcomes: ours.outcomes, wholeLooks: ours.wholeLooks },
      floor: spread(samples.floor),
      known: spread(samples.known),
      back: spread(samples.back),
      begun: spread(begun(ours)),
      firstBegun: { ...spread(firsts), count: firsts.length },
      cleared: { ...spread(cleared), late: ours.times.length - cleared.length },
      monitBack: spread(samples.monitBack),
      samples,
    };
  },

  /** A cycle over more and more of something. */
  async growth({ probe }, { size }) {
    const curves = [];
    for (const [what, sizes] of Object.entries(GROWTH)) {
      const given = { what, sizes: size === 'quick' ? sizes.slice(0, -1) : sizes };
      // A thousand mounts would otherwise become a thousand units of systemd.
      const prefix = what === 'mounts' ? ['unshare', '--mount', '--propagation', 'private'] : [];
      curves.push(...(await probe('growth.mjs', given, { prefix })));
    }
    return { curves: curves.map((curve) => ({ ...curve, exponent: exponentOf(curve.rows) })) };
  },

  /** Faults of real servers, with our ready-made checks and with Monit. */
  async servers({ host }, { size, say }) {
    const { measureServers } = await loadSource('./servers.ts');
    return measureServers(host, { say, quick: size === 'quick' });
  },
};

const known = ({ times }) => times.flatMap(({ knownMs }) => knownMs ?? []);
const begun = ({ times }) => times.flatMap(({ begunMs }) => begunMs ?? []);
const back = ({ times }) => times.map(({ backMs }) => backMs);

/** Power of the number that the time grows with, over the last tenfold: 1 is linear. */
function exponentOf(rows) {
  const [less, more] = rows.slice(-2);
  return Math.log(more.cpuUs / less.cpuUs) / Math.log(more.size / less.size);
}

async function startMonit(host, rules) {
  await host.writeFile('/etc/bench-monitrc', `set log /var/log/monit.log\n${rules}`, 0o600);
  const command = '/usr/bin/monit -I -c /etc/bench-monitrc';
  await host.writeUnit('bench-monit.service', `[Service]\nExecStart=${command}\nStandardOutput=null\n`);
  await host.systemctl('start', 'bench-monit.service');
}
