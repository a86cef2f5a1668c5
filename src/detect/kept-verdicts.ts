import type { ComponentVerdict } from '../issue.js';

type Judge<Reading, Threshold> = (reading: Reading, threshold: Threshold) => readonly ComponentVerdict[];

/**
 * Judges a reading, and gives the very same verdicts again while reading and threshold are the same: readers give
 * one frozen object for as long as its numbers stay, and most of them stay from one look to the next.
 */
export function keptVerdicts<Reading, Threshold>(
  judge: Judge<Reading, Threshold>,
): Judge<Reading, Threshold> {
  let judged: readonly ComponentVerdict[] | undefined;
  let lastReading: Reading;
  let lastThreshold: Threshold;
  return (reading, threshold) => {
    const same = reading === lastReading && threshold === lastThreshold && Object.isFrozen(reading);
    if (judged === undefined || !same) {
      judged = judge(reading, threshold);
      judged.forEach(Object.freeze);
      lastReading = reading;
      lastThreshold = threshold;
    }
    return judged;
  };
}
