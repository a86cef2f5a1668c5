import type { ComponentVerdict, Issue } from '../issue.js';
import { isBad, issueFrom } from '../detect/detector.js';
import { debounce, watchKey, type Watches } from '../guard/debounce.js';
import type { Guards } from '../guard/guards.js';

/** What changed with a new set of verdicts. */
export interface Turn {
  /** Every open issue, as last read, with the time at which it opened. */
  readonly open: readonly Issue[];
  readonly opened: readonly Issue[];
  readonly cleared: readonly Issue[];
}

const AT_ONCE: Guards['lasting'] = { cpu: 1, load: 1, memory: 1, others: 1 };

/** Knows which issues are open, through single cycles and monitoring alike. */
export class OpenIssues {
  #watches: Watches = new Map();
  #open = new Map<string, Issue>();

  /** Takes the verdicts of a single cycle: whatever is bad now is an issue now. */
  look(verdicts: readonly ComponentVerdict[], now: Date): Turn {
    this.#watches = debounce(new Map(), verdicts, AT_ONCE);
    return this.#turn(verdicts.filter(isBad), now);
  }

  /** Takes the verdicts of a monitoring cycle: an issue is what has lasted. */
  watch(verdicts: readonly ComponentVerdict[], now: Date, lasting: Guards['lasting']): Turn {
    this.#watches = debounce(this.#watches, verdicts, lasting);
    return this.#turn(
      [...this.#watches.values()].filter(({ open }) => open).map(({ verdict }) => verdict),
      now,
    );
  }

  #turn(bad: readonly ComponentVerdict[], now: Date): Turn {
    const before = this.#open;
    const after = new Map<string, Issue>();
    for (const verdict of bad) {
      const key = watchKey(verdict);
      after.set(key, issueFrom(verdict, before.get(key)?.timestamp ?? now));
    }
    this.#open = after;
    return {
      open: [...after.values()],
      opened: [...after].filter(([key]) => !before.has(key)).map(([, issue]) => issue),
      cleared: [...before].filter(([key]) => !after.has(key)).map(([, issue]) => issue),
    };
  }
}
