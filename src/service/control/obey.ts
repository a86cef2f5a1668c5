import type { SimplifiedHealingEngine } from '../../engine/engine.js';
import { SelfHealingError } from '../../base/errors.js';
import type { Capability } from '../../execute/executor.js';
import type { Explanation } from '../../report/explain.js';
import type { EngineStatus } from '../../report/status.js';
import type { HealingResult } from '../../model/result.js';
import { lookWith, type Look } from '../look.js';
import type { Request } from './protocol.js';

/** What each command answers. */
export interface Answers {
  readonly status: EngineStatus;
  readonly explain: readonly Explanation[];
  readonly capabilities: readonly Capability[];
  /** What became of the act; nothing when the trouble is gone, or is in hand already. */
  readonly approve: { readonly result?: HealingResult };
  readonly reject: object;
  readonly pause: { readonly pauses: EngineStatus['pauses'] };
  readonly resume: { readonly pauses: EngineStatus['pauses'] };
  readonly reset: object;
  readonly heal: Look;
  /** Where the dashboard is, with its token. */
  readonly dashboard: { readonly link: string };
}

/** What commands need besides the engine. */
export interface CommandParts {
  /** Makes an engine for a dry run. */
  readonly rehearsal: () => SimplifiedHealingEngine;
  /** Gives the address of the dashboard with its token. Throws when it is not served. */
  readonly dashboard?: () => string | undefined;
}

/** Does what a person asked for. Rejects, in one sentence, when it cannot be done. */
export async function obey(
  { command, argument, uid }: Request,
  engine: SimplifiedHealingEngine,
  { rehearsal, dashboard }: CommandParts,
): Promise<Answers[keyof Answers]> {
  const by = { by: uid === undefined ? 'the control command' : `uid ${uid}` };
  const needed = (what: string): string => {
    if (argument !== undefined) return argument;
    throw new SelfHealingError('invalid-argument', `\`${command}\` needs ${what}`);
  };
  switch (command) {
    case 'status':
      return engine.status();
    case 'explain':
      return engine.explain(argument);
    case 'capabilities':
      return engine.capabilities();
    case 'approve': {
      const result = await engine.approve(needed('the id of an approval'), by);
      return result ? { result } : {};
    }
    case 'reject':
      await engine.reject(needed('the id of an approval'), by);
      return {};
    case 'pause':
      await engine.pause(needed('a reason'), by);
      return { pauses: engine.status().pauses };
    case 'resume':
      await engine.resume(argument ?? onlyPause(engine), by);
      return { pauses: engine.status().pauses };
    case 'reset':
      await engine.reset(needed('a component'), by);
      return {};
    case 'heal':
      return lookWith(rehearsal());
    case 'dashboard': {
      const link = dashboard?.();
      if (link === undefined) throw new SelfHealingError('invalid-argument', 'The dashboard is not served');
      return { link };
    }
    default:
      return command satisfies never;
  }
}

/** A reason need not be repeated when it is the only one. */
function onlyPause(engine: SimplifiedHealingEngine): string {
  const reasons = engine.status().pauses.map(({ reason }) => reason);
  if (reasons.length === 1) return reasons[0]!;
  const known =
    reasons.length === 0 ? 'nothing is paused' : `say which of the reasons: ${reasons.join('; ')}`;
  throw new SelfHealingError('invalid-argument', `Nothing was resumed: ${known}`);
}
