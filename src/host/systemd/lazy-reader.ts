import { messageOf } from '../../base/errors.js';
import { lazy } from '../../base/lazy.js';
import { unknown, type Unknown } from '../../model/reading.js';
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
  return {
    readUnits: (request) =>
      loaded ? loaded.readUnits(request) : load().then((reader) => reader.readUnits(request), notLoaded),
    recentUnits: (request) => loaded?.recentUnits(request),
    recentState: () => loaded?.recentState(),
    readState: (request) =>
      loaded ? loaded.readState(request) : load().then((reader) => reader.readState(request), notLoaded),
    activeServices: (signal) =>
      loaded
        ? loaded.activeServices(signal)
        : load().then((reader) => reader.activeServices(signal), notLoaded),
    unitRelations: (units, signal) => load().then((reader) => reader.unitRelations(units, signal), notLoaded),
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
      if (isUsed)
        await load().then(
          (reader) => reader.close(),
          () => undefined,
        );
    },
  };
}
