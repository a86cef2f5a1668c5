import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestHost } from '../host/TestHost.js';
import { ChaosHost } from './chaos-host.js';
import { EngineService } from './engine-service.js';
import { planFaults } from './faults.js';
import { Injector, type Injected } from './inject.js';
import { startsSince } from './journal.js';
import { repairsIn, violationsIn } from './judge.js';
import { DISK, LISTED, RESTARTING } from './services.js';
import { growthOf, percentile, tally, timesToBack, type Growth } from './summary.js';

const STATE = '/var/lib/chaos/state.json';

/** Every duration is shortened, so that minutes cover what takes days; budgets are per hour, and increased. */
const GUARDS = {
  settleMs: { service: 150 },
  backoff: { firstMs: 200, maxMs: 1_500, resetAfterMs: 2_000 },
  breaker: { openMs: 2_000, humanResetMs: 4_000 },
  budget: { componentPerHour: 100_000, hostPerHour: 100_000 },
  storm: { withinMs: 1_000, calmMs: 1_500 },
};

/** Result of a chaos run. */
export interface ChaosReport {
  /** Readable summary. */
  readonly text: string;
  readonly injected: readonly Injected[];
  /** Repairs that the engine itself proved. */
  readonly fixed: number;
  /** Violations; empty if there are none. */
  readonly violations: readonly string[];
  /** Processes of the engine that remained after its end. */
  readonly leftProcesses: readonly string[];
  readonly growth: readonly Growth[];
  /** Identifies the runs of units that must not be affected, before and after. */
  readonly bystanders: { readonly before: Map<string, string>; readonly after: Map<string, string> };
  /** Standard error of the engines, each line once. */
  readonly complaints: readonly string[];
}

/**
 * Injects the faults of a seed into a host with an engine, fixes them, waits until all is healthy, and evaluates the
 * records. If `CHAOS_RECORDS` is set to a folder, the records are kept there.
 */
export async function runChaos(host: TestHost, seed: number, count: number): Promise<ChaosReport> {
  const chaos = new ChaosHost(host);
  await chaos.prepare();
  const engine = new EngineService(host);
  await engine.install({
    interval: 0.2,
    options: { services: LISTED, enabledChecks: ['services', 'disk'], guards: GUARDS, state: STATE },
    clean: { [DISK.component]: DISK.cache },
  });
  const before = await chaos.runs();
  const begun = Date.now();
  await engine.start();

  const injector = new Injector(chaos, engine, STATE);
  for (const fault of planFaults(seed, count)) await injector.inject(fault);
  await injector.mendAll();
  // Repairing everything also ends the crash loop.
  await chaos.start(RESTARTING, 'restart');
  const mended = Date.now();
  const unwell = await chaos.untilWell(engine);
  const well = Date.now();
  // Waits for a while, so that temporary resources are released.
  await sleep(3_000);
  const after = await chaos.runs();
  await engine.stop();

  const told = await engine.told();
  const called = await engine.called();
  const starts = await startsSince(host, begun);
  const { injected, forbidden, interrupted, stateLost, killedInRepair, problems } = injector;
  const records = { told, called, starts, deeds: chaos.deeds, forbidden, interrupted, stateLost };
  const folder = process.env['CHAOS_RECORDS'];
  if (folder !== undefined)
    await writeFile(`${folder}/chaos-${seed}-${count}.json`, JSON.stringify({ ...records, injected }));

  const repairs = repairsIn(told);
  const back = timesToBack(injected, starts);
  const growth = growthOf(told);
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const longest = [...growth].sort((a, b) => b.samples - a.samples).slice(0, 3);
  const text = [
    `Chaos of seed ${seed}: ${count} faults in ${seconds(mended - begun)}; all well ${seconds(well - mended)} after the last was mended`,
    `  faults: ${tally(injected.map(({ fault }) => fault.kind))}`,
    `  repairs: ${tally(repairs.map(({ started, done }) => `${started.action} ${done ? (done.outcome ?? 'skipped') : 'interrupted'}`))}`,
    `  blocked: ${tally(told.flatMap(({ event, blockedBy }) => (event === 'blocked' ? [blockedBy ?? ''] : [])))}`,
    `  told: ${tally(told.map(({ event }) => event))}`,
    `  engine killed in mid-repair ${killedInRepair} times, open intents found ${interrupted.length}, state lost ${stateLost.length} times`,
    `  from fault to service back: p50 ${seconds(percentile(back, 0.5))}, p99 ${seconds(percentile(back, 0.99))} (${back.length})`,
    ...longest.map(
      ({ seconds: lived, fdsEarly, fdsLate, rssEarly, rssLate }) =>
        `  an engine that lived ${lived.toFixed(0)} s: descriptors ${fdsEarly} → ${fdsLate}, RSS ${mebibytes(rssEarly)} → ${mebibytes(rssLate)}`,
    ),
  ].join('\n');
  return {
    text,
    injected,
    fixed: repairs.filter(({ done }) => done?.outcome === 'fixed').length,
    violations: [
      ...(unwell === undefined ? [] : [unwell]),
      ...problems,
      ...violationsIn({
        ...records,
        injectedAt: injected.map(({ at }) => at),
        calmMs: GUARDS.storm.calmMs,
      }),
    ],
    leftProcesses: await engine.processes(),
    growth,
    bystanders: { before, after },
    complaints: [...new Set((await engine.stderr()).replaceAll(/^\(node:\d+\) /gm, '').split('\n'))].filter(
      Boolean,
    ),
  };
}
