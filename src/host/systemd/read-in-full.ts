import type { DbusCalls, UnitRef } from './dbus-calls.js';
import { dbusProperties, unitPath } from './dbus-properties.js';
import type { Session } from './dbus-session.js';
import { allDrags } from './drags-along.js';
import { dragsOf, merged, unitFacts, type UnitFacts } from './unit-facts.js';

/** Reads all facts of units, and keeps them until they change. */
export async function readInFull(
  { watch, known, now }: Session,
  calls: DbusCalls,
  refs: ReadonlyMap<string, UnitRef>,
): Promise<Map<string, UnitFacts>> {
  if (refs.size === 0) return new Map();
  const units = [...refs].map(([name, unit]) => ({ name, unit }));
  const readAt = now();
  watch.follow(units.map(({ unit }) => unit.path));
  const before = units.map(({ unit }) => watch.mark([unit.path]));
  const values = await Promise.all(units.map(({ unit }) => calls.properties(unit)));
  const bags = values.map(dbusProperties);

  const triggers = merged(...bags.map((bag) => bag.words('TriggeredBy')));
  watch.follow(triggers.map(unitPath));
  const beforeTriggers = bags.map((bag) => watch.mark(bag.words('TriggeredBy').map(unitPath)));
  const direct = new Map(bags.map((bag) => [bag.text('Id'), dragsOf(bag)]));
  const [states, drags, jobs] = await Promise.all([
    calls.named(triggers),
    allDrags(direct, (others) => calls.drags(others)),
    Promise.all(units.map(({ unit }, index) => calls.job(unit, values[index] ?? {}))),
  ]);
  const stateOf = (trigger: string): string => states[triggers.indexOf(trigger)]?.activeState ?? '';

  const read = new Map<string, UnitFacts>();
  for (const [index, bag] of bags.entries()) {
    const { name } = units[index]!;
    const { globalChanges, changes } = before[index]!;
    const facts = unitFacts(name, bag, {
      job: jobs[index]!,
      stateOf,
      dragsAlong: drags.get(bag.text('Id')) ?? [],
    });
    read.set(name, facts);
    watch.noteAbsent(units[index]!.unit.path, facts.loadState === 'not-found');
    const mark = { globalChanges, changes: new Map([...changes, ...beforeTriggers[index]!.changes]) };
    known.keep(name, facts, mark, readAt);
  }
  return read;
}
