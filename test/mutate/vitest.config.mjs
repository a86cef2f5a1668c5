// The unit tests, with instrumented sources and the runner of the mutants, in one worker.
import { relative } from 'node:path';
import base from '../../vitest.config.ts';
import { instrumented } from './mutants.mjs';
import { plan, root } from './plan.mjs';

const { files, tests } = plan();
const texts = new Map(files.map(({ path, source, mutants }) => [path, instrumented(source, mutants)]));
const instrument = {
  name: 'mutants',
  enforce: 'pre',
  load: (id) => texts.get(relative(root, id.split('?')[0])),
};

/** Runs the test files in the order of the plan. */
class InOrder {
  shard(specs) {
    return specs;
  }
  sort(specs) {
    const place = ({ moduleId }) => tests.indexOf(relative(root, moduleId));
    return [...specs].sort((a, b) => place(a) - place(b));
  }
}

const unit = base.test.projects.find(({ test }) => test.name === 'unit');

export default {
  root,
  resolve: unit.resolve,
  plugins: [...unit.plugins, instrument],
  test: {
    ...unit.test,
    include: tests,
    runner: `${root}test/mutate/runner.mjs`,
    maxWorkers: 1,
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 3_600_000,
    reporters: process.env.MUTATION_VERBOSE ? ['verbose'] : [{}],
    silent: true,
    // A rejection that nobody handles cannot be ascribed to one mutant.
    dangerouslyIgnoreUnhandledErrors: true,
    sequence: { sequencer: InOrder },
  },
};
