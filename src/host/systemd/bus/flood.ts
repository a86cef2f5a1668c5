/** Unwanted signals per second above which there is a flood. */
const MAX_UNWANTED = 100;
const SECOND_MS = 1_000;

/** Counts unwanted signals, which every user of the host can send. */
export function createFlood(now: () => number = () => performance.now()) {
  let secondAt = -Infinity;
  let inThis = 0;
  let inLast = 0;
  const turn = (): void => {
    const passed = now() - secondAt;
    if (passed < SECOND_MS) return;
    inLast = passed < 2 * SECOND_MS ? inThis : 0;
    inThis = 0;
    secondAt = now();
  };
  return {
    count() {
      turn();
      inThis += 1;
    },
    /** True if there was a flood in this second or the last one. */
    get isOn() {
      turn();
      return Math.max(inThis, inLast) > MAX_UNWANTED;
    },
  };
}
