import { invalid } from '../base/errors.js';
import { expectObject, nearest, refusal } from '../base/expect.js';
import { lazy } from '../base/lazy.js';
import type { BuiltInAction } from '../model/plan.js';
import { HEAL_PREFIX } from '../detect/check.js';
import type { Healer } from '../detect/healer.js';
import { expectAction, verifyByCheck, type ActionDefinition } from './define.js';
import { noParameters } from './parameters.js';

/** All actions. The built-in ones are loaded on first use. */
export interface ActionRegistry {
  readonly names: readonly string[];
  /** The definition of an action; `undefined` when nobody registered it. */
  readonly find: (name: string) => Promise<ActionDefinition | undefined>;
}

export const BUILT_IN_NAMES = [
  'clean_nix_store',
  'clear_system_cache',
  'set_cpu_governor',
  'restart_service',
  'reload_service',
  'rollback_generation',
  'rebuild_system',
] as const satisfies readonly BuiltInAction['action'][];

type BuiltInName = (typeof BUILT_IN_NAMES)[number];

const builtIn = lazy(() => import('./built-in.js'));

export const isBuiltIn = (name: string): name is BuiltInName =>
  (BUILT_IN_NAMES as readonly string[]).includes(name);

/**
 * Returns the built-in actions and the custom ones. `healer` finds functions in the `heals` of checks, each of which
 * is an action.
 */
export function actionRegistry(own: unknown = {}, healer: FindHealer = () => undefined): ActionRegistry {
  const owned = new Map<string, ActionDefinition>();
  for (const [name, definition] of Object.entries(expectObject('actions', own))) {
    if (name === 'none' || name === '' || name.startsWith(HEAL_PREFIX) || isBuiltIn(name)) {
      throw refusal('actions', 'named unlike `none` and the actions that come with the library', name);
    }
    owned.set(name, expectAction(`actions.${name}`, definition));
  }
  return {
    names: [...BUILT_IN_NAMES, ...owned.keys()],
    find: async (name) =>
      isBuiltIn(name)
        ? (await builtIn()).BUILT_IN_ACTIONS[name]
        : (owned.get(name) ?? healingByCheck(name, healer)),
  };
}

/** Returns the definition of an action. Rejects when it is not registered. */
export async function actionNamed(name: string, actions: ActionRegistry): Promise<ActionDefinition> {
  const definition = await actions.find(name);
  if (definition) return definition;
  const meant = nearest(name, actions.names);
  const hint = meant === undefined ? '' : `; did you mean \`${meant}\`?`;
  throw invalid(`No action is called \`${name}\`: register it in the option \`actions\`${hint}`);
}

/** Longest time that a function of the host program may take, in milliseconds. */
const TIMEOUT_MS = 60_000;

/** Finds the function in the `heals` of a check by the name of the check. */
export type FindHealer = (check: string) => Healer | undefined;

/** Returns the action that calls the `heals` function of a check: one call, inside the host program. */
export function healingByCheck(action: string, find: FindHealer): ActionDefinition | undefined {
  if (!action.startsWith(HEAL_PREFIX)) return undefined;
  const check = action.slice(HEAL_PREFIX.length);
  const healer = find(check);
  if (healer === undefined) return undefined;
  return {
    parse: noParameters,
    plan: () => ({
      targets: [`check:${check}`],
      effect: `The check \`${check}\` reads ok again`,
      steps: [{ kind: 'call', ...healer, timeoutMs: TIMEOUT_MS, interruptible: true }],
    }),
    verify: verifyByCheck,
    scope: 'process',
    risk: 'disruptive',
    timeoutMs: TIMEOUT_MS,
  };
}
