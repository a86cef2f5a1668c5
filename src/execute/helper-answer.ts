import { SelfHealingError } from '../base/errors.js';
import { CONDITIONS } from '../model/effects.js';
import { BLOCK_REASONS, type CallStep, type Plan, type Step } from '../model/plan.js';
import {
  isBoolean,
  isNumber,
  isObject,
  isString,
  listOf,
  mapOf,
  oneOf,
  orAbsent,
  orNull,
  shaped,
  type Shape,
} from '../base/shape.js';
import { HELPER_VERSION, type HelperRequest } from './helper-protocol.js';
import type { Execution } from '../model/execution.js';

const REASON = oneOf(...BLOCK_REASONS);
const BLOCK = shaped({ reason: REASON, sentence: isString });
const limits = { timeoutMs: isNumber, interruptible: isBoolean };

const STEP: Shape = (step) =>
  shaped({
    kind: oneOf('command'),
    argv: listOf(isString),
    input: orAbsent(isString),
    onlyIf: orAbsent(oneOf(...Object.keys(CONDITIONS))),
    needsRoot: isBoolean,
    ...limits,
  })(step) ||
  shaped({ kind: oneOf('write'), path: isString, content: isString, needsRoot: isBoolean, ...limits })(
    step,
  ) ||
  shaped({ kind: oneOf('call'), name: isString, ...limits })(step);

const TARGET: Shape = (target) =>
  shaped({ kind: oneOf('plain'), id: isString })(target) ||
  shaped({ kind: oneOf('unreadable'), id: isString, reason: isString })(target) ||
  shaped({
    kind: oneOf('unit'),
    id: isString,
    names: listOf(isString),
    loadState: isString,
    activeState: isString,
    subState: isString,
    type: isString,
    transient: isBoolean,
    job: isString,
    recentRestarts: isNumber,
    listedThrough: orAbsent(listOf(isString)),
    lacksDependency: orAbsent(isBoolean),
    wantedBy: listOf(isString),
    dragsAlong: listOf(isString),
    needs: listOf(isString),
  })(target);

const AFFECTED = { id: isString, names: listOf(isString) };

const EFFECTS = shaped({
  touches: listOf(
    shaped({
      ...AFFECTED,
      how: oneOf('stopped', 'restarted', 'reloaded'),
      refuseManualStart: isBoolean,
    }),
  ),
  touchesIfUp: listOf(isString),
  starts: listOf(shaped({ ...AFFECTED, atBoot: isBoolean })),
  onFailure: listOf(isString),
  onSuccess: listOf(isString),
  emergency: listOf(isString),
});

const PLAN = shaped({
  action: isString,
  parameters: isObject,
  scope: oneOf('host'),
  risk: oneOf('reversible', 'disruptive'),
  targets: listOf(TARGET),
  steps: listOf(STEP),
  effects: orAbsent(EFFECTS),
  effect: isString,
  undo: orAbsent(isString),
  notes: listOf(isString),
  refusal: orAbsent(BLOCK),
  approval: orAbsent(isString),
  approvedBy: orAbsent(oneOf('person')),
  generation: orAbsent(
    shaped({
      from: isString,
      to: orNull(isString),
      verb: oneOf('switch', 'boot'),
      units: listOf(isString),
      failing: listOf(isString),
    }),
  ),
  restore: orAbsent(shaped({ action: isString, parameters: isObject })),
  baseline: orAbsent(mapOf(isNumber)),
});

const ANSWER = shaped({
  version: oneOf(HELPER_VERSION),
  action: isString,
  outcome: oneOf('executed', 'planned', 'skipped', 'failed'),
  plan: orAbsent(PLAN),
  blockedBy: orAbsent(REASON),
  error: orAbsent(isString),
  steps: listOf(
    shaped({
      step: isString,
      ok: isBoolean,
      notNeeded: orAbsent(oneOf(true)),
      retried: orAbsent(oneOf(true)),
      output: orAbsent(isString),
      error: orAbsent(isString),
      block: orAbsent(BLOCK),
      durationMs: isNumber,
    }),
  ),
  durationMs: isNumber,
});

/** Parses an answer of the helper. Throws when it is invalid or belongs to another request. */
export function parseAnswer(text: string, request: HelperRequest): Execution {
  if (!text.endsWith('\n')) throw invalid('it is incomplete');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('it is not JSON');
  }
  if (!ANSWER(value)) throw invalid('it does not have the shape of an answer');
  const { version: _version, ...answer } = value as Execution & { readonly version: unknown };
  const { plan, outcome } = answer;
  // The answer to an unreadable request has no action name.
  const unread = outcome === 'failed' && answer.action === '' && answer.steps.length === 0;
  if (answer.action !== request.action && !unread) throw invalid(`it is about \`${answer.action}\``);
  if (plan && !isPlanFor(plan, request)) throw invalid('its plan is for another action');
  const fits =
    outcome === 'skipped'
      ? answer.blockedBy !== undefined && answer.error !== undefined
      : outcome === 'failed'
        ? answer.error !== undefined
        : plan !== undefined && outcome === (request.do === 'execute' ? 'executed' : 'planned');
  if (!fits) throw invalid(`the outcome \`${outcome}\` contradicts the rest of it`);
  return Object.freeze({ ...answer, ...(plan ? { plan: revived(plan) } : {}) });
}

const invalid = (why: string): SelfHealingError =>
  new SelfHealingError('protocol', `The answer of the root helper is invalid: ${why}`);

/** Returns whether a plan has every requested parameter. Planning may add some: the amount to free. */
function isPlanFor({ action, parameters }: Plan, request: HelperRequest): boolean {
  const asText = (value: unknown): string =>
    JSON.stringify(isObject(value) ? Object.entries(value).sort() : [value]);
  const kept = Object.entries(request.parameters).every(
    ([name, value]) => Object.hasOwn(parameters, name) && asText(parameters[name]) === asText(value),
  );
  return action === request.action && kept;
}

/** Freezes a parsed plan, and replaces its functions, which exist in the helper only. */
function revived(plan: Plan): Plan {
  const steps = plan.steps.map((step): Step => {
    if (step.kind !== 'call') return Object.freeze(step);
    const run: CallStep['run'] = () => {
      throw new SelfHealingError('protocol', `\`${step.name}\` runs in the root helper only`);
    };
    return Object.freeze({ ...step, run });
  });
  for (const part of [plan.parameters, plan.targets, ...plan.targets, plan.notes]) Object.freeze(part);
  return Object.freeze({ ...plan, steps: Object.freeze(steps) });
}
