import type { UnitCircumstances } from '../../model/unit-circumstances.js';
import type { UnitFacts, UnitSource } from './unit-facts.js';

type Membership = Pick<UnitCircumstances, 'members' | 'memberOf'>;

/** A unit without a process of its own that stays active whatever becomes of its members. */
export const isUmbrella = ({ type, remainsAfterExit }: UnitFacts): boolean =>
  type === 'oneshot' && remainsAfterExit;

/** The pattern of the instances that belong to a unit of the same name: `postgresql@*.service`. */
export const instancePattern = (id: string): string => id.replace(/\.service$/, '@*.service');

/** The unit that an instance belongs to by its name: `postgresql.service` of `postgresql@15-main.service`. */
const namesake = (id: string): string | undefined => /^([^@]+)@.+\.service$/.exec(id)?.[1];

/**
 * The members of each unit that speaks for others, and what each unit is a member of, by primary name: members are those
 * of `ConsistsOf=`, and the loaded instances of the template of the same name.
 */
export async function umbrellasOf(
  units: readonly UnitFacts[],
  source: UnitSource,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Membership>> {
  const umbrellas = units.filter(isUmbrella);
  const above = units.flatMap(candidatesFor);
  if (umbrellas.length === 0 && above.length === 0) return new Map();
  const patterns = umbrellas.map(({ id }) => instancePattern(id));
  const { asked, matched } = await source.readUnits({
    names: [...new Set(above)],
    patterns,
    discover: false,
    beside: true,
    signal,
  });
  const over = new Map(asked.filter(isUmbrella).map((unit) => [unit.name, unit]));
  const found = new Map<string, Membership>(
    units.map((unit) => {
      const instances = isUmbrella(unit) ? matched.filter(({ id }) => belongsTo(id, unit.id)) : [];
      const consists = isUmbrella(unit) ? unit.links.consistsOf : [];
      const members = [...new Set([...consists, ...instances.map(({ id }) => id)])].filter(
        (id) => id !== unit.id,
      );
      const memberOf = candidatesFor(unit).flatMap((name) => over.get(name)?.names ?? []);
      return [unit.id, { members: members.sort(), memberOf: [...new Set(memberOf)].sort() }];
    }),
  );
  for (const unit of umbrellas) {
    for (const id of found.get(unit.id)?.members ?? []) {
      const { members = [], memberOf = [] } = found.get(id) ?? {};
      found.set(id, { members, memberOf: [...new Set([...memberOf, ...unit.names])].sort() });
    }
  }
  return found;
}

/** The members of all units that have any, read. */
export async function membersOf(
  memberships: ReadonlyMap<string, Membership>,
  source: UnitSource,
  signal: AbortSignal | undefined,
): Promise<readonly UnitFacts[]> {
  const names = [...new Set([...memberships.values()].flatMap(({ members }) => members))];
  if (names.length === 0) return [];
  return (await source.readUnits({ names, discover: false, beside: true, signal })).asked;
}

const belongsTo = (instance: string, id: string): boolean => `${namesake(instance) ?? ''}.service` === id;

function candidatesFor({ id, links }: UnitFacts): readonly string[] {
  const own = namesake(id);
  const byName = own === undefined ? [] : [`${own}.service`];
  return [...links.partOf.filter((name) => name.endsWith('.service')), ...byName];
}
