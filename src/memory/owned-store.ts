import type { Clock } from '../base/clock.js';
import { asError, isSelfHealingError, messageOf } from '../base/errors.js';
import type { Store } from './store.js';
import { DEADLINES } from '../base/deadlines.js';
import { PortCalls } from '../base/port-calls.js';

/** Wraps a store with deadlines. A `load` that ends after `close` closes the store again. */
export function ownedStore(store: Store, clock: Clock): Store {
  const { path } = store;
  const loads = new PortCalls({ clock, mostHanging: path === undefined ? undefined : 1 });
  // A hanging save may still write later, and must not overwrite a newer one.
  const saves = new PortCalls({ clock, mostHanging: 1 });
  // Separate, so that closing is possible while another call hangs.
  const closing = new PortCalls({ clock });
  let isClosed = false;
  const call = async <T>(through: PortCalls, what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await through.make(`\`store.${what}\``, DEADLINES.storeMs, work);
    } catch (error) {
      throw asError(error);
    }
  };
  const loadFrom: Store['load'] = async (options) => store.load(options);
  const load: Store['load'] = async (options) => {
    const loaded = await loadFrom(options).catch((error: unknown) => {
      throw isSelfHealingError(error)
        ? error
        : new Error(`\`store.load\` failed: ${messageOf(error)}`, { cause: error });
    });
    if (isClosed) await store.close?.();
    return loaded;
  };
  return {
    ...(path !== undefined && { path }),
    load: (options) => call(loads, 'load', () => load(options)),
    save: (state) => call(saves, 'save', async () => store.save(state)),
    close() {
      isClosed = true;
      return call(closing, 'close', async () => store.close?.());
    },
  };
}
