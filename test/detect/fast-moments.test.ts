import { env } from 'node:process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SimpleDetector } from '../../src/detect/detector.js';
import { isBad } from '../../src/detect/issue-from.js';
import type { Host } from '../../src/host/host.js';
import { isUnknown, type Reading } from '../../src/model/reading.js';
import type { Gauges, Snapshot, UnitsReading } from '../../src/model/snapshot.js';
import type { ComponentVerdict, Verdict } from '../../src/model/issue.js';
import {
  fakeClock,
  failedUnit,
  healthySnapshot,
  memoryReading,
  mountReading,
  unitReading,
} from '../../src/testing/index.js';

/** Number of made-up moments; 10^5 by command. */
const MOMENTS = Number(env['FAST_MOMENTS'] ?? 1_500);
const SEED = 20261128;
const PER_HISTORY = 15;
const CHECKS = ['cpu', 'memory', 'disk', 'load', 'services', 'system', 'door', 'lamp'] as const;

const gone = { unknown: 'the file is gone' };
/** Mostly calm, so that the fast path is taken. */
const rarely = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
const unitsOf = (...troubled: UnitsReading['troubled']): UnitsReading => ({
  asked: [unitReading({ name: 'nginx.service' })],
  troubled,
});

const moment = fc.record({
  cpu: rarely<Gauges['cpu']>({ percent: 5, cpus: 2 }, { percent: 97, cpus: 2 }, gone),
  memory: rarely<Snapshot['memory']>(memoryReading(40), memoryReading(99), gone),
  load: rarely<Snapshot['load']>(
    { one: 0.5, five: 0, fifteen: 0, cpus: 2 },
    { one: 90, five: 0, fifteen: 0, cpus: 2 },
    gone,
  ),
  mounts: rarely<Snapshot['mounts']>([mountReading()], [mountReading({ percent: 99 })], [], gone),
  units: rarely<Reading<UnitsReading>>(
    unitsOf(),
    unitsOf(failedUnit({ name: 'worker.service' })),
    {
      asked: [unitReading({ name: 'nginx.service', activeState: 'activating', job: 'start' })],
      troubled: [],
    },
    { asked: [failedUnit({ name: 'nginx.service' })], troubled: [] },
    gone,
  ),
  state: rarely<Reading<string>>('running', 'degraded', 'maintenance', 'starting', gone),
  newKills: rarely(0, 1, 3),
  killsUnknown: rarely(false, true),
  door: rarely<Verdict['status']>('ok', 'bad', 'unknown'),
  lamp: rarely<Verdict['status']>('ok', 'bad', 'unknown'),
  enabled: rarely<readonly string[]>(CHECKS, CHECKS.slice(0, 6), ['services'], ['lamp', 'system', 'cpu']),
  cpuPercent: rarely(80, 3),
  secondsLater: fc.constantFrom(1, 1, 1, 30, 700),
  waits: rarely(false, true),
});
type Moment = typeof moment extends fc.Arbitrary<infer T> ? T : never;

/** Host at a moment. Equal units in a row are the same frozen object, as those of systemd. */
class MomentHost {
  kills = 0;
  #is: Moment | undefined;
  #units: Reading<UnitsReading> = gone;
  #key = '';
  readonly #made = {
    units: gone as Reading<UnitsReading>,
    state: gone as Reading<string>,
    oomKills: gone as Reading<number>,
  };

  enter(is: Moment): void {
    this.#is = is;
    this.kills += is.newKills;
    const key = JSON.stringify(is.units);
    const isCalm = !isUnknown(is.units) && is.units.troubled.length === 0;
    if (key !== this.#key) this.#units = isCalm ? Object.freeze({ ...is.units }) : is.units;
    this.#key = key;
  }

  get #oomKills(): Reading<number> {
    return this.#is?.killsUnknown ? gone : this.kills;
  }

  host(isFast: boolean): Host {
    const live = { ...healthySnapshot(), read: () => !!Object.assign(live, this.#gauges()) };
    const plain: Host = { read: () => this.#read() };
    if (!isFast) return plain;
    const recent: Host['recent'] = () => {
      if (this.#is?.waits) return undefined;
      return Object.assign(this.#made, {
        units: this.#units,
        state: this.#is?.state,
        oomKills: this.#oomKills,
      });
    };
    return { ...plain, recent, liveGauges: () => live };
  }

  #gauges(): Gauges {
    const { cpu, memory, load, mounts } = structuredClone(this.#is!);
    return { cpu, memory, load, mounts };
  }

  #read(): Snapshot {
    const { state, cpu, memory, load, mounts } = this.#is!;
    const system = { nixos: gone, oomKills: this.#oomKills, state };
    return { ...healthySnapshot(), cpu, memory, load, mounts, units: this.#units, system };
  }
}

it(`FastLook finds in any history what a full look finds, or leaves it to one: ${MOMENTS} moments, seed ${SEED}`, async () => {
  let fast = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(moment, { minLength: PER_HISTORY, maxLength: PER_HISTORY }),
      async (history) => {
        const machine = new MomentHost();
        const clock = fakeClock();
        let now: Moment | undefined;
        let enabled: readonly string[] | undefined;
        const answer = (status: Verdict['status']): Verdict => ({ status, reason: `It is ${status}` });
        const checks = [
          {
            name: 'door',
            component: 'door',
            type: 'service',
            parts: [],
            every: 20,
            run: () => answer(now!.door),
          },
          {
            name: 'lamp',
            component: 'lamp',
            type: 'service',
            parts: [],
            every: 600,
            run: () => answer(now!.lamp),
          },
        ] as const;
        const [quick, plain] = [true, false].map(
          (isFast) => new SimpleDetector({ host: machine.host(isFast), services: ['nginx'], checks, clock }),
        ) as [SimpleDetector, SimpleDetector];
        const glance = quick.glance()!;
        for (const is of history) {
          now = is;
          machine.enter(is);
          await clock.advance(is.secondsLater * 1_000);
          for (const detector of [quick, plain]) {
            if (is.enabled !== enabled) detector.enabledChecks = is.enabled;
            detector.thresholds.cpuPercent = is.cpuPercent;
          }
          enabled = is.enabled;
          const whole = await plain.look({ recent: true });
          const well = glance.look(true);
          if (well !== undefined) {
            fast += 1;
            expect(well).toBe(!whole.some(isBad));
            // What is in transition is no lasting health: only a full look records that.
            expect(whole.some(({ transient }) => transient)).toBe(false);
          }
          const seen = well === undefined ? await quick.look({ recent: true }) : glance.verdicts();
          expect(plainly(seen)).toEqual(plainly(whole));
        }
      },
    ),
    { numRuns: Math.ceil(MOMENTS / PER_HISTORY), seed: SEED },
  );
  // The comparison means something only if the fast path is taken.
  expect(fast).toBeGreaterThan(MOMENTS / 20);
}, 600_000);

/** Copies verdicts, whose sentences are made when they are read. */
const plainly = (verdicts: readonly ComponentVerdict[]): unknown[] =>
  verdicts.map((verdict) => ({ ...verdict }));
