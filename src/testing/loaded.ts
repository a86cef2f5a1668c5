import { actionRegistry } from '../actions/registry.js';
import { repairs } from '../heal/repairs.js';
import { lazy } from '../lazy.js';

/**
 * Loads what an engine would load when it first needs it. That takes real time, of which a clock that stands still
 * knows nothing.
 */
export const loaded = lazy(async () => {
  const [action] = actionRegistry().names;
  await Promise.all([
    repairs(),
    actionRegistry().find(action!),
    import('../heal/generation-rules.js'),
    import('../execute/host-acts.js'),
  ]);
});
