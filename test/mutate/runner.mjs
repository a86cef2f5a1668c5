// Runs each test without a mutant, then once for each mutant that it reaches, all in one process. A mutant counts as
// killed only if the test fails with it, passes without it right after, and fails with it a second time.
import { appendFileSync, writeFileSync } from 'node:fs';
import { TestRunner } from 'vitest';
import { plan } from './plan.mjs';

const { setTimeout, clearTimeout, performance } = globalThis;
/** A mutant that is asked for so often sits in a loop that does not end. */
const MAX_CALLS = 1_000_000;
/** Vitest tries a test again only if it has failed with an error. */
const AGAIN = { name: 'Error', message: 'The next mutant' };

/** Knowledge of this process, once for all test files. */
const state = (globalThis.__mutation ??= create());

function create() {
  const fresh = {
    plan: plan(),
    active: 0,
    calls: 0,
    collecting: false,
    isInTest: false,
    hits: new Set(),
    outside: new Set(),
    reached: new Set(),
    current: undefined,
  };
  fresh.active = fresh.plan.fixed;
  globalThis.__mutant = (id) => {
    if (fresh.plan.onLoad.has(id)) fresh.outside.add(id);
    else if (fresh.collecting) fresh.hits.add(id);
    else if (!fresh.isInTest) fresh.outside.add(id);
    if (id !== fresh.active) return false;
    if (++fresh.calls > MAX_CALLS) throw new Error('A mutant that does not end');
    return true;
  };
  return fresh;
}

const record = (entry) => appendFileSync(state.plan.results, `${JSON.stringify(entry)}\n`);

export default class MutantRunner extends TestRunner {
  onCollected(files) {
    super.onCollected?.(files);
    files.forEach(oneByOne);
  }

  async onBeforeRunTask(test) {
    await super.onBeforeRunTask(test);
    const { fixed, done } = state.plan;
    const name = nameOf(test);
    if (fixed !== 0 || test.fails) return;
    if (done.has(name)) {
      test.mode = 'skip';
      return;
    }
    // Each further try of the test is one mutant: see `onAfterRetryTask`.
    test.retry = Number.MAX_SAFE_INTEGER;
    state.current = { name, phase: 'collect', queue: [], next: 0, began: 0, baseMs: 0, isLate: false };
  }

  async onBeforeTryTask(test, info) {
    await super.onBeforeTryTask(test, info);
    const { current } = state;
    if (!current) return;
    current.began = performance.now();
    current.isLate = false;
    state.calls = 0;
    state.isInTest = true;
    state.collecting = current.phase === 'collect';
    if (state.collecting) state.hits.clear();
    const isMutated = current.phase === 'mutant' || current.phase === 'again';
    state.active = isMutated ? current.queue[current.next] : 0;
    const { name, phase, queue, next: index } = current;
    const isSuspect = phase !== 'collect' && phase !== 'identity';
    writeFileSync(
      state.plan.heartbeat,
      JSON.stringify({ test: name, phase, ...(isSuspect && { id: queue[index] }) }),
    );
  }

  async runTask(test) {
    const body = TestRunner.getTestFn(test);
    const { current } = state;
    if (!current || state.active === 0) return await body();
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(
        () => {
          current.isLate = true;
          reject(new Error('Not finished in time'));
        },
        1500 + 10 * current.baseMs,
      );
    });
    try {
      await Promise.race([body(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async onAfterRetryTask(test) {
    const { current } = state;
    if (!current) return;
    const isPassed = test.result.state === 'pass';
    state.active = 0;
    state.collecting = false;
    state.isInTest = false;
    if (test.result.state === 'skip') return;
    const isMore = next(current, isPassed, test.result.errors?.at(-1)?.message);
    // `fail` makes vitest try the test again, and `pass` ends it.
    test.result.state = isMore ? 'fail' : 'pass';
    test.result.errors = isMore ? [AGAIN] : undefined;
    if (isMore) return;
    if (isMore === false) record({ done: current.name, ms: current.baseMs });
    state.current = undefined;
  }

  async onAfterRunSuite(suite) {
    if ('filepath' in suite && state.plan.fixed === 0) {
      const files = [...new Set([...state.reached].map((id) => state.plan.pathOf(id)))];
      record({ file: suite.filepath, failed: suite.result?.state === 'fail', files });
      record({ reached: [...state.reached], outside: [...state.outside] });
      state.reached.clear();
    }
    await super.onAfterRunSuite(suite);
  }
}

/** Makes concurrent tests run one after the other: only one mutant can be active, for one test. */
function oneByOne(task) {
  task.concurrent = false;
  task.tasks?.forEach(oneByOne);
}

/** Decides what the next try of a test is. Returns false if there is none, `undefined` if the test cannot be used now. */
function next(current, isPassed, error) {
  const { pending, killed, slowMs } = state.plan;
  const id = current.queue[current.next];
  const go = (phase, index = current.next) => {
    current.phase = phase;
    current.next = index;
    return index < current.queue.length;
  };
  switch (current.phase) {
    case 'collect': {
      current.baseMs = Math.ceil(performance.now() - current.began);
      if (!isPassed) return void record({ unusable: current.name, why: `fails without a mutant: ${error}` });
      for (const hit of state.hits) state.reached.add(hit);
      current.queue = [...state.hits].filter((hit) => pending.has(hit)).sort((a, b) => a - b);
      if (current.queue.length > 0 && current.baseMs > slowMs)
        return void record({ unusable: current.name, why: `takes ${current.baseMs} ms` });
      return go('identity');
    }
    case 'identity':
      if (!isPassed)
        return void record({ unusable: current.name, why: `fails when it is run twice: ${error}` });
      return go('mutant');
    case 'mutant':
      return isPassed ? go('mutant', current.next + 1) : go('original');
    case 'original':
      // The mutant, or one before it, left something behind: it needs its own process.
      if (!isPassed) return void record({ unsure: id, test: current.name });
      return go('again');
    case 'again':
      if (isPassed) record({ unsure: id, test: current.name });
      else {
        killed(id);
        record({ killed: id, test: current.name, ...(current.isLate && { isLate: true }) });
      }
      return go('mutant', current.next + 1);
  }
}

function nameOf(test) {
  const names = [];
  for (let one = test; one && one !== test.file; one = one.suite) names.unshift(one.name);
  return `${test.file.name} > ${names.join(' > ')}`;
}
