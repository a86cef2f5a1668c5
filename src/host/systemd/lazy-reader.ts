import { messageOf } from '../../base/errors.js';
import { lazy } from '../../base/lazy.js';
import { unknown, type Reading, type Unknown } from '../../model/reading.js';
import type { SystemdReader } from './reader.js';

const notLoaded = (error: unknown): Unknown =>
  unknown(`The systemd reader could not be loaded: ${messageOf(error)}`);

/** Creates a reader of systemd whose module is loaded on first use. */
export function createLazySystemdReader(): SystemdReader {
  let loaded: SystemdReader | undefined;
  let isUsed = false;
  const load = lazy(async () => {
    isUsed = true;
    return (loaded = (await import('./reader.js')).createSystemdReader());
  });
  /** Reads by the reader: at once if it is loaded. */
  const readBy = <T>(
    read: (reader: SystemdReader) => Reading<T> | Promise<Reading<T>>,
  ): Reading<T> | Promise<Reading<T>> => (loaded ? read(loaded) : load().then(read, notLoaded));
  return {
    readUnits: (request) => readBy((reader) => reader.readUnits(request)),
    recentUnits: (request) => loaded?.recentUnits(request),
    recentState: () => loaded?.recentState(),
    readState: (request) => readBy((reader) => reader.readState(request)),
    activeServices: async (signal) => readBy((reader) => reader.activeServices(signal)),
    unitRelations: async (units, signal) => readBy((reader) => reader.unitRelations(units, signal)),
    watch(units, listener) {
      if (loaded) return loaded.watch(units, listener);
      let ended = false;
      let stop = (): void => void (ended = true);
      void load().then(
        (reader) => {
          if (!ended) stop = reader.watch(units, listener);
        },
        (error: unknown) => {
          if (!ended) listener.listening(notLoaded(error));
        },
      );
      return () => stop();
    },
    close: async () => {
      if (isUsed) await load().then((reader) => reader.close(), notLoaded);
    },
  };
}
