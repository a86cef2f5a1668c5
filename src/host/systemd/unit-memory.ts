import { unknown, type Reading } from '../reading.js';
import type { UnitsReading } from '../snapshot.js';
import type { UnitReading } from '../unit.js';
import { createJournal, type JournalOptions } from './journal.js';
import { addSample, recentRestarts, type RestartHistory } from './restart-history.js';
import type { UnitFacts, UnitsFacts } from './unit-facts.js';

/** A unit that was not read for this long is forgotten. */
const FORGET_AFTER_MS = 600_000;

/** What only more than one reading, or the journal, can tell of units. */
export interface UnitMemory {
  /** Units other than these whose restarts are being counted, though nobody asked for them. */
  restarting(named: readonly string[]): readonly string[];
  /** Makes whole readings of what systemd said, in the order of the names asked for. */
  complete(names: readonly string[], facts: UnitsFacts, signal?: AbortSignal): Promise<UnitsReading>;
}

/** Makes the memory of one reader. */
export function createUnitMemory(options: JournalOptions): UnitMemory {
  const { now } = options;
  const journal = createJournal(options);
  const histories = new Map<string, RestartHistory>();
  const wholes = new WeakMap<UnitFacts, UnitReading>();

  function remember(facts: UnitFacts, at: number): number {
    const { id, restarts, invocationId, activeState } = facts;
    const known = histories.get(id);
    // A unit may be read under two names at once.
    const history =
      known?.last.at === at
        ? known
        : addSample(known, { at, restarts, invocationId, active: activeState === 'active' });
    histories.set(id, history);
    return recentRestarts(history);
  }

  /** Facts that did not change make the same reading again. */
  function whole(unit: UnitFacts, stoppedByJob: Reading<boolean>, at: number): UnitReading {
    const recent = remember(unit, at);
    const known = wholes.get(unit);
    if (known?.recentRestarts === recent && known.stoppedByJob === stoppedByJob) return known;
    const reading: UnitReading = Object.freeze({ ...unit, recentRestarts: recent, stoppedByJob });
    wholes.set(unit, reading);
    return reading;
  }

  return {
    restarting(named) {
      return [...histories].flatMap(([id, history]) =>
        recentRestarts(history) > 0 && !named.includes(id) ? [id] : [],
      );
    },

    async complete(names, facts, signal) {
      const at = now();
      for (const [id, { last }] of histories) if (at - last.at > FORGET_AFTER_MS) histories.delete(id);

      const byName = new Map(facts.asked.map((unit) => [unit.name, unit]));
      const unexplained = names.flatMap((name) => byName.get(name) ?? []).filter(isUnexplained);
      const runs = new Set(unexplained.map((unit) => unit.invocationId).filter((id) => id !== ''));
      const stops = await journal.stoppedByJob([...runs], signal);

      const asked = names.map((name) => {
        const unit = byName.get(name);
        return unit === undefined ? notFound(name) : whole(unit, stopOf(unit, stops), at);
      });
      const named = new Set(names);
      const followed = facts.asked.filter((unit) => !named.has(unit.name));
      const found = new Map([...followed, ...facts.troubled].map((unit) => [unit.id, unit]));
      const isTroubled = (unit: UnitReading): boolean =>
        unit.recentRestarts > 0 || facts.troubled.some(({ id }) => id === unit.id);
      const troubled = [...found.values()].map((unit) => whole(unit, NOT_LOOKED_UP, at)).filter(isTroubled);
      return { asked, troubled };
    },
  };
}

const NOT_LOOKED_UP = unknown(
  'looked up only for a listed unit that is inactive without another explanation',
);

/** Whether a unit is down and nothing that systemd says of it tells why. */
function isUnexplained(unit: UnitFacts): boolean {
  if (unit.activeState !== 'inactive' || unit.loadState !== 'loaded' || unit.unitFileState === 'disabled')
    return false;
  return unit.conditionMet && !unit.triggeredBy.some(({ activeState }) => activeState === 'active');
}

function stopOf(unit: UnitFacts, stops: ReadonlyMap<string, Reading<boolean>>): Reading<boolean> {
  if (!isUnexplained(unit)) return NOT_LOOKED_UP;
  if (unit.invocationId !== '') return stops.get(unit.invocationId) ?? NOT_LOOKED_UP;
  // systemd forgets a unit that nothing refers to; one that is wanted it keeps, so this one has really not run.
  return unit.wantedBy.length > 0 ? false : unknown('systemd does not know its last run any more');
}

/** What cannot even be the name of a unit. */
const notFound = (name: string): UnitReading => ({
  name,
  id: name,
  names: [name],
  loadState: 'not-found',
  activeState: 'inactive',
  subState: 'dead',
  unitFileState: '',
  type: '',
  result: '',
  exitStatus: 0,
  transient: false,
  canReload: false,
  invocationId: '',
  restarts: 0,
  recentRestarts: 0,
  activeSince: 0,
  inactiveSince: 0,
  conditionMet: true,
  job: '',
  triggeredBy: [],
  wantedBy: [],
  dragsAlong: [],
  requires: [],
  needs: [],
  startTimeoutMs: Infinity,
  stopTimeoutMs: Infinity,
  stoppedByJob: NOT_LOOKED_UP,
});
