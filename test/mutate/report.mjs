// Prints the result of `npm run mutate`, as Markdown.

export function reportOf(mutants, found, leftOut) {
  const killed = new Map(found.flatMap((one) => (one.killed ? [[one.killed, one]] : [])));
  const reached = new Set(found.flatMap(({ reached = [], outside = [] }) => [...reached, ...outside]));
  const stateOf = ({ id }) => (killed.has(id) ? 'killed' : reached.has(id) ? 'survived' : 'not reached');
  const row = (name, of) => {
    const count = (state) => of.filter((one) => stateOf(one) === state).length;
    const percent = of.length === 0 ? '' : `${Math.floor((100 * count('killed')) / of.length)} %`;
    return `| ${name} | ${of.length} | ${count('killed')} | ${count('survived')} | ${count('not reached')} | ${percent} |`;
  };
  const grouped = (name) => {
    const groups = new Map();
    for (const one of mutants) groups.set(name(one), [...(groups.get(name(one)) ?? []), one]);
    return groups;
  };
  const left = mutants.filter((one) => stateOf(one) !== 'killed');
  return [
    '| file | mutants | killed | survived | not reached | killed |',
    '| ---- | ------: | -----: | -------: | ----------: | -----: |',
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
    ...found.flatMap((one) => (one.unusable ? [`Not used: ${one.unusable} (${one.why})`] : [])),
    '',
    `Not mutated: ${leftOut.join('; ')}.`,
    '',
  ].join('\n');
}

const roomOf = ({ path }) => path.split('/').slice(1, -1).join('/');

/** One line of code for a list. */
function code(text) {
  const line = text.replace(/\s+/g, ' ');
  return `\`\` ${line.length > 110 ? `${line.slice(0, 109)}…` : line} \`\``;
}
