// Prints the result of `npm run mutate`, as Markdown.

const STATES = ['killed', 'survived', 'not reached', 'not tried'];

export function reportOf(mutants, found, leftOut) {
  const killed = new Set(found.flatMap((one) => one.killed ?? []));
  const shown = new Set(found.flatMap(({ reached = [], alone = [] }) => [reached, alone].flat()));
  const outside = new Set(found.flatMap((one) => one.outside ?? []));
  const alone = new Set(found.flatMap((one) => one.alone ?? []));
  const stateOf = ({ id, isOnLoad }) => {
    if (killed.has(id)) return 'killed';
    if (isOnLoad) return alone.has(id) ? 'survived' : 'not tried';
    if (shown.has(id)) return 'survived';
    return outside.has(id) ? 'not tried' : 'not reached';
  };
  const row = (name, of) => {
    const counts = STATES.map((state) => of.filter((one) => stateOf(one) === state).length);
    const [dead, , , untried] = counts;
    const tried = of.length - untried;
    return `| ${[name, of.length, ...counts, tried === 0 ? '' : `${Math.floor((100 * dead) / tried)} %`].join(' | ')} |`;
  };
  const grouped = (name) => {
    const groups = new Map();
    for (const one of mutants) groups.set(name(one), [...(groups.get(name(one)) ?? []), one]);
    return groups;
  };
  const left = mutants.filter((one) => ['survived', 'not reached'].includes(stateOf(one)));
  return [
    `| file | mutants | ${STATES.join(' | ')} | killed |`,
    '| ---- | ------: | -----: | -------: | ----------: | --------: | -----: |',
    ...[...grouped(roomOf)].map(([room, of]) => row(`**${room}**`, of)),
    ...[...grouped(({ path }) => path)].map(([path, of]) => row(`\`${path}\``, of)),
    '',
    left.length === 0 ? 'No mutant survived.' : 'Survivors:',
    '',
    ...left.map(
      (one) =>
        `- \`${one.path}:${one.line}\` ${one.kind} ${stateOf(one)}: ${code(one.before)} → ${code(one.text)}`,
    ),
    '',
    ...unusableOf(found).map((name) => `Not used: ${name}`),
    '',
    `Not mutated: ${leftOut.join('; ')}.`,
    '',
  ].join('\n');
}

/** Returns the names of the tests that were not shown to their mutants, because they cannot be repeated or are slow. */
export function unusableOf(found) {
  const done = new Set(found.flatMap((one) => one.done ?? []));
  return [...new Set(found.flatMap((one) => one.unusable ?? []))].filter((name) => !done.has(name));
}

const roomOf = ({ path }) => path.split('/').slice(1, -1).join('/');

/** One line of code for a list. */
function code(text) {
  const line = text.replace(/\s+/g, ' ');
  return `\`\` ${line.length > 110 ? `${line.slice(0, 109)}…` : line} \`\``;
}
