import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Host, HostListener } from './host.js';
import { isUnknown, unknown, type Reading } from '../model/reading.js';
import type { Logger } from '../base/logger.js';
import { callOwned, owned } from '../base/pending.js';
import { DEADLINES } from '../base/deadlines.js';
import { PortCalls } from '../base/port-calls.js';

/** Methods of a host that return a reading. */
type ReadingMethod = Exclude<keyof Host, 'read' | 'liveGauges' | 'recent' | 'watch' | 'close'>;

interface OwnedHostOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the wait for pending readings. */
  readonly reading: AbortSignal;
}

/**
 * Wraps a host so that its calls have a deadline. A failing `read` rejects; any other failing call is logged and
 * returns unknown with the reason. Optional methods stay absent.
 */
export function ownedHost(host: Host, { clock, logger, reading }: OwnedHostOptions): Host {
  const calls = new Map<string, PortCalls>();
  const call = <T>(method: string, work: () => T | PromiseLike<T>): T | Promise<T> => {
    const own = calls.get(method) ?? new PortCalls({ clock, signal: reading });
    calls.set(method, own);
    return own.make(`\`host.${method}\``, DEADLINES.readMs, work);
  };
  const logged = new Set<string>();
  const failed = (method: string, error: unknown): Reading<never> => {
    const reason = messageOf(error);
    if (logged.size < 100 && !logged.has(`${method} ${reason}`)) {
      logged.add(`${method} ${reason}`);
      logger.error(`\`host.${method}\` failed: ${reason}`);
    }
    return unknown(reason);
  };
  const around: Record<string, unknown> = {
    read: (request: Parameters<Host['read']>[0]) => call('read', () => host.read(request)),
    close: () => host.close?.(),
  };
  for (const method of Object.keys(VALIDATORS) as ReadingMethod[]) {
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

/** Tests of known results, by method. */
const VALIDATORS: Readonly<Record<ReadingMethod, (answer: unknown) => boolean>> = {
  unitLog: isListOf(isText),
  unitMemory: (answer) => typeof answer === 'number' && answer >= 0,
  unitRelations: isListOf(isObject),
  activeServices: isListOf(isText),
  unitChanges: isListOf(isText),
  systemIdentity: isObject,
  preSwitchCheck: (answer) => answer === null || isText(answer),
  nixActivity: isObject,
};

function expectReading(answer: unknown, method: ReadingMethod): Reading<unknown> {
  if (isUnknown(answer) || VALIDATORS[method](answer)) return answer;
  throw new TypeError(`it returned ${messageOf(answer)}`);
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
    throw new TypeError('it did not return a function');
  } catch (error) {
    owned(stop, failed);
    failed(error);
    return () => undefined;
  }
}
