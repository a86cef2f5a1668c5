import type { SimplifiedHealingEngine } from '../../engine/engine.js';
import { invalid } from '../../base/errors.js';
import type { Capability } from '../../execute/executor.js';
import type { Explanation } from '../../report/explain.js';
import type { EngineStatus } from '../../report/status.js';
import type { HealingResult } from '../../model/result.js';
import { lookWith, type Look } from '../look.js';
import type { Request } from './protocol.js';

/** Answers of the commands. */
export interface Answers {
  /** The status, with why each open issue is not repaired and what happens next; older daemons send no explanations. */
  readonly status: EngineStatus & { readonly explanations?: readonly Explanation[] };
  readonly explain: readonly Explanation[];
  readonly capabilities: readonly Capability[];
  /** Result of the repair; none when the issue is gone, or is already being repaired. */
  readonly approve: { readonly result?: HealingResult };
  readonly reject: object;
  readonly pause: { readonly pauses: EngineStatus['pauses'] };
  readonly resume: { readonly pauses: EngineStatus['pauses'] };
  readonly reset: object;
  readonly heal: Look;
  /** Address of the dashboard, with its token. */
  readonly dashboard: { readonly link: string };
}

/** Input of commands besides the engine. */
export interface CommandParts {
  /** Creates an engine for a dry run. */
  readonly rehearsal: () => SimplifiedHealingEngine;
  /** Returns the address of the dashboard with its token. Throws when it is not served. */
  readonly dashboard?: () => string | undefined;
}

/** Runs a command. Rejects with one sentence when it is refused. */
export async function obey(
  { command, argument, uid }: Request,
  engine: SimplifiedHealingEngine,
  { rehearsal, dashboard }: CommandParts,
): Promise<Answers[keyof Answers]> {
  const by = { by: uid === undefined ? 'the control command' : `uid ${uid}` };
  const needed = (what: string): string => {
    if (argument !== undefined) return argument;
    throw invalid(`\`${command}\` needs ${what}`);
  };
  switch (command) {
    case 'status':
      return { ...engine.status(), explanations: engine.explain() };
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
      if (link === undefined) throw invalid('The dashboard is not served');
      return { link };
    }
    default:
      return command satisfies never;
  }
}

/** Returns the reason to resume when there is only one. */
function onlyPause(engine: SimplifiedHealingEngine): string {
  const reasons = engine.status().pauses.map(({ reason }) => reason);
  if (reasons.length === 1) return reasons[0]!;
  const known = reasons.length === 0 ? 'nothing is paused' : `name one of the reasons: ${reasons.join('; ')}`;
  throw invalid(`Nothing was resumed: ${known}`);
}
