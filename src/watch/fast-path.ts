import type { Detector } from '../detect/detector.js';
import type { Glance } from '../detect/fast-path.js';

/** Alternates two fast paths of one detector: the last look of one is kept while the other looks. */
export class FastPath {
  #detector: Detector | undefined;
  #next: Glance | undefined;
  #kept: Glance | undefined;

  /** Returns the fast path to use; `undefined` where the detector has none. */
  by(detector: Detector): Glance | undefined {
    if (detector !== this.#detector) {
      this.#detector = detector;
      this.#next = detector.glance?.();
      this.#kept = detector.glance?.();
    }
    return this.#next;
  }

  /** Keeps the last look until the next call. */
  keep(): void {
    const kept = this.#next;
    this.#next = this.#kept;
    this.#kept = kept;
  }
}
