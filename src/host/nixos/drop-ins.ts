import { templateOf } from '../../model/unit-name.js';

/**
 * Returns the drop-in folders of a unit, without `.d` and most specific first, as systemd finds them (`dropin.c`): of
 * `a-b@x.service` these are `a-b@x.service`, `a-b@.service`, `a-.service`, `a-@.service`, `a-@x.service` and, for all
 * units of its kind, `service`. Where several hold a file of the same name, the first one counts.
 */
export function dropInFolders(unit: string): readonly string[] {
  const kind = unit.slice(unit.lastIndexOf('.') + 1);
  return [...new Set([...foldersOf(unit), kind])];
}

function foldersOf(unit: string): readonly string[] {
  const template = templateOf(unit);
  return [
    unit,
    ...(template === undefined ? [] : foldersOf(template)),
    ...withShorterPrefix(unit).flatMap(foldersOf),
  ];
}

/**
 * Returns a name and its prefixes, each cut after the last dash before its end: `a-b-c.service`, `a-b-.service`,
 * `a-.service`. Those of a template include the ones that only its instances have.
 */
function withShorterPrefix(unit: string): readonly string[] {
  const [, prefix = '', rest = ''] = /^([^@]*?)((?:@.*)?\.[a-z]+)$/.exec(unit) ?? [];
  const dash = prefix.slice(0, -1).lastIndexOf('-');
  if (dash <= 0) return [];
  const shorter = prefix.slice(0, dash + 1);
  return rest.startsWith('@.') ? [`${shorter}${rest.slice(1)}`, `${shorter}${rest}`] : [`${shorter}${rest}`];
}
