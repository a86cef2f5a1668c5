import type { BuiltInAction } from '../model/plan.js';
import { cleanNixStore } from './clean-nix-store.js';
import { clearSystemCache } from './clear-system-cache.js';
import type { ActionDefinition } from './define.js';
import { rebuildSystem } from './rebuild-system.js';
import { reloadService } from './reload-service.js';
import { restartService } from './restart-service.js';
import { rollbackGeneration } from './rollback-generation.js';
import { setCpuGovernor } from './set-cpu-governor.js';

/** Built-in actions by name. */
export const BUILT_IN_ACTIONS = {
  clean_nix_store: cleanNixStore,
  clear_system_cache: clearSystemCache,
  set_cpu_governor: setCpuGovernor,
  restart_service: restartService,
  reload_service: reloadService,
  rollback_generation: rollbackGeneration,
  rebuild_system: rebuildSystem,
} as unknown as Readonly<Record<Exclude<BuiltInAction['action'], 'none'>, ActionDefinition>>;
