// Prints the result of `npm run mutate`, as Markdown.

/** @param {{ path: string, mutants: { state: string, line: number, before: string, text: string }[] }[]} results */
export function reportOf(results, leftOut) {
  const row = (name, mutants) => {
    const count = (state) => mutants.filter((one) => one.state === state).length;
    const killed = count('killed');
    const percent = mutants.length === 0 ? '' : `${Math.floor((100 * killed) / mutants.length)} %`;
    return `| ${name} | ${mutants.length} | ${killed} | ${count('survived')} | ${count('not reached')} | ${percent} |`;
  };
  const rooms = Map.groupBy?.(results, roomOf) ?? grouped(results);
  const lines = [
    '| file | mutants | killed | survived | not reached | killed |',
    '| ---- | ------: | -----: | -------: | ----------: | -----: |',
  ];
  for (const [room, files] of rooms) {
    lines.push(
      row(
        `**${room}**`,
        files.flatMap(({ mutants }) => mutants),
      ),
    );
    for (const { path, mutants } of files) lines.push(row(`\`${path}\``, mutants));
  }
  const survivors = results.flatMap(({ path, mutants }) =>
    mutants
      .filter(({ state }) => state !== 'killed')
      .map(
        ({ line, state, before, text }) => `- \`${path}:${line}\` ${state}: ${code(before)} → ${code(text)}`,
      ),
  );
  return [
    ...lines,
    '',
    survivors.length === 0 ? 'No mutant survived.' : 'Survivors:',
    '',
    ...survivors,
    '',
    `Not mutated: ${leftOut.join('; ')}.`,
    '',
  ].join('\n');
}

const roomOf = ({ path }) => path.split('/')[1];

function grouped(results) {
  const rooms = new Map();
  for (const one of results) rooms.set(roomOf(one), [...(rooms.get(roomOf(one)) ?? []), one]);
  return rooms;
}

/** One line of code for a list; removed code is an empty pair. */
function code(text) {
  const line = text.replace(/\s+/g, ' ');
  return `\`\` ${line.length > 100 ? `${line.slice(0, 99)}…` : line} \`\``;
}
