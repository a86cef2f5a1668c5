/** One buffer that all files of a reader are read into, one after the other. It grows and never shrinks. */
export interface Scratch {
  bytes: Buffer;
}

const START_BYTES = 16_384;

/** Makes the buffer. It holds the files of an ordinary host as it is. */
export const createScratch = (): Scratch => ({ bytes: Buffer.allocUnsafeSlow(START_BYTES) });

/** Doubles the buffer; what it held is kept. */
export function grow(scratch: Scratch): void {
  const larger = Buffer.allocUnsafeSlow(scratch.bytes.length * 2);
  scratch.bytes.copy(larger);
  scratch.bytes = larger;
}
