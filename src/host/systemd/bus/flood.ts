/** Unwanted signals in a second that count as a flood; systemd's own are never among them. */
const MOST_UNWANTED = 100;
const SECOND_MS = 1_000;

/** Counts signals that nobody wants, which every user of the host can send to this connection. */
export interface Flood {
  /** Counts one. */
  count(): void;
  /** Whether so many come that waking up for each costs more than it is worth. */
  readonly isOn: boolean;
}

/** Makes the counter of one connection. A flood ends in the second after it. */
export function createFlood(now: () => number = () => performance.now()): Flood {
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
    get isOn() {
      turn();
      return Math.max(inThis, inLast) > MOST_UNWANTED;
    },
  };
}
