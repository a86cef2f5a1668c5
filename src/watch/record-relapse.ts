import { messageOf } from '../base/errors.js';
import { recordRelapse, relapsedFix } from '../memory/record-act.js';
import type { LastFix } from '../memory/state.js';
import type { Counts } from '../report/counts.js';
import type { Issue } from '../model/issue.js';
import type { EnginePorts } from '../repair/ports.js';

type RelapsePorts = Pick<EnginePorts, 'ledger' | 'guards' | 'bootId' | 'clock' | 'emit' | 'logger'>;

/** A relapse that is not recorded yet, with its time. */
interface Seen {
  readonly issue: Issue;
  readonly at: number;
}

/** Records fixes that did not last. A relapse that a dry run sees is recorded by the next call that is not a dry run. */
export class Relapses {
  readonly #ports: RelapsePorts;
  readonly #counts: Counts;
  #unwritten: readonly Seen[] = [];

  constructor(ports: RelapsePorts, counts: Counts) {
    this.#ports = ports;
    this.#counts = counts;
  }

  /** Checks whether an issue that opened is a relapse. */
  opened(issue: Issue): void {
    const at = this.#ports.ledger.now();
    const fix = this.#record({ issue, at });
    if (fix === undefined) return;
    this.#unwritten = [...this.#unwritten, { issue, at }];
    this.#counts.relapsed();
    this.#ports.emit('issue:relapsed', { issue, action: fix.action, afterMs: at - fix.at });
  }

  /** Records relapses. They may open a breaker, after which no repair would record them. */
  async write(): Promise<void> {
    if (this.#unwritten.length === 0) return;
    const { ledger, logger } = this.#ports;
    // The state may have been loaded again since a dry run saw them.
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
