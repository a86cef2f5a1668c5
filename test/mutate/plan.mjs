// What one run measures: the chosen mutants of the chosen files, the same for the driver, for vite and for the worker.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { mutantsOf } from './mutants.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Returns the source files that paths name: files or folders. */
export function filesOf(paths) {
  return paths.flatMap((given) =>
    statSync(join(root, given)).isDirectory()
      ? readdirSync(join(root, given), { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.ts'))
          .map((name) => join(given, name))
          .sort()
      : [given],
  );
}

/** Returns the chosen mutants with their ids: all of a file, or every nth from a place that the seed decides. */
export function chosenMutants({ paths, every, seed, lines: [from, to] }) {
  let id = 0;
  return filesOf(paths).map((path) => {
    const source = readFileSync(join(root, path), 'utf8');
    const first = hash(`${seed}:${path}`) % every;
    const mutants = mutantsOf(path, source)
      .filter(({ line }, index) => index % every === first && line >= from && line <= to)
      .map((mutant) => ({ ...mutant, id: ++id, path, before: source.slice(mutant.start, mutant.end) }));
    return { path, source, mutants };
  });
}

/** Returns the plan that the driver has passed in the environment, for vite and for the worker. */
export function plan() {
  const given = JSON.parse(process.env.MUTATION_PLAN);
  const files = chosenMutants(given);
  const paths = new Map(files.flatMap(({ path, mutants }) => mutants.map(({ id }) => [id, path])));
  const onLoad = new Set(
    files.flatMap(({ mutants }) => mutants.filter((one) => one.isOnLoad)).map(({ id }) => id),
  );
  const pending = new Set([...paths.keys()].filter((id) => !onLoad.has(id)));
  const done = new Set();
  for (const { killed, hung, done: name } of readResults(given.results)) {
    pending.delete(killed);
    pending.delete(hung);
    if (name !== undefined) done.add(name);
  }
  return {
    ...given,
    files,
    pending,
    onLoad,
    done,
    pathOf: (id) => paths.get(id),
    killed: (id) => pending.delete(id),
  };
}

/** Returns a digest of the chosen mutants: results name them by number, so they count for the same choice only. */
export const digestOf = (files) =>
  createHash('sha256')
    .update(
      JSON.stringify(
        files.map(({ path, source, mutants }) => [path, source, mutants.map(({ start }) => start)]),
      ),
    )
    .digest('hex');

export function readResults(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function hash(text) {
  let value = 7;
  for (const char of text) value = (value * 31 + char.codePointAt(0)) % 1_000_003;
  return value;
}
