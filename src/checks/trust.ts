import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { cannotTell } from './failure.js';
import { boolean, object, path, text, type Leaf } from './rules.js';

/** Which certificates are trusted. */
export interface TlsTrust {
  /** Name that the certificate must have, and that is asked for (SNI). Default: the host. */
  readonly serverName?: string;
  /**
   * File with the certificates that are trusted, as PEM: of authorities, or of the server itself, which pins it. Default:
   * the authorities of Node.
   */
  readonly caFile?: string;
  /** Accepts any certificate. Default `false`. */
  readonly insecure?: boolean;
}

export const TRUST_KEYS: Readonly<Record<keyof TlsTrust, Leaf>> = {
  serverName: text,
  caFile: path,
  insecure: boolean,
};

/** Rule of `true`, `false` or what is trusted. */
export const tlsChoice: Leaf = (name, value) => {
  if (typeof value !== 'boolean') object(TRUST_KEYS)(name, value);
};

/** Turns what is trusted into settings of a connection. Rejects with `CannotTell` when its file cannot be read. */
export async function tlsSettings(trust: true | TlsTrust, host: string): Promise<ConnectionOptions> {
  const { serverName = host, caFile, insecure = false } = trust === true ? {} : trust;
  return {
    rejectUnauthorized: !insecure,
    // An address is no name to ask for.
    servername: isIP(serverName) === 0 ? serverName : '',
    // As curl does: what the file has is trusted, also where it is no authority, or has the name of another one in it.
    ...(caFile === undefined ? {} : { ca: await readAuthorities(caFile), allowPartialTrustChain: true }),
  };
}

const readAuthorities = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch(cannotTell(`the certificates in ${file} cannot be read: `));
