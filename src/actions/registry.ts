import { SelfHealingError } from '../errors.js';
import { expectObject, nearest, refusal } from '../expect.js';
import { cleanNixStore } from './clean-nix-store.js';
import { clearSystemCache } from './clear-system-cache.js';
import { expectAction, type ActionDefinition } from './define.js';
import { rebuildSystem } from './rebuild-system.js';
import { reloadService } from './reload-service.js';
import { restartService } from './restart-service.js';
import { rollbackGeneration } from './rollback-generation.js';
import { setCpuGovernor } from './set-cpu-governor.js';

/** Every action that can be carried out, by name. */
export type ActionRegistry = ReadonlyMap<string, ActionDefinition>;

const BUILT_IN: Readonly<Record<string, unknown>> = {
  clean_nix_store: cleanNixStore,
  clear_system_cache: clearSystemCache,
  set_cpu_governor: setCpuGovernor,
  restart_service: restartService,
  reload_service: reloadService,
  rollback_generation: rollbackGeneration,
  rebuild_system: rebuildSystem,
};

/** Whether an action comes with the library. */
export const isBuiltIn = (name: string): boolean => Object.hasOwn(BUILT_IN, name);

/** The seven actions that come with the library, and the host program's own. A name can be taken once. */
export function actionRegistry(own: unknown = {}): ActionRegistry {
  const actions = new Map(Object.entries(BUILT_IN) as [string, ActionDefinition][]);
  for (const [name, definition] of Object.entries(expectObject('actions', own))) {
    if (name === 'none' || name === '' || actions.has(name)) {
      throw refusal('actions', 'named unlike `none` and the actions that come with the library', name);
    }
    actions.set(name, expectAction(`actions.${name}`, definition));
  }
  return actions;
}

/** The definition of an action. Throws, with what to do, when nobody registered it. */
export function actionNamed(name: string, actions: ActionRegistry): ActionDefinition {
  const definition = actions.get(name);
  if (definition) return definition;
  const meant = nearest(name, [...actions.keys()]);
  const hint = meant === undefined ? '' : `; did you mean \`${meant}\`?`;
  throw new SelfHealingError(
    'invalid-argument',
    `No action is called \`${name}\`: register it in the option \`actions\`${hint}`,
  );
}
