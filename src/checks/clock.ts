import type { Check } from '../detect/check.js';
import { messageOf } from '../base/errors.js';
import { runProgram } from '../host/systemd/run-program.js';
import type { Verdict } from '../model/issue.js';
import { span } from '../base/format.js';
import { withinLimit } from './deadline.js';
import { CannotTell, cannotTell, judging, WrongAnswer } from './failure.js';
import { expectOptions, makeCheck, ok, type CommonOptions, type RunContext } from './make.js';
import { boolean, number, text, whole, type CheckRule } from './rules.js';

/** Options of {@link clock}. */
export interface ClockOptions extends CommonOptions {
  /** Requires that the kernel reports its clock as synchronised, as `timedatectl` shows it. Default `true`. */
  readonly synchronised?: boolean;
  /** Time server that is asked for the offset. Default: none is asked. */
  readonly server?: string;
  /** Its port. Default 123. */
  readonly port?: number;
  /** Greatest offset from the server, in milliseconds. Default 1,000. */
  readonly maxOffsetMs?: number;
}

export const CLOCK_RULE: CheckRule = {
  keys: {
    ...{ synchronised: boolean, server: text, port: whole(1, 65_535) },
    maxOffsetMs: number(1, 1e12),
  },
};

/** Makes a check of this machine's clock: synchronised, and near that of a time server. A silent server is unknown. */
export function clock(options: ClockOptions = {}): Check {
  return clockWith(options, 'timedatectl');
}

/** The same, with another program to ask. */
export function clockWith(options: ClockOptions, timedatectl: string): Check {
  expectOptions('clock', CLOCK_RULE, options);
  return makeCheck(options, {
    ...{ name: 'clock', type: 'system' },
    run: judging('clock', (context) => judge(options, timedatectl, context)),
  });
}

async function judge(options: ClockOptions, timedatectl: string, context: RunContext): Promise<Verdict> {
  const { synchronised = true, server, port = 123, maxOffsetMs = 1_000 } = options;
  if (synchronised) await expectSynchronised(timedatectl, context);
  if (server === undefined) return ok('clock is synchronised');
  const offset = await offsetFrom(server, port, context);
  const numbers = { value: Math.abs(offset), threshold: maxOffsetMs, valueUnit: 'ms' };
  const reason = `is ${span(Math.abs(offset))} ${offset > 0 ? 'behind' : 'ahead of'} ${server}`;
  if (Math.abs(offset) > maxOffsetMs) throw new WrongAnswer(`${reason}, over ${span(maxOffsetMs)}`, numbers);
  return ok(`clock ${reason}`, numbers);
}

async function expectSynchronised(timedatectl: string, { signal, timeoutMs }: RunContext): Promise<void> {
  const args = ['show', '--property=NTPSynchronized', '--value'];
  const asked = runProgram(timedatectl, args, { timeoutMs, signal });
  const { stdout, stderr, exitStatus } = await asked.catch(cannotTell());
  const word = stdout.trim();
  if (exitStatus !== 0 || (word !== 'yes' && word !== 'no')) {
    const [complaint = ''] = stderr.trim().split('\n');
    const why = complaint === '' ? `it printed ${word === '' ? 'nothing' : word}` : complaint;
    throw new CannotTell(`timedatectl does not show NTPSynchronized: ${why}`);
  }
  if (word === 'no') throw new WrongAnswer('is not synchronised');
}

const TO_1970 = 2_208_988_800;
const WRAPS = 2 ** 32;

/** Asks a time server (SNTP, RFC 4330): how far this clock is behind, in milliseconds. */
async function offsetFrom(server: string, port: number, { signal, timeoutMs }: RunContext): Promise<number> {
  const { createSocket } = await import('node:dgram');
  const { lookup } = await import('node:dns/promises');
  try {
    return await withinLimit(timeoutMs, signal, async (ended) => {
      const { address, family } = await lookup(server);
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
      try {
        const question = Buffer.alloc(48);
        question[0] = 0x23;
        // It comes back in the answer, so that no other packet passes for one.
        const cookie = crypto.getRandomValues(new Uint8Array(8));
        question.set(cookie, 40);
        const sent = Date.now();
        const answer = await new Promise<Buffer>((resolve, reject) => {
          socket.on('message', (message) => {
            if (message.length >= 48 && message.subarray(24, 32).equals(cookie)) resolve(message);
          });
          socket.once('error', reject);
          ended.addEventListener('abort', () => reject(ended.reason as Error), { once: true });
          socket.connect(port, address, () => socket.send(question));
        });
        const received = Date.now();
        const stratum = answer[1]!;
        if ((answer[0]! & 7) !== 4 || stratum === 0 || stratum > 15 || answer[0]! >> 6 === 3)
          throw new CannotTell(`${server} has no time to give`);
        return (timeAt(answer, 32, sent) - sent + (timeAt(answer, 40, sent) - received)) / 2;
      } finally {
        socket.close();
      }
    });
  } catch (error) {
    // Whether this clock is right is not known by a server that does not answer.
    if (error instanceof CannotTell) throw error;
    throw new CannotTell(`${server}: ${messageOf(error)}`);
  }
}

/** A time in a packet, in milliseconds since the epoch; its seconds wrap in 2036. */
function timeAt(packet: Buffer, offset: number, near: number): number {
  const ms = (packet.readUInt32BE(offset) - TO_1970 + packet.readUInt32BE(offset + 4) / WRAPS) * 1_000;
  const era = WRAPS * 1_000;
  return ms + Math.round((near - ms) / era) * era;
}
