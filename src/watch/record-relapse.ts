import { messageOf } from '../errors.js';
import { recordRelapse, relapsedFix } from '../guard/relapse.js';
import type { Tally } from '../heal/tally.js';
import type { Issue } from '../issue.js';
import type { EnginePorts } from '../repair/ports.js';

type RelapsePorts = Pick<EnginePorts, 'ledger' | 'guards' | 'bootId' | 'clock' | 'emit' | 'logger'>;

/** Takes a fix back that did not last. Returns whether that is so. */
export function noteRelapse(issue: Issue, ports: RelapsePorts, tally: Tally): boolean {
  const { ledger, guards, bootId, clock, emit } = ports;
  const now = ledger.now();
  const fix = relapsedFix(ledger.state, issue, { now, bootId, guards });
  if (fix === undefined) return false;
  ledger.note((state) => recordRelapse(state, issue, fix, { now, chance: clock.random(), guards }));
  tally.relapsed();
  emit('issue:relapsed', { issue, action: fix.action, afterMs: now - fix.at });
  return true;
}

/** Writes relapses down: a breaker that one opens holds back every further act, so no act would do it. */
export async function saveRelapses({ ledger, logger }: RelapsePorts): Promise<void> {
  if (!ledger.isHeld) return;
  await ledger.save().catch((error: unknown) => {
    logger.error(`A relapse could not be recorded: ${messageOf(error)}`);
  });
}
