import type { SimpleDetector } from '../detect/detector.js';
import { UNKNOWN_UNIT } from '../detect/services.js';
import { nearest } from '../base/expect.js';
import { componentOf } from '../model/unit-name.js';
import type { ComponentVerdict } from '../model/issue.js';
import { lazy } from '../base/lazy.js';
import type { EnginePorts } from '../repair/ports.js';
import { groupBy, namesOf, shapeOf } from '../report/group.js';
import { span } from '../base/format.js';
import { isLost, nextReadings, type ReadingRecords } from './lost-readings.js';
import type { ReadingRecord } from '../model/lost-reading.js';

/** Looks that ask whether systemd knows the names in `protect`, until it answers. */
const MOST_TRIES = 3;

const names = lazy(() => import('./unit-names.js'));
/** A warning without a hint is as true, and no look fails because there is no descriptor left to load one with. */
const loadedNames = () => names().catch(() => undefined);

type Ports = Pick<EnginePorts, 'host' | 'detector' | 'policy' | 'ledger' | 'logger' | 'emit'>;

/** Reports readings that were lost and those that are back: once, not in each cycle. */
export class LostReadings {
  readonly #ports: Ports;
  #records: ReadingRecords = new Map();
  #listed: ReadonlySet<string> | undefined;
  /** Looks that may still ask whether systemd knows the names in `protect`. */
  #unasked: number;

  constructor(ports: Ports) {
    this.#ports = ports;
    const { services } = ports.policy;
    this.#unasked = ports.policy.protect.some((entry) => !entry.endsWith('*')) ? MOST_TRIES : 0;
    this.#listed = services && new Set([...services.keys()].map(componentOf));
  }

  /** Readings that are lost now. */
  get now(): readonly ReadingRecord[] {
    return [...this.#records.values()].filter(isLost);
  }

  /** Whether nothing is lost, and nothing remembered. */
  get none(): boolean {
    return this.#records.size === 0;
  }

  /**
   * Takes the verdicts of a whole look. Returns a promise only where something has to be looked up before it is
   * reported: the name that was probably meant.
   */
  take(
    verdicts: readonly ComponentVerdict[],
    skip: (component: string) => boolean,
    signal: AbortSignal,
  ): Promise<void> | undefined {
    const readings = this.#takeReadings(verdicts, skip, signal);
    if (this.#unasked <= 0) return readings;
    return Promise.all([readings, this.#askOfProtect(signal)]).then(() => undefined);
  }

  #takeReadings(
    verdicts: readonly ComponentVerdict[],
    skip: (component: string) => boolean,
    signal: AbortSignal,
  ): Promise<void> | undefined {
    if (this.none && !verdicts.some(isUnknownVerdict)) return undefined;
    const { detector, ledger } = this.#ports;
    const { enabledChecks: enabled } = detector as Partial<SimpleDetector>;
    const facts = { listed: this.#listed, enabled, skip, now: ledger.now() };
    const { records, lost, back } = nextReadings(this.#records, verdicts, facts);
    this.#records = records;
    this.#reportBack(back, facts.now);
    const misspelled = lost.filter(({ reason }) => reason.startsWith(UNKNOWN_UNIT));
    this.#reportLost(lost.filter((one) => !misspelled.includes(one)));
    return misspelled.length === 0 ? undefined : this.#reportUnknown(misspelled, verdicts, signal);
  }

  /** Once, in the first look in which systemd answers; a host without systemd is not asked for ever. */
  async #askOfProtect(signal: AbortSignal): Promise<void> {
    this.#unasked -= 1;
    const loaded = await loadedNames();
    if (await loaded?.warnOfUnknownProtect(this.#ports, signal)) this.#unasked = 0;
  }

  async #reportUnknown(
    lost: readonly ReadingRecord[],
    verdicts: readonly ComponentVerdict[],
    signal: AbortSignal,
  ): Promise<void> {
    const loaded = await loadedNames();
    const ids = lost.map(({ component }) => component);
    const read = verdicts.filter(({ check, status }) => check === 'services' && status !== 'unknown');
    const all = new Set([
      ...read.map(({ component }) => component),
      ...((await loaded?.activeNames(this.#ports.host, signal)) ?? []),
    ]);
    const known = [...all].filter((name) => !ids.includes(name));
    for (const record of lost) {
      const meant = nearest(record.component, known);
      const reason = meant === undefined ? record.reason : `${record.reason}: did you mean \`${meant}\`?`;
      const key = [...this.#records].find(([, one]) => one === record)?.[0];
      const told = { ...record, reason };
      if (key !== undefined) this.#records = new Map([...this.#records, [key, told]]);
      this.#reportLost([told]);
    }
  }

  /** One line for all that have one cause. */
  #reportLost(lost: readonly ReadingRecord[]): void {
    const { emit, logger } = this.#ports;
    for (const { first, items } of groupBy(lost, causeOf))
      logger.warn(`Cannot read ${this.#namesOf(items)}: ${first.reason}`);
    for (const { component, check, reason } of lost) emit('reading:lost', { component, check, reason });
  }

  #reportBack(back: readonly ReadingRecord[], now: number): void {
    const { emit, logger } = this.#ports;
    for (const { first, items } of groupBy(back, causeOf))
      logger.info(`Can read ${this.#namesOf(items)} again after ${span(now - first.since)}`);
    for (const { component, check, since } of back)
      emit('reading:back', { component, check, forMs: now - since });
  }

  /** Names what a person listed, where one word stands for all of it. */
  #namesOf(records: readonly ReadingRecord[]): string {
    const names = records.flatMap(({ component, check }) =>
      component === 'services' && check === 'services' && this.#listed?.size
        ? [...this.#listed]
        : [component],
    );
    return namesOf([...new Set(names)]);
  }
}

/** What is alike but for names and numbers has one cause. */
const causeOf = ({ reason, component }: ReadingRecord): string => shapeOf(reason, component);

const isUnknownVerdict = ({ status }: ComponentVerdict): boolean => status === 'unknown';
