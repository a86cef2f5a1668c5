import { generateKeyPairSync, sign } from 'node:crypto';

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const length =
    body.length < 128
      ? Buffer.from([body.length])
      : body.length < 256
        ? Buffer.from([0x81, body.length])
        : Buffer.from([0x82, body.length >> 8, body.length & 255]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
const oid = (hex: string): Buffer => tlv(6, Buffer.from(hex, 'hex'));
const name = (text: string): Buffer =>
  sequence(tlv(0x31, sequence(oid('550403'), tlv(12, Buffer.from(text)))));
const time = (at: number): Buffer =>
  tlv(0x17, Buffer.from(`${new Date(at).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));
const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;

/** Extension: the certificate is for clients only. */
const FOR_CLIENTS = sequence(oid('551d25'), tlv(4, sequence(oid('2b06010505070302'))));

/** Creates a self-signed certificate for a name, valid for this number of days from a day ago. */
export function certificateFor(
  host: string,
  days: number,
  { isForClients = false } = {},
): { readonly key: string; readonly cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = sequence(oid('2a8648ce3d040302'));
  const now = Date.now();
  const body = sequence(
    tlv(0xa0, tlv(2, Buffer.from([2]))),
    tlv(2, Buffer.from([1])),
    algorithm,
    name(host),
    sequence(time(now - 40 * 86_400_000), time(now + days * 86_400_000)),
    name(host),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(
      0xa3,
      sequence(
        sequence(oid('551d11'), tlv(4, sequence(tlv(0x82, Buffer.from(host))))),
        ...(isForClients ? [FOR_CLIENTS] : []),
      ),
    ),
  );
  const signature = tlv(3, Buffer.from([0]), sign('sha256', body, privateKey));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: pem('CERTIFICATE', sequence(body, algorithm, signature)),
  };
}
