import type { ActionDefinition } from '../../src/actions/define.js';
import type { ActionRegistry } from '../../src/actions/registry.js';

/** Returns a registry that has one action under every name. */
export const only = <Parameters>(name: string, definition: ActionDefinition<Parameters>): ActionRegistry => ({
  names: [name],
  find: () => Promise.resolve(definition as unknown as ActionDefinition),
});
