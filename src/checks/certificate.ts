/** Codes with which Node refuses a certificate, as people say it. */
const REFUSED: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  CERT_NOT_YET_VALID: 'has a certificate that is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a certificate that signed itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate of an authority that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'does not send the certificates between its own and a trusted authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a certificate of an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'has a certificate of an authority that is not trusted',
  CERT_REVOKED: 'has a certificate that was revoked',
};

/** Returns how a certificate is refused, in words that follow the name of the server; nothing for another error. */
export function refusedCertificate(code: string | undefined): string | undefined {
  return code === undefined ? undefined : REFUSED[code];
}
