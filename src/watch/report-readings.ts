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

/** Number of looks in which the names in `protect` are checked, until systemd answers. */
const MOST_TRIES = 3;

const names = lazy(() => import('./unit-names.js'));
/** Hints are optional: no look fails because they cannot be loaded. */
const loadedNames = () => names().catch(() => undefined);

type Ports = Pick<EnginePorts, 'host' | 'detector' | 'policy' | 'ledger' | 'logger' | 'emit'>;

/** Reports lost readings and those that are back, once each. */
export class LostReadings {
  readonly #ports: Ports;
  #records: ReadingRecords = new Map();
  #listed: ReadonlySet<string> | undefined;
  /** Remaining looks in which the names in `protect` are checked. */
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

  /** True if nothing is lost and nothing is on record. */
  get none(): boolean {
    return this.#records.size === 0;
  }

  /**
   * Applies the verdicts of a full look. Returns a promise only where a name has to be looked up for the report.
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

  /** Runs once, in the first look in which systemd answers; gives up on a host without systemd. */
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

  /** Logs one line for all readings with the same cause. */
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

  /** Returns the names of readings, or the option that stands for all of them. */
  #namesOf(records: readonly ReadingRecord[]): string {
    const names = records.flatMap(({ component, check }) =>
      component === 'services' && check === 'services' && this.#listed?.size
        ? [...this.#listed]
        : [component],
    );
    return namesOf([...new Set(names)]);
  }
}

/** Returns the key of a cause: the reason without names and numbers. */
const causeOf = ({ reason, component }: ReadingRecord): string => shapeOf(reason, component);

const isUnknownVerdict = ({ status }: ComponentVerdict): boolean => status === 'unknown';
