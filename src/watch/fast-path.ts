import type { Detector } from '../detect/detector.js';
import type { Glance } from '../detect/fast-path.js';

/** Two glances by one detector: what one of them saw last is kept as it is, while the other one looks. */
export class FastPath {
  #detector: Detector | undefined;
  #next: Glance | undefined;
  #kept: Glance | undefined;

  /** The one to look with; `undefined` where the detector has none. */
  by(detector: Detector): Glance | undefined {
    if (detector !== this.#detector) {
      this.#detector = detector;
      this.#next = detector.glance?.();
      this.#kept = detector.glance?.();
    }
    return this.#next;
  }

  /** Keeps what the last look saw, until this is said of another one. */
  keep(): void {
    const kept = this.#next;
    this.#next = this.#kept;
    this.#kept = kept;
  }
}
