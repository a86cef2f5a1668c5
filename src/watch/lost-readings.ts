import { BUILT_IN_CHECKS, isBuiltInCheck } from '../model/built-in-checks.js';
import type { ComponentVerdict } from '../model/issue.js';
import { shapeOf } from '../report/group.js';
import type { LostReading, ReadingRecord } from '../model/lost-reading.js';

export type ReadingRecords = ReadonlyMap<string, ReadingRecord>;

/** Facts for the search for lost readings. */
export interface ReadingFacts {
  /** Components of the listed units; `undefined` when no units are listed. */
  readonly listed: ReadonlySet<string> | undefined;
  /** Names of the checks that run; `undefined` when that is not known. */
  readonly enabled: readonly string[] | undefined;
  /** Returns whether a component is skipped: in repair, or read again since. */
  readonly skip: (component: string) => boolean;
  /** Steady time, in milliseconds. */
  readonly now: number;
}

/** Changes to report after a look. */
export interface ReadingChanges {
  readonly records: ReadingRecords;
  readonly lost: readonly ReadingRecord[];
  readonly back: readonly ReadingRecord[];
}

/** Time for which a reading that comes and goes is not reported again for the same reason, in milliseconds. */
const QUIET_MS = 5 * 60_000;
/** Maximum number of different reasons reported for one reading within that time. */
const MOST_REASONS = 8;
/** Number of looks that a check needs before its first value: CPU use needs two readings. */
const PATIENCE: Readonly<Record<string, number>> = { cpu: 2 };

/** Returns whether a reading is lost now. */
export const isLost = ({ check, looks }: ReadingRecord): boolean => looks >= (PATIENCE[check] ?? 1);

/** Computes the changes after a full look. Pure. */
export function nextReadings(
  before: ReadingRecords,
  verdicts: readonly ComponentVerdict[],
  facts: ReadingFacts,
): ReadingChanges {
  const readings = new Map(reliedOn(verdicts, facts).map((one) => [keyOf(one), one]));
  // Where no unit could be read, single units are not reported.
  const noUnits = readings.get(keyOf(SERVICES))?.unknown === true;
  for (const [key, record] of before) {
    const isUnit = record.check === SERVICES.check && record.component !== SERVICES.component;
    if (isUnit && noUnits) continue;
    // The check ran and has no verdict on it any more.
    if (!readings.has(key) && isEnabled(record.check, facts))
      readings.set(key, { ...record, unknown: false });
  }
  const records = new Map<string, ReadingRecord>();
  const lost: ReadingRecord[] = [];
  const back: ReadingRecord[] = [];
  for (const [key, record] of before) {
    const isHeldBack = facts.skip(record.component) || !readings.has(key);
    if (isHeldBack && isEnabled(record.check, facts)) records.set(key, record);
  }
  for (const [key, reading] of readings) {
    if (facts.skip(reading.component)) continue;
    const record = before.get(key);
    if (!reading.unknown) {
      if (record?.reported) back.push(record);
      const remembered = knownNow(record, facts.now);
      if (remembered) records.set(key, remembered);
      continue;
    }
    const { next, isNews } = unknownNow(record, reading, facts.now);
    records.set(key, next);
    if (isNews) lost.push(next);
  }
  return { records, lost, back };
}

function unknownNow(
  record: ReadingRecord | undefined,
  reading: LostReading,
  now: number,
): { readonly next: ReadingRecord; readonly isNews: boolean } {
  const { component, check, reason, listed } = reading;
  const looks = (record?.looks ?? 0) + 1;
  const since = record === undefined || record.looks === 0 ? now : record.since;
  const quiet = record !== undefined && now - record.saidAt < QUIET_MS;
  const said = quiet ? record.said : record?.reported ? record.said.slice(-1) : [];
  const form = shapeOf(reason, component);
  const next = {
    ...{ component, check, listed, looks, since, form },
    ...{ said, saidAt: record?.saidAt ?? -Infinity, reported: record?.reported ?? false },
  };
  const isNews = isLost({ ...next, reason }) && !said.includes(form) && said.length < MOST_REASONS;
  // A sentence that differs only in its numbers stays as it was first.
  const same = record?.form === form && record.looks > 0;
  return {
    isNews,
    next: isNews
      ? { ...next, reason, reported: true, said: [...said, form], saidAt: now }
      : { ...next, reason: same ? record.reason : reason },
  };
}

/** Returns the record of a reading that is known again. */
const knownNow = (record: ReadingRecord | undefined, now: number): ReadingRecord | undefined =>
  record !== undefined && now - record.saidAt < QUIET_MS
    ? { ...record, looks: 0, reported: false }
    : undefined;

const SERVICES = { component: 'services', check: 'services' } as const;
const keyOf = ({ check, component }: Pick<LostReading, 'check' | 'component'>): string =>
  `${check} ${component}`;
const isEnabled = (check: string, { enabled }: ReadingFacts): boolean =>
  enabled === undefined || enabled.length === 0 || enabled.includes(check);

interface Relied extends LostReading {
  readonly unknown: boolean;
}

/** Returns the relied-on readings: listed units, checks of the host program, and each built-in check. */
function reliedOn(verdicts: readonly ComponentVerdict[], { listed }: ReadingFacts): Relied[] {
  const relied: Relied[] = [];
  for (const { check, component, status, reason } of verdicts) {
    const unknown = status === 'unknown';
    if (check === SERVICES.check) {
      const all = component === SERVICES.component;
      if (all) relied.push({ check, component, unknown, reason, listed: listed !== undefined });
      else if (listed?.has(component)) relied.push({ check, component, unknown, reason, listed: true });
    } else if (!isBuiltInCheck(check)) relied.push({ check, component, unknown, reason, listed: true });
  }
  for (const check of BUILT_IN_CHECKS) {
    if (check === SERVICES.check) continue;
    // The verdict on the generation comes from a record, not from a reading.
    const of = verdicts.filter((one) => one.check === check && one.component !== 'system');
    const [first] = of;
    if (first === undefined) continue;
    const unknown = of.every(({ status }) => status === 'unknown');
    relied.push({ check, component: check, unknown, reason: first.reason, listed: false });
  }
  return relied;
}
