import { SelfHealingError } from '../../base/errors.js';
import { expectKnownKeys, expectObject, expectOneOf, expectText, refusal } from '../../base/expect.js';

/** Default path of the daemon's control socket. */
export const CONTROL_SOCKET = '/run/luminous-healing/control.sock';

/** Returns the path of the socket beside it that only root may open. */
export const rootSocketOf = (path: string): string => `${path.replace(/\.sock$/, '')}-root.sock`;

/** The group whose members may connect. */
export const CONTROL_GROUP = 'luminous-healing-control';

export const COMMANDS = [
  'status',
  'explain',
  'capabilities',
  'approve',
  'reject',
  'pause',
  'resume',
  'reset',
  'heal',
  'dashboard',
] as const;
export type Command = (typeof COMMANDS)[number];

/** One line of JSON to the daemon. */
export interface Request {
  readonly version: 1;
  readonly command: Command;
  /** Argument of the command: a component, the id of an approval, or a reason. */
  readonly argument?: string;
  /** User, as claimed by the control command: Node cannot read the credentials of a peer. */
  readonly uid?: number;
}

/** One line of JSON back. */
export type Answer =
  | { readonly version: 1; readonly ok: true; readonly data: unknown }
  | { readonly version: 1; readonly ok: false; readonly error: string };

/** Length limit of a line, in bytes. */
export const MAX_REQUEST = 4_096;

/** Parses a request. Throws one sentence when it is invalid. */
export function parseRequest(line: string): Request {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new SelfHealingError('protocol', 'Expected one line of JSON', { cause: error });
  }
  const given = expectObject('request', value);
  expectKnownKeys('request', given, ['version', 'command', 'argument', 'uid']);
  if (given.version !== 1) throw refusal('version', '1', given.version);
  expectOneOf('command', given.command, COMMANDS, 'command');
  if (given.argument !== undefined) expectText('argument', given.argument);
  if (given.uid !== undefined && !(Number.isSafeInteger(given.uid) && (given.uid as number) >= 0))
    throw refusal('uid', 'the id of a user', given.uid);
  return given as unknown as Request;
}
