/** For each of some units, the units that go down with it directly. */
export type DirectDrags = ReadonlyMap<string, readonly string[]>;

/**
 * Follows the chain: what is dragged along when a unit stops drags others along.
 *
 * @param first The units of interest, with what they drag along directly.
 * @param read Reads the same for units that the chain leads to.
 * @returns All units that go down with each unit of interest, in alphabetical order.
 */
export async function allDrags(
  first: DirectDrags,
  read: (units: readonly string[]) => Promise<DirectDrags>,
): Promise<DirectDrags> {
  const direct = new Map(first);
  for (;;) {
    const next = new Set([...direct.values()].flat().filter((unit) => !direct.has(unit)));
    if (next.size === 0) break;
    const found = await read([...next]);
    for (const unit of next) direct.set(unit, found.get(unit) ?? []);
  }
  return new Map([...first.keys()].map((unit) => [unit, reachable(unit, direct)]));
}

function reachable(unit: string, direct: DirectDrags): readonly string[] {
  const seen = new Set<string>([unit]);
  for (const reached of seen) for (const other of direct.get(reached) ?? []) seen.add(other);
  seen.delete(unit);
  return [...seen].sort();
}
