/** Units that are stopped with a unit directly, by unit. */
export type DirectDrags = ReadonlyMap<string, readonly string[]>;

/**
 * Finds all units that are stopped with a unit, directly or indirectly.
 *
 * @param first The units of interest, with those stopped directly.
 * @param read Reads those stopped directly for further units.
 * @returns The units that are stopped with each unit of interest, in alphabetical order.
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
