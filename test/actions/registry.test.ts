import { describe, expect, it } from 'vitest';
import { BUILT_IN_ACTIONS } from '../../src/actions/built-in.js';
import { defineAction, parametersOf } from '../../src/actions/define.js';
import { pathParameter, wordParameter } from '../../src/actions/parameters.js';
import {
  actionNamed,
  actionRegistry,
  BUILT_IN_NAMES,
  healingByCheck,
  isBuiltIn,
} from '../../src/actions/registry.js';
import { HEAL_PREFIX } from '../../src/detect/check.js';
import { DEFINITION } from './contexts.js';

const healer = { name: 'refill', run: () => undefined };
const find = (check: string) => (check === 'queue' ? healer : undefined);

describe('the registry of actions', () => {
  it('refuses what is no object of actions', () => {
    expect(() => actionRegistry(7)).toThrow('Expected `actions` to be an object');
  });

  it('has the built-in actions first, and then the own ones', () => {
    expect(actionRegistry({ tidy: DEFINITION }).names).toEqual([...BUILT_IN_NAMES, 'tidy']);
  });

  it.each(['none', '', `${HEAL_PREFIX}x`, ...BUILT_IN_NAMES])('refuses an own action called `%s`', (name) => {
    expect(() => actionRegistry({ [name]: DEFINITION })).toThrow('named unlike `none`');
  });

  it('refuses an own action that is not complete, by its name', () => {
    expect(() => actionRegistry({ tidy: { ...DEFINITION, plan: undefined } })).toThrow('actions.tidy');
  });

  it('finds own actions, built-in ones and the repair functions of checks', async () => {
    const actions = actionRegistry({ tidy: DEFINITION }, find);
    expect(await actions.find('tidy')).toBe(DEFINITION);
    for (const name of BUILT_IN_NAMES) expect(await actions.find(name)).toHaveProperty('scope', 'host');
    expect(await actions.find(`${HEAL_PREFIX}queue`)).toHaveProperty('scope', 'process');
    expect(await actions.find(`${HEAL_PREFIX}other`)).toBeUndefined();
    expect(await actionRegistry().find(`${HEAL_PREFIX}queue`)).toBeUndefined();
    expect([isBuiltIn('restart_service'), isBuiltIn('tidy')]).toEqual([true, false]);
  });

  it('suggests a built-in or an own action for a name that is nearly the same', async () => {
    const actions = actionRegistry({ tidy_up: DEFINITION });
    expect(await actionNamed('tidy_up', actions)).toBe(DEFINITION);
    await expect(actionNamed('tidy_upp', actions)).rejects.toThrow('did you mean `tidy_up`?');
    await expect(actionNamed('restart_servic', actions)).rejects.toThrow('did you mean `restart_service`?');
    await expect(actionNamed('zzz', actions)).rejects.toThrow(/option `actions`$/);
  });
});

it('the repair function of a check is one call inside the host program, of 1 min at most', () => {
  const action = healingByCheck(`${HEAL_PREFIX}queue`, find);
  expect(action).toMatchObject({ scope: 'process', risk: 'disruptive', timeoutMs: 60_000 });
  expect(action?.plan({}, {} as never)).toEqual({
    targets: ['check:queue'],
    effect: 'The check `queue` reads ok again',
    steps: [{ kind: 'call', ...healer, timeoutMs: 60_000, interruptible: true }],
  });
  expect(() => action?.parse({ x: 1 })).toThrow('Unknown option `x`');
  expect(healingByCheck('queue', find)).toBeUndefined();
  expect(healingByCheck(`${'x'.repeat(HEAL_PREFIX.length)}queue`, find)).toBeUndefined();
});

describe('the definition of an action', () => {
  it.each([
    [{ timeoutMs: 1 }],
    [{ timeoutMs: 86_400_000 }],
    [{ settleMs: 0 }],
    [{ settleMs: 86_400_000 }],
    [{ runs: 1 }],
    [{ runs: 10 }],
    [{ scope: 'host', risk: 'disruptive' }],
  ] as const)('may have %j', (change) => {
    expect(defineAction({ ...DEFINITION, ...change })).toMatchObject(change);
  });

  it.each([
    [{ timeoutMs: 0 }, 'action.timeoutMs'],
    [{ timeoutMs: 86_400_001 }, 'action.timeoutMs'],
    [{ settleMs: -1 }, 'action.settleMs'],
    [{ settleMs: 86_400_001 }, 'action.settleMs'],
    [{ runs: 0 }, 'action.runs'],
    [{ runs: 11 }, 'action.runs'],
    [{ undo: 'yes' }, 'action.undo'],
    [{ unavailable: 'yes' }, 'action.unavailable'],
    [{ scope: 'x' }, 'Unknown scope'],
    [{ needsRoot: true }, 'action.needsRoot'],
    [{ plan: undefined }, 'a method `plan`'],
  ])('must not have %j', (change, words) => {
    expect(() => defineAction({ ...DEFINITION, ...change } as never)).toThrow(words);
  });

  it('must parse its parameters at once, not later', async () => {
    expect(parametersOf(DEFINITION, {})).toEqual({});
    const late = { ...DEFINITION, parse: () => Promise.reject(new Error('late')) };
    const lost: unknown[] = [];
    const note = (reason: unknown): void => void lost.push(reason);
    process.on('unhandledRejection', note);
    expect(() => parametersOf(late, {})).toThrow('and not as a promise');
    await new Promise(setImmediate);
    process.off('unhandledRejection', note);
    expect(lost).toEqual([]);
  });
});

it.each([
  ['clean_nix_store', 'reversible', 30],
  ['clear_system_cache', 'reversible', 2],
  ['set_cpu_governor', 'reversible', 1],
  ['restart_service', 'disruptive', 60],
  ['reload_service', 'reversible', 10],
  ['rollback_generation', 'disruptive', 30],
  ['rebuild_system', 'disruptive', 121],
] as const)('the built-in action %s is %s and ends within %i min', (name, risk, minutes) => {
  expect(BUILT_IN_ACTIONS[name]).toMatchObject({
    ...{ scope: 'host', risk },
    timeoutMs: minutes * 60_000,
  });
});

describe('a parameter', () => {
  it.each(['/', '/a', '/a/..b/c..'])('may be the path %s', (path) => {
    expect(pathParameter('path', path, '/x')).toBe(path);
  });
  it.each(['', 'a', 'a/b', '/..', '/a/../b', '/a\n', '/a\0', 7, null])('cannot be the path %j', (path) => {
    expect(() => pathParameter('path', path, '/x')).toThrow('an absolute path');
  });
  it.each(['', 'A', 'a b', '../x', 'a'.repeat(33), 7, null])('cannot be the word %j', (word) => {
    expect(() => wordParameter('governor', word, 'x')).toThrow('a lower-case word');
  });
  it('has its default if it is left out', () => {
    expect(pathParameter('path', undefined, '/x')).toBe('/x');
    expect(wordParameter('governor', undefined, 'x')).toBe('x');
    expect(wordParameter('governor', 'a'.repeat(32), 'x')).toBe('a'.repeat(32));
  });
});
