/**
 * What is said over the socket of the root helper: one line of JSON each way. A request holds an action to plan or to
 * carry out, never a command; the answer is an `Execution` with the version beside it.
 */
export interface HelperRequest {
  readonly version: typeof HELPER_VERSION;
  /** `approve` only at the socket for people, and the others only where they belong. */
  readonly do: 'plan' | 'execute' | 'approve';
  readonly action: string;
  readonly parameters: Readonly<Record<string, HelperParameter>>;
  /** Whether a person has approved it, by the word of who asks. The policy says where that counts. Default `false`. */
  readonly approved?: boolean;
  /** Fingerprint of the plan that was judged and announced; the helper carries out or approves no other. */
  readonly digest?: string;
}

/** A parameter of an action: a text, a number, a yes or no, or a few texts by name. */
export type HelperParameter = string | number | boolean | Readonly<Record<string, string>>;

/** Path of the socket of the root helper. */
export const HELPER_SOCKET = '/run/luminous-healing.sock';
/** Version of the protocol. */
export const HELPER_VERSION = 1;
/** Longest request, in bytes, its newline included. */
export const REQUEST_LIMIT = 8 * 1024;
/** Longest answer, in bytes. It fits into the buffer of a socket, so that nobody waits for a reader. */
export const ANSWER_LIMIT = 96 * 1024;
/** How long the helper waits for its request, in milliseconds. */
export const REQUEST_WITHIN_MS = 2_000;
/** How long the helper may take to make a plan, in milliseconds. */
export const PLAN_WITHIN_MS = 60_000;
