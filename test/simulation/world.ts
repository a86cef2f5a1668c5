import { unknown } from '../../src/model/reading.js';
import {
  fakeHost,
  memoryReading,
  mountReading,
  unitReading,
  type FakeClock,
} from '../../src/testing/index.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Services that the simulated host must keep running. */
export const SERVICES = ['api', 'broken', 'cache', 'db', 'flapping', 'leaky', 'mail', 'queue', 'web'];

/** Services that fail together on the fourth day, because of a common cause. */
export const STORM = ['api', 'cache', 'db', 'mail', 'queue', 'web'];

/** Times of the events, from the beginning of the week. */
export const SCRIPT = {
  apiDies: 3 * HOUR,
  brokenForGood: 8 * HOUR,
  flapping: { from: DAY, until: 2 * DAY },
  probeThrows: { from: 2 * DAY, until: 3 * DAY },
  storm: 3 * DAY + 12 * HOUR,
  diskFull: { from: 4 * DAY + 12 * HOUR, until: 5 * DAY + 12 * HOUR },
  personMendsBroken: 5 * DAY,
} as const;

/** Growth of the memory leak, in percent a minute. */
const LEAK = 0.15;
/** Time that the flapping service lives after each start. */
const FLAP_LIFE = 2 * MINUTE;

/** Host whose problems follow a script, by the given clock. */
export class SimulatedHost {
  readonly host = fakeHost({ units: SERVICES.map((name) => unitReading({ name })) });
  readonly #clock: FakeClock;
  readonly #happened = new Set<string>();
  #leakSince = 0;
  #flapStarted = 0;
  #runs = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    const { read } = this.host;
    this.host.read = (request) => {
      this.#pass();
      return read(request);
    };
  }

  /** Part that a custom check reads: on the third day the check itself throws. */
  probe(): void {
    const { from, until } = SCRIPT.probeThrows;
    if (this.#within(from, until)) throw new Error('the probe itself is broken');
  }

  /** Effect of an action. */
  act(action: string, service: unknown): void {
    if (action === 'recycle_leaky') this.#leakSince = this.#clock.monotonic();
    if (action !== 'restart_service' || typeof service !== 'string') return;
    const mended = this.#clock.monotonic() >= SCRIPT.personMendsBroken;
    if (service === 'broken' && this.#happened.has('broken') && !mended)
      return this.#die(service, 'exit-code');
    this.#runs += 1;
    const invocationId = this.#runs.toString(16).padStart(32, '0');
    this.host.setUnit(service, {
      activeState: 'active',
      subState: 'running',
      result: 'success',
      invocationId,
    });
    if (service === 'flapping') this.#flapStarted = this.#clock.monotonic();
  }

  #pass(): void {
    const now = this.#clock.monotonic();
    this.#once('api', now >= SCRIPT.apiDies, () => this.#die('api', 'signal'));
    this.#once('broken', now >= SCRIPT.brokenForGood, () => this.#die('broken', 'exit-code'));
    this.#once('storm', now >= SCRIPT.storm, () => STORM.forEach((name) => this.#die(name, 'signal')));
    const { from, until } = SCRIPT.flapping;
    if (this.#within(from, until) && now - this.#flapStarted >= FLAP_LIFE) this.#die('flapping', 'exit-code');
    const full = this.#within(SCRIPT.diskFull.from, SCRIPT.diskFull.until);
    this.host.set({
      memory: memoryReading(Math.min(99, 50 + (LEAK * (now - this.#leakSince)) / MINUTE)),
      mounts: [
        mountReading({ mountPoint: '/', percent: 40 }),
        mountReading({ mountPoint: '/var', percent: full ? 97 : 60 }),
      ],
      pressure: unknown('not simulated'),
    });
  }

  #die(name: string, result: string): void {
    this.host.setUnit(name, { activeState: 'failed', subState: 'failed', result, invocationId: '' });
  }

  #once(what: string, when: boolean, happen: () => void): void {
    if (!when || this.#happened.has(what)) return;
    this.#happened.add(what);
    happen();
  }

  #within(from: number, until: number): boolean {
    const now = this.#clock.monotonic();
    return now >= from && now < until;
  }
}
