const BRAND = Symbol.for('@luminous-nix/self-healing/error');

/** Kind of an error, for programs. */
export type ErrorCode =
  /** Invalid argument or option. */
  | 'invalid-argument'
  /** `startMonitoring` on an engine that is monitoring. */
  | 'already-monitoring'
  /** Used after `close()`. */
  | 'closed'
  /** Another engine holds the state, or the state cannot be opened at the moment. */
  | 'locked'
  /** The state of an earlier run cannot be used. */
  | 'state-lost'
  /** A call exceeded its time limit. */
  | 'timeout'
  /** A program or a bus sent an invalid reply. */
  | 'protocol'
  /** A server cannot listen on its configured address. */
  | 'cannot-listen';

/**
 * Error class of this library. Thrown for misuse; a repair that fails is a result instead.
 *
 * Test with {@link isSelfHealingError}: `instanceof` fails between the ESM and the CommonJS copy of the class.
 *
 * @example
 * ```js
 * import { createSelfHealingEngine, isSelfHealingError } from '@luminous-nix/self-healing';
 *
 * try {
 *   createSelfHealingEngine({ thresholds: { diskPercent: 120 } });
 * } catch (error) {
 *   if (!isSelfHealingError(error)) throw error;
 *   console.log(error.code, error.message);
 * }
 * ```
 */
export class SelfHealingError extends Error {
  override readonly name = 'SelfHealingError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Returns the error for an invalid argument. */
export const invalid = (sentence: string): SelfHealingError =>
  new SelfHealingError('invalid-argument', sentence);

/** Returns whether a thrown value is a {@link SelfHealingError} from any copy of the library. */
export function isSelfHealingError(error: unknown): error is SelfHealingError {
  try {
    return typeof error === 'object' && error !== null && BRAND in error;
  } catch {
    return false;
  }
}

/** Returns the message of a thrown value. Never throws, even if reading the value does. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'a thrown value that has no text';
  }
}

/** Returns the thrown value as an `Error`. */
export function asError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown;
  } catch {
    // `instanceof` throws for a revoked proxy.
  }
  return new Error(messageOf(thrown), { cause: thrown });
}
