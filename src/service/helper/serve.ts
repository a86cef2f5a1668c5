import type { Readable, Writable } from 'node:stream';
import { messageOf } from '../../base/errors.js';
import {
  PLAN_WITHIN_MS,
  REQUEST_LIMIT,
  REQUEST_WITHIN_MS,
  type HelperRequest,
} from '../../execute/helper-protocol.js';
import type { Host } from '../../host/host.js';
import type { BlockReason } from '../../model/plan.js';
import { fileActBook } from './act-book.js';
import { answerTo } from './answer-to.js';
import { lineOf } from './line-of.js';
import { peerOf } from './peer.js';
import { filePersonApprovals } from './person-approvals.js';
import { expectPerson } from './person.js';
import { bootTimeNow } from './boot-time.js';
import { parsePolicy, type HelperPolicy } from './policy.js';
import { readLine } from './read-line.js';
import { parseRequest } from './request.js';
import { readRecord } from './record.js';
import { readRootFile } from './root-file.js';
import { parseStrictJson } from './strict-json.js';
import { executionOf, type Execution } from '../../model/execution.js';

/** One connection, with the paths and the host that it is served with. */
export interface Connection {
  readonly input: Readable;
  readonly output: Writable;
  /** Name of the instance that systemd started; it contains the user who connected. */
  readonly instance: string | undefined;
  /** Kind of client: an engine that requests repairs, or a person who approves them. Default `engine`. */
  readonly asks?: 'engine' | 'person';
  /** Rejects for a user who may not approve. Default: by the group of the helper's socket. */
  readonly expectPerson?: (uid: number) => Promise<void>;
  readonly policyFile: string;
  /** Folder of the recorded acts and approvals. */
  readonly stateFolder: string;
  readonly host: Host;
  /** Logs one line to the journal with a priority from 0 to 7. */
  readonly log: (priority: number, line: string) => void;
  /** Aborted when the helper is to stop. */
  readonly signal: AbortSignal;
  /** Owner of policy and state. Default root. */
  readonly owner?: number;
  /** Deadline for receiving the request, in milliseconds. Default 2,000. */
  readonly requestWithinMs?: number;
}

/** Reads one request, answers it, and logs both to the journal. Resolves when the answer has been written. */
export async function serve(connection: Connection): Promise<void> {
  const { log } = connection;
  const answer = await answerFrom(connection);
  const { outcome, action, blockedBy, error, steps, durationMs } = answer;
  const priority = outcome === 'failed' ? WARNING : outcome === 'planned' ? INFO : NOTICE;
  const ran = steps.map(({ step, ok, notNeeded, retried }) => ({ step, ok, notNeeded, retried }));
  const told = { outcome, action, blockedBy, error, steps: ran };
  log(priority, `answer ${plain({ ...told, durationMs: Math.round(durationMs) })}`);
  await handOver(lineOf(answer), connection.output);
}

const WARNING = 4;
const NOTICE = 5;
const INFO = 6;

async function answerFrom(connection: Connection): Promise<Execution> {
  const { input, instance, stateFolder, host, log, owner, asks = 'engine' } = connection;
  let peer: number;
  let known: { readonly uid?: number } = {};
  let line: Uint8Array | undefined;
  let request: HelperRequest;
  try {
    peer = peerOf(instance);
    known = { uid: peer };
    const withinMs = connection.requestWithinMs ?? REQUEST_WITHIN_MS;
    line = await readLine(input, { limit: REQUEST_LIMIT, withinMs });
    request = parseRequest(line, asks === 'engine' ? ['plan', 'execute'] : ['plan', 'approve']);
  } catch (error) {
    log(
      WARNING,
      `request ${plain({ ...known, unreadable: Buffer.from(line ?? []).toString('latin1', 0, 200) })}`,
    );
    return executionOf('', { outcome: 'failed', error: messageOf(error) });
  }
  log(INFO, `request ${plain({ uid: peer, ...request })}`);
  const skipped = (blockedBy: BlockReason, error: string): Execution =>
    executionOf(request.action, { outcome: 'skipped', blockedBy, error });
  let policy: HelperPolicy;
  try {
    policy = parsePolicy(parseStrictJson(readRootFile(connection.policyFile, owner)));
  } catch (error) {
    const sentence = `The policy ${connection.policyFile} of the root helper cannot be used: ${messageOf(error)}`;
    return skipped('unavailable', sentence);
  }
  if (asks === 'person') {
    try {
      await (connection.expectPerson ?? expectPerson)(peer);
    } catch (error) {
      return skipped('not-allowed', messageOf(error));
    }
  }
  // A client that closes its side cancels the request.
  const gone = new AbortController();
  input.on('end', () => gone.abort()).on('error', () => gone.abort());
  return answerTo(request, {
    policy,
    host,
    book: fileActBook(stateFolder, owner),
    approvals: filePersonApprovals(stateFolder, owner),
    ...{ uid: peer, asks },
    record: readRecord,
    now: bootTimeNow,
    planWithin: AbortSignal.timeout(PLAN_WITHIN_MS),
    signal: AbortSignal.any([connection.signal, gone.signal]),
  });
}

/** Formats JSON in ASCII, so that no request can forge another line of the journal. */
const plain = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (odd) => `\\u${odd.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Writes the answer. Ignores a client that is gone: the journal has the answer. */
function handOver(line: string, output: Writable): Promise<void> {
  return new Promise((resolve) => {
    output.on('error', () => resolve());
    output.write(line, () => resolve());
  });
}
