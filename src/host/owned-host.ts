import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Host, HostListener } from './host.js';
import { isUnknown, unknown, type Reading } from '../model/reading.js';
import type { Logger } from '../base/logger.js';
import { callOwned, owned } from '../base/pending.js';
import { DEADLINES } from '../base/deadlines.js';
import { PortCalls } from '../base/port-calls.js';

/** Parts of a host that answer with a reading. */
type ReadingName = Exclude<keyof Host, 'read' | 'liveGauges' | 'watch' | 'close'>;

interface HostSources {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the waiting for what is being read. */
  readonly reading: AbortSignal;
}

/**
 * A host whose calls have a deadline. A failing `read` rejects; what else cannot be read is unknown, with the reason,
 * and logged. A method that the host lacks is lacking here, too.
 */
export function ownedHost(host: Host, { clock, logger, reading }: HostSources): Host {
  const calls = new Map<string, PortCalls>();
  const call = <T>(method: string, work: () => T | PromiseLike<T>): T | Promise<T> => {
    const own = calls.get(method) ?? new PortCalls({ clock, signal: reading });
    calls.set(method, own);
    return own.make(`\`host.${method}\``, DEADLINES.readMs, work);
  };
  const named = new Set<string>();
  const failed = (method: string, error: unknown): Reading<never> => {
    const reason = messageOf(error);
    if (named.size < 100 && !named.has(`${method} ${reason}`)) {
      named.add(`${method} ${reason}`);
      logger.error(`\`host.${method}\` failed: ${reason}`);
    }
    return unknown(reason);
  };
  const around: Record<string, unknown> = {
    read: (request: Parameters<Host['read']>[0]) => call('read', () => host.read(request)),
    close: () => host.close?.(),
  };
  for (const method of Object.keys(ANSWERS) as ReadingName[]) {
    const reading = async (...given: unknown[]): Promise<Reading<unknown>> => {
      try {
        const work = (host[method] as (...given: unknown[]) => Promise<Reading<unknown>>).bind(host);
        return expectReading(await call(method, () => work(...given)), method);
      } catch (error) {
        return failed(method, error);
      }
    };
    Object.defineProperty(around, method, { get: () => host[method] && reading });
  }
  const watch: NonNullable<Host['watch']> = (units, listener) =>
    ownedWatch(host, units, listener, (error) => void failed('watch', error));
  Object.defineProperty(around, 'watch', { get: () => host.watch && watch });
  return around as unknown as Host;
}

const isObject = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && !Array.isArray(answer);
const isListOf =
  (isEntry: (entry: unknown) => boolean) =>
  (answer: unknown): boolean =>
    Array.isArray(answer) && answer.every(isEntry);
const isText = (entry: unknown): boolean => typeof entry === 'string';

/** What each reading may answer, where it is known. */
const ANSWERS: Readonly<Record<ReadingName, (answer: unknown) => boolean>> = {
  unitLog: isListOf(isText),
  unitMemory: (answer) => typeof answer === 'number' && answer >= 0,
  unitRelations: isListOf(isObject),
  activeServices: isListOf(isText),
  unitChanges: isListOf(isText),
  systemIdentity: isObject,
  preSwitchCheck: (answer) => answer === null || isText(answer),
  nixActivity: isObject,
};

function expectReading(answer: unknown, method: ReadingName): Reading<unknown> {
  if (isUnknown(answer) || ANSWERS[method](answer)) return answer;
  throw new TypeError(`it answered ${messageOf(answer)}`);
}

function ownedWatch(
  host: Host,
  units: readonly string[] | undefined,
  { unitInTrouble, listening }: HostListener,
  failed: (error: unknown) => void,
): () => void {
  let stop: unknown;
  try {
    stop = host.watch?.(units, {
      unitInTrouble: (unit) => callOwned(() => unitInTrouble(unit), failed),
      listening: (state) => callOwned(() => listening(state), failed),
    });
    if (typeof stop === 'function') return () => callOwned(stop as () => unknown, failed);
    throw new TypeError('it gave no function that ends it');
  } catch (error) {
    owned(stop, failed);
    failed(error);
    return () => undefined;
  }
}
