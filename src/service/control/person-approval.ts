import { createInterface } from 'node:readline/promises';
import { conditionOf, effectLines, NO_EFFECTS } from '../../model/effects.js';
import { parseAnswer } from '../../execute/helper-answer.js';
import { converseInTurn, type Conversation } from '../../execute/helper-connection.js';
import { HELPER_VERSION, PLAN_WITHIN_MS, type HelperRequest } from '../../execute/helper-protocol.js';
import { stepText } from '../../model/step-text.js';
import { digestOf } from '../../memory/approvals.js';
import type { WaitingApproval } from '../../report/status.js';
import type { Plan } from '../../model/plan.js';
import { printable } from '../../base/printable.js';
import { EXIT, NoAnswer } from './client.js';
import { CONTROL_GROUP } from './protocol.js';
import type { Execution } from '../../model/execution.js';

/** Socket of the root helper for approvals by a person. */
export const APPROVE_SOCKET = '/run/luminous-healing-approve.sock';

/** Input of an approval by a person. */
export interface PersonApprovalParts {
  /** Prints one line for the person. */
  readonly print: (line: string) => void;
  /** Asks the person whether the plan that was printed may run. */
  readonly confirm: () => Promise<boolean>;
  /** Default {@link APPROVE_SOCKET}. */
  readonly socket?: string;
}

/**
 * Has the root helper record that the calling user approves a plan: it plans by its own readings, that plan is printed and
 * confirmed, and it must be the one that the daemon asks about. Rejects in one sentence otherwise.
 */
export async function approveAsPerson(
  { id, digest, plan: asked }: WaitingApproval & { readonly plan: Plan },
  { print, confirm, socket = APPROVE_SOCKET }: PersonApprovalParts,
): Promise<void> {
  const { action } = asked;
  const parameters = asked.parameters as HelperRequest['parameters'];
  const about = { version: HELPER_VERSION, action, parameters } as const;
  const plan = await planIn({ ...about, do: 'plan' }, socket);
  if (digestOf(plan) !== digest)
    throw refused(`The plan of ${id} has changed since the daemon made it: see \`luminous-healing status\``);
  for (const line of planLines(plan)) print(printable(line));
  if (!(await confirm())) throw refused('Not approved: nothing was changed');
  await planIn({ ...about, do: 'approve', digest }, socket);
}

/** Returns the lines that show a plan to the person who approves it. */
function planLines(plan: Plan): string[] {
  return [
    `${plan.action}, as the root helper plans it now: ${plan.effect}`,
    ...(plan.approval === undefined ? [] : [`  Approval is needed: ${plan.approval}`]),
    ...plan.steps.map((step) => `  $ ${stepText(step)}${conditionOf(step)}`),
    ...effectLines(plan.effects ?? NO_EFFECTS).map((line) => `  ${line}`),
    ...plan.notes.map((note) => `  Note: ${note}`),
    ...(plan.undo === undefined ? [] : [`  Undo: ${plan.undo}`]),
  ];
}

/** Asks for confirmation on the terminal; without one, running the command counts as confirmation. */
export async function confirmOnTerminal(): Promise<boolean> {
  if (!process.stdin.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question('Approve this plan? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}

async function planIn(request: HelperRequest, socket: string): Promise<Plan> {
  const { outcome, plan, error = 'The root helper gave no reason' } = await answerTo(request, socket);
  if (outcome === 'planned' && plan) return plan;
  throw refused(error);
}

async function answerTo(request: HelperRequest, socket: string): Promise<Execution> {
  const limits = { limitMs: PLAN_WITHIN_MS + 15_000, signal: new AbortController().signal };
  const line = `${JSON.stringify(request)}\n`;
  // The connection exists: nothing aborts it from here on.
  const conversation = (await converseInTurn(socket, line, limits))!;
  if (conversation.kind === 'answered') return parseAnswer(conversation.text, request);
  throw noAnswer(conversation, socket);
}

function noAnswer({ kind, sentence }: Exclude<Conversation, { kind: 'answered' }>, socket: string): NoAnswer {
  switch (kind) {
    case 'forbidden':
      return new NoAnswer(
        EXIT.forbidden,
        `Permission denied: approving at ${socket} requires root or membership in the group ${CONTROL_GROUP}`,
      );
    case 'absent':
    case 'unreachable':
      return new NoAnswer(
        EXIT.absent,
        `The root helper does not take approvals at ${socket}: start luminous-healing-approve.socket`,
      );
    case 'busy':
    case 'lost':
      return new NoAnswer(EXIT.broken, `The root helper did not record the approval: ${sentence}`);
    default:
      return kind satisfies never;
  }
}

const refused = (sentence: string): NoAnswer => new NoAnswer(EXIT.refused, sentence);
