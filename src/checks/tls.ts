import type { Socket } from 'node:net';
import type { Check } from '../detect/check.js';
import type { Verdict } from '../model/issue.js';
import { withinLimit } from './deadline.js';
import { verdictOfFailure, WrongAnswer } from './failure.js';
import { bad, expectOptions, makeCheck, ok, type CommonOptions, type RunContext } from './make.js';
import { number, text, whole, type CheckRule } from './rules.js';
import { connected, Lookups } from './socket.js';
import { refusedCertificate } from './certificate.js';
import { tlsSettings, TRUST_KEYS, type TlsTrust } from './trust.js';

/** Options of {@link tls}. */
export interface TlsOptions extends CommonOptions, TlsTrust {
  /** Name or address of the server. */
  readonly host: string;
  /** Its port. Default 443. */
  readonly port?: number;
  /** Days that its certificate must still be valid. Default 14. */
  readonly minDays?: number;
}

export const TLS_RULE: CheckRule = {
  keys: { host: text, port: whole(1, 65_535), minDays: number(0, 3_650), ...TRUST_KEYS },
  needs: ['host'],
};

const DAY_MS = 86_400_000;

/**
 * Makes a check of the certificate of a server: trusted, for its name, and valid for some days more.
 *
 * @example
 * ```js
 * import { tls } from '@luminous-nix/self-healing/checks';
 *
 * const certificate = tls({ host: 'example.org', minDays: 21 });
 * ```
 */
export function tls(options: TlsOptions): Check {
  expectOptions('tls', TLS_RULE, options);
  const { host, port = 443 } = options;
  const what = `tls:${host.includes(':') ? `[${host}]` : host}:${port}`;
  return makeCheck(options, {
    ...{ name: what, type: 'service', failAfter: 2 },
    run: (context) => judge(what, { ...options, port }, context),
  });
}

async function judge(
  what: string,
  { host, port, minDays = 14, ...trust }: TlsOptions & { readonly port: number },
  { signal, timeoutMs }: RunContext,
): Promise<Verdict> {
  let opened: Socket | undefined;
  const lookups = new Lookups();
  try {
    const settings = await tlsSettings(trust, host);
    return await withinLimit(timeoutMs, signal, async () => {
      const { connect } = await import('node:tls');
      const from = { host, port, lookup: lookups.lookup };
      const socket = connect({ ...from, ...settings, rejectUnauthorized: false });
      opened = socket;
      await connected(socket, 'secureConnect');
      const certificate = socket.getPeerCertificate();
      const days = daysLeft(certificate.valid_to);
      if (Number.isNaN(days))
        throw new WrongAnswer(`has a certificate without a readable end (${String(certificate.valid_to)})`);
      const numbers = { value: days, threshold: minDays };
      if (days < 0) throw new WrongAnswer(`has a certificate that has expired ${-days} days ago`, numbers);
      // Node gives the code where its types have an error.
      const problem = socket.authorizationError as unknown as string | undefined;
      if (!socket.authorized && !trust.insecure)
        throw new WrongAnswer(
          refusedCertificate(codeOf(problem)) ?? `has a certificate that is refused (${String(problem)})`,
        );
      const words = `${what} has a certificate for ${days} more days`;
      return days < minDays ? bad(`${words}, under ${minDays}`, numbers) : ok(words, numbers);
    });
  } catch (error) {
    return verdictOfFailure(what, lookups.failure(error));
  } finally {
    opened?.destroy();
  }
}

/** Node gives a string, or for a wrong name the error itself. */
const codeOf = (problem: unknown): string | undefined =>
  typeof problem === 'string' ? problem : (problem as { code?: string } | undefined)?.code;

/** Whole days until a certificate ends; negative once it has. */
export const daysLeft = (validTo: string): number => Math.floor((Date.parse(validTo) - Date.now()) / DAY_MS);
