import type { UnitCircumstances } from '../../model/unit-circumstances.js';
import type { UnitFacts, UnitSource } from './unit-facts.js';

type Membership = Pick<UnitCircumstances, 'members' | 'memberOf'>;

/** Returns whether a unit has no process and stays active whatever the state of its members. */
export const isGroup = ({ type, remainsAfterExit }: UnitFacts): boolean =>
  type === 'oneshot' && remainsAfterExit;

/** Returns the pattern of the instances that belong to a unit by name: `postgresql@*.service`. */
export const instancePattern = (id: string): string => id.replace(/\.service$/, '@*.service');

/** Returns the name that an instance shares with its group: `postgresql` of `postgresql@15-main.service`. */
const groupName = (id: string): string | undefined => /^([^@]+)@.+\.service$/.exec(id)?.[1];

/**
 * Finds the members of each group unit, and the groups of each unit, by primary name. Members are the units of
 * `ConsistsOf=`, and the loaded instances of the template of the same name.
 */
export async function membershipsOf(
  units: readonly UnitFacts[],
  source: UnitSource,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Membership>> {
  const groups = units.filter(isGroup);
  const above = units.flatMap(candidatesFor);
  if (groups.length === 0 && above.length === 0) return new Map();
  const patterns = groups.map(({ id }) => instancePattern(id));
  const { asked, matched } = await source.readUnits({
    names: [...new Set(above)],
    patterns,
    discover: false,
    beside: true,
    signal,
  });
  const over = new Map(asked.filter(isGroup).map((unit) => [unit.name, unit]));
  const found = new Map<string, Membership>(
    units.map((unit) => {
      const instances = matched.filter(({ id }) => belongsTo(id, unit.id));
      const consists = isGroup(unit) ? unit.links.consistsOf : [];
      const members = [...new Set([...consists, ...instances.map(({ id }) => id)])].filter(
        (id) => id !== unit.id,
      );
      const memberOf = candidatesFor(unit).flatMap((name) => over.get(name)?.names ?? []);
      return [unit.id, { members: members.sort(), memberOf: [...new Set(memberOf)].sort() }];
    }),
  );
  for (const unit of groups) {
    for (const id of found.get(unit.id)?.members ?? []) {
      const { members = [], memberOf = [] } = found.get(id) ?? {};
      found.set(id, { members, memberOf: [...new Set([...memberOf, ...unit.names])].sort() });
    }
  }
  return found;
}

/** Reads the members of all groups. */
export async function membersOf(
  memberships: ReadonlyMap<string, Membership>,
  source: UnitSource,
  signal: AbortSignal | undefined,
): Promise<readonly UnitFacts[]> {
  const names = [...new Set([...memberships.values()].flatMap(({ members }) => members))];
  if (names.length === 0) return [];
  return (await source.readUnits({ names, discover: false, beside: true, signal })).asked;
}

const belongsTo = (instance: string, id: string): boolean => `${groupName(instance) ?? ''}.service` === id;

function candidatesFor({ id, links }: UnitFacts): readonly string[] {
  const own = groupName(id);
  const byName = own === undefined ? [] : [`${own}.service`];
  return [...links.partOf.filter((name) => name.endsWith('.service')), ...byName];
}
