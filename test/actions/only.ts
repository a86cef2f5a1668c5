import type { ActionDefinition } from '../../src/actions/define.js';
import type { ActionRegistry } from '../../src/actions/registry.js';

/** A registry in which one action stands for whatever is looked for. */
export const only = <Parameters>(name: string, definition: ActionDefinition<Parameters>): ActionRegistry => ({
  names: [name],
  find: () => Promise.resolve(definition as unknown as ActionDefinition),
});
