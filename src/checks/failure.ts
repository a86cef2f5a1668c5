import { messageOf } from '../base/errors.js';
import type { Verdict } from '../model/issue.js';
import { span } from '../base/format.js';
import { refusedCertificate } from './certificate.js';
import { TimeLimit } from './deadline.js';
import { bad, unknownVerdict, type RunContext } from './make.js';

/** A wrong answer: what was found, in words that follow the name of what was asked. */
export class WrongAnswer extends Error {
  readonly more: Partial<Verdict>;

  constructor(message: string, more: Partial<Verdict> = {}) {
    super(message);
    this.more = more;
  }
}

/** Something that keeps the check from judging. */
export class CannotTell extends Error {
  /** `true` if the checked object is changing its state by itself. */
  readonly transient: boolean;

  constructor(message: string, transient = false) {
    super(message);
    this.transient = transient;
  }
}

/** Rejects with what `catch` is given as a {@link CannotTell}, after these words. */
export const cannotTell =
  (words = '') =>
  (error: unknown): never => {
    throw new CannotTell(`${words}${messageOf(error)}`);
  };

/** Errors that the other side causes: it does not listen, hangs up, or does not speak its protocol. */
const BAD: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'closed the connection without an answer',
  ECONNABORTED: 'closed the connection without an answer',
  EPIPE: 'closed the connection without an answer',
  ETIMEDOUT: 'did not accept the connection',
  // A Unix socket whose accept queue is full.
  EAGAIN: 'does not accept connections: its queue is full',
};

/** Errors of this machine or of the network between: nothing is known about the other side. */
const UNKNOWN: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name cannot be resolved',
  EAI_AGAIN: 'the name cannot be resolved now',
  ENETUNREACH: 'no route to the network',
  EHOSTUNREACH: 'no route to the host',
  EHOSTDOWN: 'no route to the host',
  ENETDOWN: 'the network is down',
  EADDRNOTAVAIL: 'no local address or port is free',
  EMFILE: 'this program has no file descriptor left',
  ENFILE: 'this machine has no file descriptor left',
  ENOBUFS: 'this machine has no buffer left',
  ENOMEM: 'this machine has no memory left',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

/** Turns what a probe rejected with into a verdict on what was asked. */
export function verdictOfFailure(what: string, error: unknown): Verdict {
  if (error instanceof WrongAnswer) return bad(`${what} ${error.message}`, error.more);
  if (error instanceof CannotTell)
    return unknownVerdict(`${what}: ${error.message}`, error.transient ? { transient: true } : {});
  if (error instanceof TimeLimit) {
    const limit = span(error.limitMs);
    return error.onTime
      ? bad(`${what} did not answer within ${limit}`)
      : unknownVerdict(`${what}: no answer within ${limit}, but this program was too busy to receive one`);
  }
  const codes = codesOf(error);
  // Of several addresses, one that refuses is an answer.
  const refused = codes.find(
    (code) => BAD[code] !== undefined && (codes.length === 1 || code !== 'ETIMEDOUT'),
  );
  if (refused !== undefined) return bad(`${what} ${BAD[refused]!}`);
  const certificate = refusedCertificate(codes[0]);
  if (certificate !== undefined) return bad(`${what} ${certificate}`);
  if (codes.some((code) => code.startsWith('HPE_'))) return bad(`${what} does not speak HTTP (${codes[0]!})`);
  if (codes.some((code) => /^ERR_SSL_|^EPROTO$|^ERR_TLS_/.test(code)))
    return bad(`${what} failed the TLS handshake (${codes[0]!})`);
  const [code = ''] = codes;
  return unknownVerdict(`${what}: ${UNKNOWN[code] ?? messageOf(error)}`);
}

/** Returns the `run` of a check: what it rejects with becomes a verdict on what was asked. */
export const judging =
  (what: string, judge: (context: RunContext) => Promise<Verdict>) =>
  (context: RunContext): Promise<Verdict> =>
    judge(context).catch((error: unknown) => verdictOfFailure(what, error));

/** Codes of an error; of several, where each address was tried. */
function codesOf(error: unknown): string[] {
  const list = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  return list.flatMap((one) => {
    const { code } = (one ?? {}) as { code?: unknown };
    return typeof code === 'string' ? [code] : [];
  });
}
