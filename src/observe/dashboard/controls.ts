import type { IncomingMessage } from 'node:http';
import type { SimplifiedHealingEngine } from '../../engine/engine.js';
import { invalid, isSelfHealingError } from '../../base/errors.js';
import type { HealingResult } from '../../model/result.js';
import { json, type Answer } from '../http/answer.js';
import { commandFor } from '../../model/operator-command.js';

/** Commands, which are methods of the engine, and the argument of each. */
const CONTROLS = {
  approve: 'id',
  reject: 'id',
  pause: 'reason',
  resume: 'reason',
  reset: 'component',
} as const;

/** Limit of a request, in bytes. */
const MAX_BYTES = 4_096;
/** Time after which an approved repair is reported as running, in milliseconds; it may take minutes. */
const PATIENCE_MS = 1_500;

export const isControl = (word: string): word is keyof typeof CONTROLS => Object.hasOwn(CONTROLS, word);

/** Runs a command. A refusal is answered with its sentence. */
export async function control(
  word: keyof typeof CONTROLS,
  request: IncomingMessage,
  engine: SimplifiedHealingEngine,
  client: string,
): Promise<Answer> {
  const takes = CONTROLS[word];
  const body = await bodyOf(request);
  if (body === READ_BEFORE) return json(400, { error: READ_BEFORE });
  const value = textIn(body, takes);
  if (value === undefined) return json(400, { error: `Expected JSON with a non-empty \`${takes}\`` });
  try {
    if (word === 'approve') refusePersonal(engine, value);
    const work: Promise<HealingResult | void> = engine[word](value, {
      by: `dashboard token, from ${client}`,
    });
    const ended = await Promise.race([work.then((result) => ({ result })), patience()]);
    // The page shows the result.
    work.catch(() => undefined);
    return ended === undefined
      ? json(202, { done: false })
      : json(200, { done: true, ...endOf(ended.result) });
  } catch (error) {
    if (!isSelfHealingError(error)) throw error;
    return json(error.code === 'invalid-argument' ? 400 : 409, { error: error.message });
  }
}

/** Refuses to approve what only a person on the host may approve. */
function refusePersonal(engine: SimplifiedHealingEngine, id: string): void {
  const asked = engine.status().approvals.find((one) => one.id === id);
  if (asked?.plan?.approvedBy !== 'person') return;
  throw invalid(`Only a person on the host may approve this: ${commandFor(id)}`);
}

const patience = (): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), PATIENCE_MS).unref());

/** Returns the result of an approval: a gate may have blocked the repair, or it may have failed. */
const endOf = (result: HealingResult | void): object =>
  result === undefined ? {} : { outcome: result.outcome, ...(result.success ? {} : { error: result.error }) };

const READ_BEFORE =
  'The body of this request was read before the dashboard got it: hand it over as `request.body`, or mount the dashboard before the parser';

/** Returns the text of a body, or what a parser in front of us made of it, as express does: `request.body`. */
async function bodyOf(request: IncomingMessage & { readonly body?: unknown }): Promise<unknown> {
  const { body } = request;
  // A parser that skipped the request leaves `{}`, and the stream unread.
  const isParsed = body !== undefined && body !== null && !(isEmpty(body) && !request.readableEnded);
  if (isParsed) return Buffer.isBuffer(body) ? body.toString('utf8') : body;
  if (request.readableEnded) return READ_BEFORE;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const isEmpty = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && Object.keys(body).length === 0;

function textIn(body: unknown, key: string): string | undefined {
  try {
    const parsed: unknown = typeof body === 'string' ? JSON.parse(body) : body;
    const value: unknown = Object.getOwnPropertyDescriptor(parsed, key)?.value;
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  } catch {
    return undefined;
  }
}
