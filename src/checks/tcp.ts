import type { Check } from '../detect/check.js';
import { refusal } from '../base/expect.js';
import type { Verdict } from '../model/issue.js';
import { bad, expectOptions, makeCheck, ok, type CommonOptions, type RunContext } from './make.js';
import { boolean, number, text, whole, type CheckRule } from './rules.js';
import { askSocket, TALK_KEYS, type TalkOptions, type Target } from './socket.js';
import { tlsChoice, tlsSettings, type TlsTrust } from './trust.js';

/** Options of {@link tcp}. */
export interface TcpOptions extends CommonOptions, TalkOptions {
  /** Name or address of the server. Default `127.0.0.1`. */
  readonly host?: string;
  /** Its port, 1 to 65,535. */
  readonly port: number;
  /** `false`: bad if it accepts connections. Default `true`. */
  readonly listening?: boolean;
  /** Speaks TLS: `true`, or what is trusted. Default `false`. */
  readonly tls?: boolean | TlsTrust;
}

export const TCP_RULE: CheckRule = {
  keys: {
    ...{ host: text, port: whole(1, 65_535), listening: boolean, tls: tlsChoice },
    ...{ maxMs: number(1, 600_000), ...TALK_KEYS },
  },
  needs: ['port'],
  together: (name, { listening, ...others }) => {
    if (listening !== false) return;
    const [talk] = ['tls', 'maxMs', ...Object.keys(TALK_KEYS)].filter((key) => others[key] !== undefined);
    if (talk !== undefined)
      throw refusal(`${name}.${talk}`, 'left out with `listening: false`', others[talk]);
  },
};

/**
 * Makes a check of a server on a TCP port: it accepts a connection, and answers as it should.
 *
 * Refused, reset, silent or a wrong answer is bad; a name that is not resolved, no route, no descriptor or no
 * permission is unknown, and so is a time limit that passed while this program was busy itself.
 *
 * @example
 * ```js
 * import { tcp } from '@luminous-nix/self-healing/checks';
 *
 * const redis = tcp({ port: 6379, ready: 'redis', heals: 'redis' });
 * ```
 */
export function tcp(options: TcpOptions): Check {
  expectOptions('tcp', TCP_RULE, options);
  const { host = '127.0.0.1', port, tls = false } = options;
  const what = `tcp:${host.includes(':') ? `[${host}]` : host}:${port}`;
  return makeCheck(options, {
    ...{ name: what, type: 'service', failAfter: 2 },
    run: async (context) => {
      if (options.listening === false) return nobodyListens(what, { host, port }, context);
      return askSocket(
        what,
        { host, port },
        options,
        context,
        tls === false ? undefined : await tlsSettings(tls, host),
      );
    },
  });
}

/** Checks that nothing listens: dropped by a firewall counts as closed, as refused does. */
async function nobodyListens(what: string, target: Target, context: RunContext): Promise<Verdict> {
  const asked = await askSocket(what, target, {}, context);
  if (asked.status === 'unknown') return asked;
  return asked.status === 'ok' ? bad(`${what} accepts connections`) : ok(`${what} is closed`);
}
