import type { IncomingMessage } from 'node:http';
import type { SimplifiedHealingEngine } from '../../engine.js';
import { isSelfHealingError, SelfHealingError } from '../../errors.js';
import { commandFor } from '../../guard/approvals.js';
import type { CommandOptions } from '../../guard/commands.js';
import { json, type Answer } from '../http/answer.js';

/** What a person may say: the one word that each takes, and what it does. */
const CONTROLS: Readonly<
  Record<
    string,
    {
      readonly takes: string;
      readonly run: (engine: SimplifiedHealingEngine, word: string, by: CommandOptions) => Promise<unknown>;
    }
  >
> = {
  approve: { takes: 'id', run: (engine, id, by) => engine.approve(id, by) },
  reject: { takes: 'id', run: (engine, id, by) => engine.reject(id, by) },
  pause: { takes: 'reason', run: (engine, reason, by) => engine.pause(reason, by) },
  resume: { takes: 'reason', run: (engine, reason, by) => engine.resume(reason, by) },
  reset: { takes: 'component', run: (engine, component, by) => engine.reset(component, by) },
};

/** A request to do something is one short line. */
const MAX_BYTES = 4_096;
/** An approved repair may take minutes: after this long the page is told that it is under way. */
const PATIENCE_MS = 1_500;

/** Whether a word is one of the things that can be done. */
export const isControl = (word: string): boolean => Object.hasOwn(CONTROLS, word);

/** Does what a person says. What cannot be done is answered with the sentence that says so. */
export async function control(
  word: string,
  request: IncomingMessage,
  engine: SimplifiedHealingEngine,
): Promise<Answer> {
  const { takes, run } = CONTROLS[word]!;
  const value = await valueOf(takes, request);
  if (value === undefined) return json(400, { error: `Expected JSON with a non-empty \`${takes}\`` });
  try {
    if (word === 'approve') refusePersonal(engine, value);
    const work = run(engine, value, { by: `dashboard token, from ${request.socket.remoteAddress}` });
    const isDone = await Promise.race([work.then(() => true), patience()]);
    // How it ends is seen on the page.
    work.catch(() => undefined);
    return json(isDone ? 200 : 202, { done: isDone });
  } catch (error) {
    if (!isSelfHealingError(error)) throw error;
    return json(error.code === 'invalid-argument' ? 400 : 409, { error: error.message });
  }
}

/** What the root helper takes from a person on the host only is not approved from a page. */
function refusePersonal(engine: SimplifiedHealingEngine, id: string): void {
  const asked = engine.status().approvals.find((one) => one.id === id);
  if (asked?.plan?.approvedBy !== 'person') return;
  const sentence = `Only a person on the host may approve this: ${commandFor(id)}`;
  throw new SelfHealingError('invalid-argument', sentence);
}

const patience = (): Promise<false> =>
  new Promise((resolve) => setTimeout(() => resolve(false), PATIENCE_MS).unref());

async function valueOf(key: string, request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const value: unknown = Object.getOwnPropertyDescriptor(body, key)?.value;
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  } catch {
    return undefined;
  }
}
