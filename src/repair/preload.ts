import { actionRegistry } from '../actions/registry.js';
import { lazy } from '../lazy.js';
import { repairs } from './load.js';

/**
 * Loads what an engine would load when it first repairs something. An engine that monitors does so while nothing is
 * wrong: when something is, there may be no descriptor left to open a file with, and Node never tries again.
 */
export const loaded = lazy(async () => {
  const [action = ''] = actionRegistry().names;
  await Promise.all([
    repairs(),
    actionRegistry().find(action),
    import('../heal/generation-rules.js'),
    import('../execute/host-acts.js'),
  ]);
});
