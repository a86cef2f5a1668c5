// Creates ready-made checks from JSON: `{ NAME: { KIND: options, heals, … } }`, as in the configuration of the daemon.
import * as ready from '../../../dist/checks/index.js';

/** Returns the checks of such an object, in its order. */
export const checksOf = (all = {}) =>
  Object.entries(all).map(([name, given]) => {
    const kind = Object.keys(given).find((key) => key in ready);
    const { [kind]: options, ...common } = given;
    return ready[kind]({ ...common, ...options, name });
  });
