import { messageOf } from '../base/errors.js';
import { unknown, type Reading } from '../model/reading.js';
import { lazy } from '../base/lazy.js';
import type { HealingAction, Plan } from '../model/plan.js';
import { parseAnswer } from './helper-answer.js';
import type { Conversation } from './helper-connection.js';
import { HELPER_SOCKET, HELPER_VERSION, PLAN_WITHIN_MS, type HelperRequest } from './helper-protocol.js';
import { executionOf, type Execution } from '../model/execution.js';

/** Loaded only when there is a helper. */
const connection = lazy(() => import('./helper-connection.js'));

/** Additional time over the limits of the helper, in milliseconds. */
const SLACK_MS = 15_000;
/** Lifetime of a cached plan of the helper, in milliseconds. */
const CACHED_MS = 5 * 60_000;
/** The same for a plan that awaits approval: its evidence or the policy may change. */
const CACHED_APPROVAL_MS = 20_000;

/** Options of an act through the helper. */
export interface HelperExecuteOptions {
  readonly approved: boolean;
  /** Digest of the plan to carry out: the helper refuses another one. */
  readonly digest: string;
  /** Time limit of the act itself, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Client of the root helper, which systemd starts for one request. It sends one request at a time, and repeats one only
 * when it cannot have been read. It never rejects.
 */
export class ServiceClient {
  readonly #socket: string;
  #last: Promise<unknown> = Promise.resolve();
  #cached: { readonly local: string; readonly plan: Plan; readonly until: number } | undefined;

  constructor(socket = HELPER_SOCKET) {
    this.#socket = socket;
  }

  /**
   * Returns the helper's plan for an action; what blocks it there is its refusal. The plan is cached while the own one
   * stays the same, because a blocked plan is requested in every cycle.
   */
  async plan(action: HealingAction, own: Plan, signal: AbortSignal): Promise<Plan> {
    const local = JSON.stringify(own);
    const now = performance.now();
    if (this.#cached?.local === local && now < this.#cached.until) return this.#cached.plan;
    const answer = await this.#ask(requestFor('plan', action), PLAN_WITHIN_MS + SLACK_MS, signal);
    const plan = answer.plan ? merged(answer.plan, own) : own;
    const { outcome, blockedBy = 'unavailable', error: sentence = 'The root helper gave no reason' } = answer;
    // A missing approval is not a refusal: the engine requests it.
    const possible = outcome === 'planned' || (blockedBy === 'needs-approval' && plan.approval !== undefined);
    if (!possible) return Object.freeze({ ...plan, refusal: Object.freeze({ reason: blockedBy, sentence }) });
    const until = now + (plan.approvedBy === 'person' ? CACHED_APPROVAL_MS : CACHED_MS);
    this.#cached = { local, plan, until };
    return plan;
  }

  /**
   * Returns whether the policy of the helper lists an action, or the reason why not. It requests a plan with a parameter
   * that no action has: the helper checks the policy first and then refuses the parameter, so nothing is read or planned.
   */
  async allows(action: string, signal: AbortSignal): Promise<Reading<true | string>> {
    const request = requestFor('plan', { action, parameters: { capabilities: true } });
    const line = `${JSON.stringify(request)}\n`;
    const conversation = await this.#inTurn(() => this.#converse(line, PLAN_WITHIN_MS, signal));
    if (conversation?.kind !== 'answered') {
      const { error = 'No request was sent to the root helper' } = executionFrom(conversation, request, 0);
      return unknown(error);
    }
    try {
      const { blockedBy, error = 'The root helper gave no reason' } = parseAnswer(conversation.text, request);
      return blockedBy === 'not-allowed' ? error : true;
    } catch (error) {
      return unknown(messageOf(error));
    }
  }

  /** Requests that the helper plans an action, checks the gates and carries it out. */
  async execute(action: HealingAction, options: HelperExecuteOptions): Promise<Execution> {
    const { approved, timeoutMs, signal, digest } = options;
    this.#cached = undefined;
    const request = { ...requestFor('execute', action), digest, ...(approved ? { approved } : {}) };
    return this.#ask(request, PLAN_WITHIN_MS + timeoutMs + SLACK_MS, signal);
  }

  #ask(request: HelperRequest, limitMs: number, signal: AbortSignal): Promise<Execution> {
    return this.#inTurn(async () => {
      const start = performance.now();
      const conversation = await this.#converse(`${JSON.stringify(request)}\n`, limitMs, signal);
      return executionFrom(conversation, request, performance.now() - start);
    });
  }

  /** Runs one request at a time: the helper refuses a second one. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work);
    this.#last = next;
    return next;
  }

  async #converse(line: string, limitMs: number, signal: AbortSignal): Promise<Conversation | undefined> {
    try {
      const { converseInTurn } = await connection();
      return await converseInTurn(this.#socket, line, { limitMs, signal });
    } catch (error) {
      // The module could not be loaded: nothing was sent.
      return { kind: 'busy', sentence: messageOf(error) };
    }
  }
}

const requestFor = (todo: HelperRequest['do'], { action, parameters }: HealingAction): HelperRequest => ({
  version: HELPER_VERSION,
  do: todo,
  action,
  // The helper checks the types.
  parameters: parameters as HelperRequest['parameters'],
});

/** Returns the helper's plan with the own targets: this process has followed the units for longer than the helper. */
function merged(plan: Plan, own: Plan): Plan {
  const followed = new Map(own.targets.map((target) => [target.id, target]));
  const targets = plan.targets.map((target) => followed.get(target.id) ?? target);
  return Object.freeze({ ...plan, targets: Object.freeze(targets) });
}

function executionFrom(
  conversation: Conversation | undefined,
  request: HelperRequest,
  durationMs: number,
): Execution {
  const ended = (fields: Parameters<typeof executionOf>[1]): Execution =>
    executionOf(request.action, { ...fields, dryRun: request.do === 'plan', durationMs });
  // The helper may have acted: a started step makes the engine verify the result instead of repeating the request.
  const lost = (sentence: string): Execution => {
    const error = `The result of the root helper is unknown: ${sentence}`;
    const started = { step: `the root helper: ${request.action}`, ok: false, error: sentence, durationMs };
    return ended({ outcome: 'failed', error, steps: request.do === 'execute' ? [started] : [] });
  };
  switch (conversation?.kind) {
    case undefined:
      return ended({ outcome: 'failed', error: 'Stopped before the request was sent to the root helper' });
    case 'answered':
      try {
        return parseAnswer(conversation.text, request);
      } catch (error) {
        return lost(messageOf(error));
      }
    case 'lost':
      return lost(conversation.sentence);
    case 'busy': {
      const error = `The root helper did nothing: ${conversation.sentence}`;
      return ended({ outcome: 'skipped', blockedBy: 'in-flight', error });
    }
    case 'absent':
    case 'forbidden':
    case 'unreachable':
      return ended({ outcome: 'failed', error: `Needs root, and ${conversation.sentence}` });
  }
}
