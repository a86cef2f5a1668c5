import { createServer, type Server } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HelperRequest } from '../../../src/execute/helper-protocol.js';
import { digestOf } from '../../../src/memory/approvals.js';
import type { Plan } from '../../../src/model/plan.js';
import { approveAsPerson } from '../../../src/service/control/person-approval.js';
import { planOf } from '../../make.js';
import type { Execution } from '../../../src/model/execution.js';

const PLAN = planOf({
  ...{
    approval: 'It reboots\u001b[2J',
    approvedBy: 'person',
    targets: [{ kind: 'plain', id: 'nginx.service' }],
  },
  steps: [
    ...[
      { kind: 'command' as const, argv: ['systemctl', 'start', 'a b'], needsRoot: true },
      {
        ...{ kind: 'command' as const, argv: ['systemctl', 'reset-failed', 'a b'], needsRoot: true },
        onlyIf: 'start-limit-hit' as const,
      },
    ].map((step) => ({ ...step, ...{ timeoutMs: 1, interruptible: true } })),
  ],
  notes: ['a note'],
  undo: 'stop it',
});
const DIGEST = digestOf(PLAN);
const WAITING = {
  ...{ id: DIGEST.slice(0, 8), digest: DIGEST, component: 'nginx', action: PLAN.action, reason: 'x' },
  ...{ askedAgoMs: 0, lapsesInMs: 1, plan: PLAN },
};

let folder: string;
let server: Server | undefined;
let asked: HelperRequest[];
let printed: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'approve-'));
  [asked, printed] = [[], []];
});
afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  await rm(folder, { recursive: true });
});

/** Root helper that answers each request with this. */
async function helper(answer: (request: HelperRequest) => Partial<Execution>): Promise<string> {
  const socket = join(folder, 'socket');
  server = createServer({ allowHalfOpen: true }, (connection) => {
    connection.once('data', (line: Buffer) => {
      const request = JSON.parse(line.toString()) as HelperRequest;
      asked.push(request);
      const { action } = request;
      const told = {
        version: 1,
        action,
        dryRun: false,
        steps: [],
        durationMs: 1,
        success: true,
        ...answer(request),
      };
      connection.end(`${JSON.stringify(told)}\n`);
    });
  });
  await new Promise<void>((resolve) => server!.listen(socket, resolve));
  return socket;
}
const planning = (plan: Plan) => () => ({ outcome: 'planned' as const, plan });
const approve = (socket: string, says = true) =>
  approveAsPerson(WAITING, {
    print: (line) => void printed.push(line),
    confirm: () => Promise.resolve(says),
    socket,
  });

describe('the command `approve`', () => {
  it('shows the plan of the helper, and has it recorded by its digest', async () => {
    await approve(await helper(planning(PLAN)));
    expect(asked.map(({ do: todo, digest }) => [todo, digest])).toEqual([
      ['plan', undefined],
      ['approve', DIGEST],
    ]);
    expect(asked[1]).toMatchObject({ action: 'restart_service', parameters: { service: 'nginx' } });
    expect(printed).toEqual([
      'restart_service, as the root helper plans it now: nginx.service is running again',
      '  Approval is needed: It reboots\\u001b[2J',
      "  $ systemctl start 'a b'",
      "  $ systemctl reset-failed 'a b'  (only if the start limit refused it)",
      '  Note: a note',
      '  Undo: stop it',
    ]);
  });

  it('records nothing without the confirmation of the person', async () => {
    await expect(approve(await helper(planning(PLAN)), false)).rejects.toMatchObject({
      exit: 1,
      message: 'Not approved: nothing was changed',
    });
    expect(asked.map(({ do: todo }) => todo)).toEqual(['plan']);
  });

  it('refuses a plan other than the one that the daemon requested, and does not show it', async () => {
    const other = planOf({ ...PLAN, steps: [] });
    await expect(approve(await helper(planning(other)))).rejects.toThrow(
      'has changed since the daemon made it',
    );
    expect(printed).toEqual([]);
  });

  it('prints the reason of the helper', async () => {
    const refusing = await helper(() => ({
      ...{ outcome: 'skipped', success: false, blockedBy: 'not-allowed', error: 'You may not' },
    }));
    await expect(approve(refusing)).rejects.toMatchObject({ exit: 1, message: 'You may not' });
  });

  it('prints what to do if the helper is not running', async () => {
    await expect(approve(join(folder, 'none'))).rejects.toMatchObject({
      exit: 3,
      message: expect.stringContaining('start luminous-healing-approve.socket') as string,
    });
  });
});
