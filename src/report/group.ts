/** Items with the same key. */
export interface Group<Item> {
  readonly first: Item;
  readonly items: readonly Item[];
}

/** Groups items by a key, in the order of the first item of each key. */
export function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Group<Item>[] {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()].map((group) => ({ first: group[0], items: group }));
}

/** Returns a sentence without its numbers and the name of its component, for comparison. */
export function shapeOf(sentence: string, component: string): string {
  const colon = component.indexOf(':');
  return [component, ...(colon < 0 ? [] : [component.slice(colon + 1)])]
    .reduce((text, name) => (name === '' ? text : text.replaceAll(name, '…')), sentence)
    .replace(/\d[\d.,]*/g, '#');
}

/** Returns the first names within a width, and the number of the others: `a, b and 3 more`. */
export function namesOf(names: readonly string[], width = 80): string {
  let shown = 1;
  let length = names[0]?.length ?? 0;
  while (shown < names.length && (length += 2 + names[shown]!.length) <= width) shown += 1;
  const more = names.length - shown;
  return `${names.slice(0, shown).join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}
