import { isUnknown, type Reading } from '../model/reading.js';
import { isNamed } from '../model/unit-name.js';
import { count, span, utc } from '../base/format.js';
import { runningOf, systemOf, unitOf, type Generations, type SystemRecord } from '../memory/generations.js';
import type { Guards } from '../model/guards.js';

/** One of the three conditions for blaming a generation; `unknown` counts as missing. */
export interface Condition {
  readonly holds: boolean | 'unknown';
  /** Verifiable reason, as one sentence without a full stop. */
  readonly words: string;
}

/** Evidence for and against a generation having broken a unit. */
export interface Evidence {
  readonly unit: string;
  /** Its definition differs; it was healthy before; it began to fail soon after the switch. */
  readonly conditions: readonly [Condition, Condition, Condition];
}

export interface EvidenceInput {
  readonly generations: Generations;
  /** Units whose definition differs between the previous and the running system. */
  readonly changes: Reading<readonly string[]>;
  readonly evidence: Guards['evidence'];
  /** Steady time, in milliseconds. */
  readonly now: number;
  /** Wall clock minus steady time, in milliseconds. */
  readonly wallAheadMs: number;
}

/** Returns the evidence on whether the running generation broke a unit, from the record alone. Pure. */
export function generationEvidence(unit: string, facts: EvidenceInput): Evidence {
  const { generations } = facts;
  const running = runningOf(generations);
  const previous = running?.previous ?? null;
  return {
    unit,
    conditions: [
      definitionDiffers(unit, previous, facts),
      wasHealthy(unit, systemOf(generations, previous), running, facts),
      failedSoon(unit, running, facts),
    ],
  };
}

export const isProved = ({ conditions }: Evidence): boolean =>
  conditions.every(({ holds }) => holds === true);

/** Returns whether no condition is known to be false. */
export const isUndecided = ({ conditions }: Evidence): boolean =>
  conditions.every(({ holds }) => holds !== false);

export const missingOf = ({ unit, conditions }: Evidence): string[] =>
  conditions.filter(({ holds }) => holds !== true).map(({ words }) => `${unit}: ${words}`);

export const linesOf = ({ unit, conditions }: Evidence): string[] =>
  conditions.map(({ holds, words }) => `${CONDITION_MARKS[String(holds) as 'true']} ${unit}: ${words}`);

const CONDITION_MARKS = { true: 'yes:', false: 'no:', unknown: 'not known:' } as const;

const unknownCondition = (words: string): Condition => ({ holds: 'unknown', words });

function definitionDiffers(unit: string, previous: string | null, { changes }: EvidenceInput): Condition {
  if (previous === null) return unknownCondition('which system ran before this one is not on record');
  if (isUnknown(changes))
    return unknownCondition(`whether its definition differs is not known: ${changes.unknown}`);
  const own = changes.filter((name) => isNamed(unit, [name]));
  const others = changes.length - own.length;
  const rest = others === 0 ? 'no other unit differs' : `so do those of ${count(others)} other units`;
  return own.length > 0
    ? { holds: true, words: `its definition differs between this system and the previous one, and ${rest}` }
    : { holds: false, words: `its definition is the same in this system and the previous one` };
}

function wasHealthy(
  unit: string,
  before: SystemRecord | undefined,
  running: SystemRecord | undefined,
  { evidence, wallAheadMs }: EvidenceInput,
): Condition {
  const record = unitOf(before, unit);
  if (running === undefined || record === undefined)
    return unknownCondition('how it was under the previous system is not on record');
  if (record.failing) return { holds: false, words: 'it was failing already under the previous system' };
  const { activeSince, activeUntil } = record;
  if (activeSince === null || activeUntil === null)
    return { holds: false, words: 'it was not active when it was last read under the previous system' };
  const wall = (at: number): string => utc(at + wallAheadMs);
  const active = `it was active for ${span(activeUntil - activeSince)} under the previous system`;
  const read = `${active} (read so from ${wall(activeSince)} to ${wall(activeUntil)})`;
  if (!record.healthy && activeUntil - activeSince < evidence.healthyMs)
    return { holds: false, words: `${read}, which is less than ${span(evidence.healthyMs)}` };
  const unseen = running.enteredAt - activeUntil;
  if (unseen > evidence.healthyMs)
    return unknownCondition(`${read}; how it was in the ${span(unseen)} until the switch nobody saw`);
  return { holds: true, words: `${read}, until the switch at ${wall(running.enteredAt)}` };
}

function failedSoon(
  unit: string,
  running: SystemRecord | undefined,
  { evidence, wallAheadMs }: EvidenceInput,
): Condition {
  const record = unitOf(running, unit);
  if (running === undefined || record === undefined || record.failedAt === null)
    return unknownCondition('it has not been read failing in this system');
  const { healthyMs, withinMs } = evidence;
  const after = record.failedAt - running.enteredAt;
  const failed = `it was first read failing ${span(after)} after the switch (at ${utc(record.failedAt + wallAheadMs)})`;
  if (record.healthy)
    return { holds: false, words: `${failed}, and has been active for ${span(healthyMs)} in this system` };
  if (after > withinMs) return { holds: false, words: `${failed}, which is later than ${span(withinMs)}` };
  if (running.blindMs >= healthyMs)
    return unknownCondition(`${failed}; once in this system nobody looked for ${span(running.blindMs)}`);
  return { holds: true, words: `${failed}, and has never been active for ${span(healthyMs)} since` };
}
