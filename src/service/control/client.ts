import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { CONTROL_GROUP, rootSocketOf, type Answer, type Request } from './protocol.js';

/** Exit statuses of the control command. */
export const EXIT = {
  /** Success. */
  ok: 0,
  /** Refused by the daemon, or the approved repair did not succeed. */
  refused: 1,
  /** Usage error. */
  usage: 2,
  /** The daemon is not running. */
  absent: 3,
  /** Permission denied. */
  forbidden: 4,
  /** No valid answer from the daemon. */
  broken: 5,
} as const;

/** Reason for a missing answer, as one sentence with a remedy. */
export class NoAnswer extends Error {
  readonly exit: number;

  constructor(exit: number, message: string) {
    super(message);
    this.exit = exit;
  }
}

/** Length limit of an answer, in characters. */
const MAX_ANSWER = 16 * 1024 * 1024;

/** Time limit for an answer that needs no repair, in milliseconds. */
const QUICK_MS = 30_000;

/**
 * Sends a request to the daemon; as root through root's socket where it exists. An approved repair has no time limit.
 */
export async function ask(
  socketPath: string,
  request: Request,
  isRoot = process.getuid?.() === 0,
): Promise<Answer> {
  const own = rootSocketOf(socketPath);
  const path = isRoot && existsSync(own) ? own : socketPath;
  const text = await new Promise<string>((resolve, reject) => {
    const socket = createConnection(path);
    let heard = '';
    socket.setEncoding('utf8');
    socket.once('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('data', (chunk: string) => {
      heard += chunk;
      if (heard.length > MAX_ANSWER) socket.destroy(new NoAnswer(EXIT.broken, 'The answer does not end'));
    });
    if (request.command !== 'approve') {
      socket.setTimeout(QUICK_MS, () =>
        socket.destroy(new NoAnswer(EXIT.broken, 'The daemon does not answer')),
      );
    }
    socket.once('error', (error) => reject(error instanceof NoAnswer ? error : noAnswer(error, path)));
    socket.once('end', () => resolve(heard));
  });
  try {
    const answer = JSON.parse(text) as Partial<Answer> | null;
    if (answer?.version === 1 && typeof answer.ok === 'boolean') return answer as Answer;
  } catch {
    // Reported below.
  }
  throw new NoAnswer(
    EXIT.broken,
    'The daemon closed the connection without a valid answer: check with `luminous-healing status` whether the command was carried out',
  );
}

function noAnswer(error: NodeJS.ErrnoException, path: string): NoAnswer {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new NoAnswer(
        EXIT.absent,
        `The daemon is not running (no answer at ${path}): start it with \`systemctl start luminous-healing\`, or run \`luminous-healing look\`, which needs no daemon`,
      );
    case 'EACCES':
    case 'EPERM':
      return new NoAnswer(
        EXIT.forbidden,
        `Permission denied: connecting to the daemon at ${path} requires root or membership in the group ${CONTROL_GROUP}`,
      );
    default:
      return new NoAnswer(EXIT.broken, `The daemon at ${path} did not answer: ${error.message}`);
  }
}
