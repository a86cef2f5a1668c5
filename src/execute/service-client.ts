import { messageOf } from '../base/errors.js';
import { unknown, type Reading } from '../model/reading.js';
import { lazy } from '../base/lazy.js';
import type { HealingAction, Plan } from '../model/plan.js';
import { parseAnswer } from './helper-answer.js';
import type { Conversation } from './helper-connection.js';
import { HELPER_SOCKET, HELPER_VERSION, PLAN_WITHIN_MS, type HelperRequest } from './helper-protocol.js';
import { executionOf, type Execution } from '../model/execution.js';

/** Sockets are loaded by whoever has a helper. */
const connection = lazy(() => import('./helper-connection.js'));

/** On top of what the helper allows itself, in milliseconds. */
const SLACK_MS = 15_000;
/** How long the helper's plan is taken to hold while nothing else has changed, in milliseconds. */
const REMEMBERED_MS = 5 * 60_000;
/** The same for a plan that waits for a person: meanwhile evidence may grow, or root may change the policy. */
const REMEMBERED_ASKING_MS = 20_000;

/** What an act through the helper is to be. */
export interface HelperExecuteOptions {
  readonly approved: boolean;
  /** Fingerprint of the plan that is to be carried out: the helper refuses another one. */
  readonly digest: string;
  /** How long the act itself may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Speaks to the helper that systemd starts as root for one request. It sends one request at a time, and sends one again
 * only when nobody can have read it. It never rejects.
 */
export class ServiceClient {
  readonly #socket: string;
  #last: Promise<unknown> = Promise.resolve();
  #remembered: { readonly local: string; readonly plan: Plan; readonly until: number } | undefined;

  constructor(socket = HELPER_SOCKET) {
    this.#socket = socket;
  }

  /**
   * The plan that the helper would carry out, in place of the one that was made without privilege. What stands in its
   * way there is the plan's refusal. A plan that stays blocked is asked for in every cycle: as long as the own one is
   * the same, the helper is not woken for it again.
   */
  async plan(action: HealingAction, own: Plan, signal: AbortSignal): Promise<Plan> {
    const local = JSON.stringify(own);
    const now = performance.now();
    const known = this.#remembered;
    if (known?.local === local && now < known.until) return known.plan;
    const told = await this.#ask(requestFor('plan', action), PLAN_WITHIN_MS + SLACK_MS, signal);
    const plan = told.plan ? merged(told.plan, own) : own;
    const { outcome, blockedBy = 'unavailable', error: sentence = 'The root helper gave no reason' } = told;
    // What a person may approve is no refusal: the engine asks.
    const possible = outcome === 'planned' || (blockedBy === 'needs-approval' && plan.approval !== undefined);
    if (!possible) return Object.freeze({ ...plan, refusal: Object.freeze({ reason: blockedBy, sentence }) });
    const until = now + (plan.approvedBy === 'person' ? REMEMBERED_ASKING_MS : REMEMBERED_MS);
    this.#remembered = { local, plan, until };
    return plan;
  }

  /**
   * Tells whether the policy of the helper lists an action; the sentence why not. It is asked for a plan with a parameter
   * that no action has: the policy is judged first, and of an action that it lists the parameters are refused, so that
   * nothing is read and nothing planned.
   */
  async allows(action: string, signal: AbortSignal): Promise<Reading<true | string>> {
    const request = requestFor('plan', { action, parameters: { capabilities: true } });
    const line = `${JSON.stringify(request)}\n`;
    const conversation = await this.#inTurn(() => this.#converse(line, PLAN_WITHIN_MS, signal));
    if (conversation?.kind !== 'answered') {
      const { error = 'The root helper was not asked' } = executionFrom(conversation, request, 0);
      return unknown(error);
    }
    try {
      const { blockedBy, error = 'The root helper gave no reason' } = parseAnswer(conversation.text, request);
      return blockedBy === 'not-allowed' ? error : true;
    } catch (error) {
      return unknown(messageOf(error));
    }
  }

  /** Has the helper plan, judge and carry out an action. */
  async execute(action: HealingAction, options: HelperExecuteOptions): Promise<Execution> {
    const { approved, timeoutMs, signal, digest } = options;
    this.#remembered = undefined;
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

  /** One request at a time: the helper refuses a second one. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const answer = this.#last.then(work);
    this.#last = answer;
    return answer;
  }

  async #converse(line: string, limitMs: number, signal: AbortSignal): Promise<Conversation | undefined> {
    return (await connection()).converseInTurn(this.#socket, line, { limitMs, signal });
  }
}

const requestFor = (todo: HelperRequest['do'], { action, parameters }: HealingAction): HelperRequest => ({
  version: HELPER_VERSION,
  do: todo,
  action,
  // The helper refuses what is no text, and says so.
  parameters: parameters as HelperRequest['parameters'],
});

/** The facts about units that this process has followed for longer than the helper, which lives for one request. */
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
  /** It may have acted: a step that was begun has the engine look at what came of it, instead of asking again. */
  const lost = (sentence: string): Execution => {
    const error = `What the root helper did is not known: ${sentence}`;
    const begun = { step: `the root helper: ${request.action}`, ok: false, error: sentence, durationMs };
    return ended({ outcome: 'failed', error, steps: request.do === 'execute' ? [begun] : [] });
  };
  switch (conversation?.kind) {
    case undefined:
      return ended({ outcome: 'failed', error: 'Stopped before the root helper was asked' });
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
