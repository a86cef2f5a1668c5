import { createHash } from 'node:crypto';

/** Returns the SHA-256 of some bytes, in hex. */
export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
