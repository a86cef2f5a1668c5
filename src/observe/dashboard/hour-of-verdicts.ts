import type { ComponentVerdict } from '../../model/issue.js';
import { Hour } from './view/hour.js';
import { readingsOf } from './view/readings.js';
import type { History } from './view/view.js';

/** Keeps the last hour of the readings in verdicts. */
export class HourOfVerdicts {
  readonly #hour = new Hour();

  add(timestamp: Date, verdicts: readonly ComponentVerdict[]): void {
    this.#hour.add(timestamp.getTime(), readingsOf(verdicts));
  }

  read(): History {
    return this.#hour.read();
  }
}
