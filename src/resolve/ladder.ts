import { NIX_STORE } from '../detect/component.js';
import type { Issue } from '../model/issue.js';
import type { BuiltInAction, HealingAction } from '../model/plan.js';

/** One step of a ladder: the action for an issue. */
type Rung = (issue: Issue) => BuiltInAction;
/** Rungs, cheapest and most reversible first. */
export type Ladder = readonly Rung[];

/** Nothing to do. */
export const NO_ACTION: HealingAction = Object.freeze({ action: 'none', parameters: Object.freeze({}) });

const none: Rung = () => NO_ACTION as BuiltInAction;
const clearCache: Rung = () => ({ action: 'clear_system_cache', parameters: {} });
const restartLargest: Rung = () => ({ action: 'restart_service', parameters: { freeing: 'memory' } });
const setGovernor: Rung = () => ({ action: 'set_cpu_governor', parameters: { governor: 'performance' } });
const rollBack: Rung = () => ({ action: 'rollback_generation', parameters: {} });
const restart: Rung = ({ component }) => ({ action: 'restart_service', parameters: { service: component } });
const mountOf = (component: string): string => component.slice(component.indexOf(':') + 1);
const collectGarbage: Rung = ({ component }) => ({
  action: 'clean_nix_store',
  parameters: { path: mountOf(component) },
});
const collectGarbageAtStore: Rung = () => ({ action: 'clean_nix_store', parameters: { path: NIX_STORE } });
const freeInodes: Rung = ({ component }) => ({
  action: 'clean_nix_store',
  parameters: { path: mountOf(component), freeing: 'inodes' },
});
const freeInodesAtStore: Rung = () => ({
  action: 'clean_nix_store',
  parameters: { path: NIX_STORE, freeing: 'inodes' },
});

/** Which ladder a component has; for `disk:/var` the word before the colon is looked up. */
export const COMPONENT_LADDERS: ReadonlyMap<string, Ladder> = new Map([
  ['cpu', [setGovernor]],
  ['memory', [clearCache, restartLargest]],
  ['load', [none]],
  ['disk', [collectGarbageAtStore]],
  ['disk:', [collectGarbage]],
  ['inodes', [freeInodesAtStore]],
  ['inodes:', [freeInodes]],
  ['readonly:', [none]],
  ['system', [rollBack]],
  ['system:', [none]],
]);

/** The ladder of a component that is not in the table, by the type of its issue. */
export const TYPE_LADDERS: Readonly<Record<Issue['type'], Ladder>> = {
  resource: [none],
  service: [restart],
  system: [none],
};
