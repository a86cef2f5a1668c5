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
  CERT_UNTRUSTED: 'has a certificate that is not trusted',
  CERT_REJECTED: 'has a certificate that is not trusted',
  CERT_SIGNATURE_FAILURE: 'has a certificate with a wrong signature',
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 'has a certificate with a wrong signature',
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 'has a certificate with a wrong signature',
  CERT_CHAIN_TOO_LONG: 'sends too many certificates between its own and a trusted authority',
  PATH_LENGTH_EXCEEDED: 'sends too many certificates between its own and a trusted authority',
  INVALID_CA: 'has a certificate that was signed by one that is no authority',
  INVALID_PURPOSE: 'has a certificate that is not for a server',
  HOSTNAME_MISMATCH: 'has a certificate for another name',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'has a certificate without a readable start',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'has a certificate without a readable end',
};

/** Returns how a certificate is refused, in words that follow the name of the server; nothing for another error. */
export function refusedCertificate(code: string | undefined): string | undefined {
  return code === undefined ? undefined : REFUSED[code];
}
