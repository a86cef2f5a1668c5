import type { Verdict } from '../model/issue.js';
import type { Check } from '../detect/check.js';
import { bad, expectOptions, makeCheck, type CommonOptions } from './make.js';
import { number, path, type CheckRule } from './rules.js';
import { askSocket, TALK_KEYS, type TalkOptions } from './socket.js';
import { lstat } from 'node:fs/promises';

/** Options of {@link unixSocket}. */
export interface UnixSocketOptions extends CommonOptions, TalkOptions {
  /** Absolute path of the socket. */
  readonly path: string;
}

export const UNIX_SOCKET_RULE: CheckRule = {
  keys: { path, maxMs: number(1, 600_000), ...TALK_KEYS },
  needs: ['path'],
};

/** Makes a check of a server on a Unix socket. A socket that is not there is bad; one that may not be opened is unknown. */
export function unixSocket(options: UnixSocketOptions): Check {
  expectOptions('unixSocket', UNIX_SOCKET_RULE, options);
  const what = `unix:${options.path}`;
  return makeCheck(options, {
    ...{ name: what, type: 'service', failAfter: 2 },
    run: async (context) =>
      (await missing(options.path)) ?? askSocket(what, { path: options.path }, options, context),
  });
}

/** Connecting to another kind of file is refused like connecting to a socket without a server. */
async function missing(file: string): Promise<Verdict | undefined> {
  try {
    await lstat(file);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? bad(`${file} is not there`) : undefined;
  }
}
