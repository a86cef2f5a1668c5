import type { ActionRegistry } from '../actions/registry.js';
import { messageOf } from '../base/errors.js';
import type { Capability, Executor } from '../execute/executor.js';

/** Returns the capabilities from an executor; `unknown` when it cannot report them. Never rejects. */
export async function capabilitiesBy(
  executor: Executor,
  actions: ActionRegistry,
  signal: AbortSignal,
): Promise<readonly Capability[]> {
  try {
    if (executor.capabilities === undefined) throw new TypeError('The executor has no `capabilities`');
    const answer: unknown = await executor.capabilities({ signal });
    if (Array.isArray(answer) && answer.every(isCapability)) return answer as Capability[];
    throw new TypeError('`executor.capabilities` returned no list of `{ action, status, reason }`');
  } catch (error) {
    const reason = messageOf(error);
    return actions.names.map((action) => ({ action, status: 'unknown', reason }));
  }
}

function isCapability(one: unknown): boolean {
  const { action, status, reason } = (one ?? {}) as Partial<Capability>;
  const isKnown = status === 'available' || status === 'unavailable' || status === 'unknown';
  return typeof action === 'string' && isKnown && typeof reason === 'string';
}
