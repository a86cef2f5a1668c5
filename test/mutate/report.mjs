// Prints the result of `npm run mutate`, as Markdown.
import { code, keyOf, REASONS, reasons } from './harmless.mjs';

const STATES = ['killed', 'harmless', 'survived', 'not reached', 'not tried'];

export function reportOf(mutants, found, leftOut) {
  const killed = new Set(found.flatMap((one) => one.killed ?? []));
  const shown = new Set(found.flatMap(({ reached = [], alone = [] }) => [reached, alone].flat()));
  const outside = new Set(found.flatMap((one) => one.outside ?? []));
  const alone = new Set(found.flatMap((one) => one.alone ?? []));
  const known = reasons();
  const resultOf = ({ id, isOnLoad }) => {
    if (killed.has(id)) return 'killed';
    if (isOnLoad) return alone.has(id) ? 'survived' : 'not tried';
    if (shown.has(id)) return 'survived';
    return outside.has(id) ? 'not tried' : 'not reached';
  };
  const stateOf = (one) => {
    const result = resultOf(one);
    return /^survived|^not reached/.test(result) && known.has(keyOf(one)) ? 'harmless' : result;
  };
  const row = (name, of) => {
    const counts = STATES.map((state) => of.filter((one) => stateOf(one) === state).length);
    const [dead, harmless, , , untried] = counts;
    const tried = of.length - untried;
    const share = (all) => (all === 0 ? '' : `${Math.floor((100 * dead) / all)} %`);
    return `| ${[name, of.length, ...counts, share(tried), share(tried - harmless)].join(' | ')} |`;
  };
  const grouped = (name) => {
    const groups = new Map();
    for (const one of mutants) groups.set(name(one), [...(groups.get(name(one)) ?? []), one]);
    return groups;
  };
  const left = mutants.filter((one) => ['survived', 'not reached'].includes(stateOf(one)));
  const harmless = mutants.filter((one) => stateOf(one) === 'harmless');
  return [
    `| file | mutants | ${STATES.join(' | ')} | killed of tried | of those with an effect |`,
    '| ---- | ------: | -----: | -------: | -------: | ----------: | --------: | ----: | ----: |',
    ...[...grouped(roomOf)].map(([room, of]) => row(`**${room}**`, of)),
    ...[...grouped(({ path }) => path)].map(([path, of]) => row(`\`${path}\``, of)),
    '',
    left.length === 0 ? 'No mutant survived without a known reason.' : 'Survivors without a known reason:',
    '',
    ...left.map((one) => `- ${lineOf(one)} (${one.kind}, ${stateOf(one)})`),
    '',
    ...Object.entries(REASONS).flatMap(([reason, words]) => {
      const of = harmless.filter((one) => known.get(keyOf(one)) === reason);
      if (of.length === 0) return [];
      return [`Harmless, as ${words}:`, '', ...of.map((one) => `- ${lineOf(one)}`), ''];
    }),
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

const lineOf = (one) =>
  `\`${one.path}:${one.line}\` \`\` ${code(one.before)} \`\` → \`\` ${code(one.text)} \`\``;
