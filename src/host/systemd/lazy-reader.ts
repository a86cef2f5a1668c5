import type { SystemdReader } from './reader.js';

/** The reader of systemd, loaded when it is first needed: a program that watches no unit does not pay for it. */
export function createLazySystemdReader(): SystemdReader {
  let loaded: SystemdReader | undefined;
  let loading: Promise<SystemdReader> | undefined;
  const load = (): Promise<SystemdReader> =>
    (loading ??= import('./reader.js').then(({ createSystemdReader }) => (loaded = createSystemdReader())));
  return {
    readUnits: (request) =>
      loaded ? loaded.readUnits(request) : load().then((reader) => reader.readUnits(request)),
    readState: (request) =>
      loaded ? loaded.readState(request) : load().then((reader) => reader.readState(request)),
    activeServices: (signal) =>
      loaded ? loaded.activeServices(signal) : load().then((reader) => reader.activeServices(signal)),
    watch(units, listener) {
      if (loaded) return loaded.watch(units, listener);
      let ended = false;
      let stop = (): void => void (ended = true);
      void load().then((reader) => {
        if (!ended) stop = reader.watch(units, listener);
      });
      return () => stop();
    },
    close: async () => (await loading)?.close(),
  };
}
