import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, TLSSocket, type PeerCertificate } from 'node:tls';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { tls, type TlsOptions } from '../../src/checks/index.js';
import { certificateFor } from './certificate.js';
import { folder, verdictOf } from './house.js';

const keys = certificateFor('localhost', 90);
const connections: Socket[] = [];
const made = createServer(keys, (socket) => socket.on('error', () => undefined));
made.on('connection', (socket: Socket) => connections.push(socket));
made.listen(0, '127.0.0.1');
await once(made, 'listening');
const { port } = made.address() as AddressInfo;
afterAll(() => made.close());

/** Writes certificates into a file. */
const file = (...certificates: readonly string[]): string => {
  const path = join(folder(), 'ca.pem');
  writeFileSync(path, certificates.join(''));
  return path;
};
const judge = (options: Partial<TlsOptions> = {}) => verdictOf(tls({ host: 'localhost', port, ...options }));

describe('the check tls', () => {
  it('trusts the certificate of its file only', async () => {
    expect(await judge({ caFile: file(keys.cert) })).toMatchObject({ status: 'ok' });
    expect(await judge({ caFile: file(certificateFor('localhost', 90).cert) })).toMatchObject({
      ...{ status: 'bad', reason: `tls:localhost:${port} has a certificate that signed itself` },
    });
  });

  it('asks for the server name that is given, and for the host without one', async () => {
    const caFile = file(keys.cert);
    expect(await judge({ caFile, host: '127.0.0.1', serverName: 'localhost' })).toMatchObject({
      status: 'ok',
    });
    expect(await judge({ caFile, host: '127.0.0.1' })).toMatchObject({
      ...{ status: 'bad', reason: `tls:127.0.0.1:${port} has a certificate for another name` },
    });
    expect(await judge({ caFile, serverName: 'shop.test' })).toMatchObject({ status: 'bad' });
  });

  it.each([
    [{ insecure: true }, 'ok'],
    [{ insecure: false }, 'bad'],
    [{}, 'bad'],
  ])('closes its connection: %o, %s', async (options, status) => {
    connections.length = 0;
    expect(await judge(options)).toMatchObject({ status });
    await expect.poll(() => connections.map(({ destroyed }) => destroyed), { interval: 5 }).toEqual([true]);
  });

  it.each([
    ['Bad time value', 'Bad time value'],
    [undefined, 'undefined'],
  ])('does not trust a certificate whose end is %s', async (end, words) => {
    const certificate = vi
      .spyOn(TLSSocket.prototype, 'getPeerCertificate')
      .mockReturnValue({ valid_to: end } as PeerCertificate);
    const verdict = await judge({ caFile: file(keys.cert) });
    certificate.mockRestore();
    expect(verdict).toMatchObject({
      ...{
        status: 'bad',
        reason: `tls:localhost:${port} has a certificate without a readable end (${words})`,
      },
    });
  });

  it('does not trust a certificate that Node refuses for a reason that is not known here', async () => {
    const certificate = vi.spyOn(TLSSocket.prototype, 'getPeerCertificate').mockImplementation(function (
      this: TLSSocket,
    ) {
      Object.assign(this, { authorized: false, authorizationError: 'NEW_CODE' });
      return { valid_to: '2100-01-01' } as PeerCertificate;
    });
    const verdict = await judge({ caFile: file(keys.cert) });
    certificate.mockRestore();
    const reason = `tls:localhost:${port} has a certificate that is refused (NEW_CODE)`;
    expect(verdict).toMatchObject({ status: 'bad', reason });
  });

  it('needs the host', () => {
    expect(() => tls({} as TlsOptions)).toThrow('Expected `tls.host` to be given');
  });
});
