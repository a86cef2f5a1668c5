const BRAND = Symbol.for('@luminous-nix/self-healing/error');

/** What went wrong, for programs. */
export type ErrorCode =
  /** An argument or option that cannot be meant. */
  | 'invalid-argument'
  /** `startMonitoring` on an engine that is monitoring. */
  | 'already-monitoring'
  /** Used after `close()`. */
  | 'closed'
  /** Another engine holds the state, or it cannot be opened at the moment. */
  | 'locked'
  /** The state of an earlier run cannot be used. */
  | 'state-lost'
  /** Something did not answer within its time. */
  | 'timeout'
  /** A program or a bus gave an answer that is not one. */
  | 'protocol'
  /** A server cannot have the address that it was told to listen on. */
  | 'cannot-listen';

/**
 * The one error class of this library. Misuse throws it; a repair that fails does not, it is a result.
 *
 * An ESM and a CommonJS copy of a class are never `instanceof` each other, so test with
 * {@link isSelfHealingError}.
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

/** Tells whether a thrown value is a {@link SelfHealingError}, whichever copy of the library made it. */
export function isSelfHealingError(error: unknown): error is SelfHealingError {
  try {
    return typeof error === 'object' && error !== null && BRAND in error;
  } catch {
    return false;
  }
}

/** Returns the message of whatever was thrown. Never throws: a thrown value may be an object that refuses to be read. */
export function messageOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : error;
    return String(message);
  } catch {
    return 'a thrown value that has no text';
  }
}

/** What was thrown, as the error that a rejection should have. */
export const asError = (thrown: unknown): Error =>
  isError(thrown) ? thrown : new Error(messageOf(thrown), { cause: thrown });

function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}
