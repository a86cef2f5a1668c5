import { messageOf } from '../base/errors.js';
import { recordRelapse, relapsedFix } from '../memory/relapse.js';
import type { LastFix } from '../memory/state.js';
import type { Counts } from '../report/counts.js';
import type { Issue } from '../model/issue.js';
import type { EnginePorts } from '../repair/ports.js';

type RelapsePorts = Pick<EnginePorts, 'ledger' | 'guards' | 'bootId' | 'clock' | 'emit' | 'logger'>;

/** A relapse that is not written down yet, and when it was seen. */
interface Seen {
  readonly issue: Issue;
  readonly at: number;
}

/** Takes fixes back that did not last. A dry run sees a relapse too: then the next call that is none writes it down. */
export class Relapses {
  readonly #ports: RelapsePorts;
  readonly #counts: Counts;
  #unwritten: readonly Seen[] = [];

  constructor(ports: RelapsePorts, counts: Counts) {
    this.#ports = ports;
    this.#counts = counts;
  }

  /** An issue opened. */
  opened(issue: Issue): void {
    const at = this.#ports.ledger.now();
    const fix = this.#record({ issue, at });
    if (fix === undefined) return;
    this.#unwritten = [...this.#unwritten, { issue, at }];
    this.#counts.relapsed();
    this.#ports.emit('issue:relapsed', { issue, action: fix.action, afterMs: at - fix.at });
  }

  /** Writes relapses down: a breaker that one opens holds back every further act, so no act would do it. */
  async write(): Promise<void> {
    if (this.#unwritten.length === 0) return;
    const { ledger, logger } = this.#ports;
    // The state may have been read anew since a dry run saw them.
    for (const seen of this.#unwritten) this.#record(seen);
    this.#unwritten = [];
    if (!ledger.isHeld) return;
    await ledger.save().catch((error: unknown) => {
      logger.error(`A relapse could not be recorded: ${messageOf(error)}`);
    });
  }

  #record({ issue, at: now }: Seen): LastFix | undefined {
    const { ledger, guards, bootId, clock } = this.#ports;
    const fix = relapsedFix(ledger.state, issue, { now, bootId, guards });
    if (fix === undefined) return undefined;
    ledger.note((state) => recordRelapse(state, issue, fix, { now, chance: clock.random(), guards }));
    return fix;
  }
}
