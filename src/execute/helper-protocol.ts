/**
 * Request to the root helper: one line of JSON. It names an action, never a command. The answer is one line of JSON,
 * an `Execution` and the version.
 */
export interface HelperRequest {
  readonly version: typeof HELPER_VERSION;
  /** `approve` is accepted at the socket for people only, `execute` at the socket for engines only. */
  readonly do: 'plan' | 'execute' | 'approve';
  readonly action: string;
  readonly parameters: Readonly<Record<string, HelperParameter>>;
  /** `true` when the client claims that a person has approved it; the policy decides whether that counts. Default `false`. */
  readonly approved?: boolean;
  /** Digest of the plan that passed the gates; the helper carries out or approves no other. */
  readonly digest?: string;
}

export type HelperParameter = string | number | boolean | Readonly<Record<string, string>>;

export const HELPER_SOCKET = '/run/luminous-healing.sock';
export const HELPER_VERSION = 1;
/** Longest request, in bytes, including its newline. */
export const REQUEST_LIMIT = 8 * 1024;
/** Longest answer, in bytes. It fits into the buffer of a socket, so writing it never waits for a reader. */
export const ANSWER_LIMIT = 96 * 1024;
/** Time limit for the request to arrive, in milliseconds. */
export const REQUEST_WITHIN_MS = 2_000;
/** Time limit for making a plan, in milliseconds. */
export const PLAN_WITHIN_MS = 60_000;
