import { mkdtempSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import timers from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HelperRequest } from '../../src/execute/helper-protocol.js';
import { ServiceClient } from '../../src/execute/service-client.js';
import type { Plan } from '../../src/model/plan.js';
import { planOf } from '../make.js';

const ACTION = { action: 'restart_service', parameters: { service: 'nginx' } };
const PLAN = planOf({ targets: [{ kind: 'plain', id: 'nginx.service' }], effect: 'The helper restarts it' });
const OWN: Plan = { ...PLAN, effect: 'My own plan' };

let folder: string;
let path: string;
let server: Server | undefined;
let requests: HelperRequest[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'client-limits-'));
  path = join(folder, 'socket');
  requests = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  rmSync(folder, { recursive: true });
});

async function serve(answer: (socket: Socket) => void): Promise<void> {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    answer(socket);
  });
  await new Promise<void>((resolve) => server?.listen(path, resolve));
}
/** Starts a helper that answers with these fields besides those of a plan. */
const helperThat = (more: object = {}): Promise<void> =>
  serve((socket) => {
    socket.once('data', (line: Buffer) => {
      requests.push(JSON.parse(line.toString()) as HelperRequest);
      const answer = { ...{ version: 1, action: ACTION.action, outcome: 'planned', plan: PLAN }, ...more };
      socket.end(`${JSON.stringify({ steps: [], durationMs: 1, ...answer })}\n`);
    });
  });
const never = (): AbortSignal => new AbortController().signal;
const plan = (client = new ServiceClient(path), own = OWN) => client.plan(ACTION, own, never());
const execute = (client = new ServiceClient(path), signal = never()) =>
  client.execute(ACTION, { approved: false, digest: 'ab'.repeat(32), timeoutMs: 7_000, signal });

describe('a plan of the root helper', () => {
  it.each<[string, Partial<Plan>, number]>([
    ['five minutes', {}, 300_000],
    ['twenty seconds if a person must approve it', { approvedBy: 'person' }, 20_000],
  ])('is kept for %s', async (_how, more, ms) => {
    let now = 1_000_000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    await helperThat({ plan: { ...PLAN, ...more } });
    const client = new ServiceClient(path);
    await plan(client);
    now += ms - 1;
    await plan(client);
    expect(requests.map((request) => request.do)).toEqual(['plan']);
    now += 1;
    await plan(client);
    expect(requests).toHaveLength(2);
  });

  it('keeps a target that this process does not know', async () => {
    await helperThat();
    const own: Plan = { ...OWN, targets: [{ kind: 'plain', id: 'other.service' }] };
    expect((await plan(undefined, own)).targets).toEqual(PLAN.targets);
  });

  it.each<[string, Partial<Plan>, string]>([
    ['needs-approval', {}, 'without a reason to approve it'],
    ['budget', { approval: 'It is a lot' }, 'that a person could approve'],
  ])('is refused by %s, with %o: %s', async (blockedBy, more) => {
    const answer = { outcome: 'skipped', blockedBy, error: 'No', plan: { ...PLAN, ...more } };
    await helperThat(answer);
    expect((await plan()).refusal).toEqual({ reason: blockedBy, sentence: 'No' });
  });
});

describe('the time limit of a request to the root helper', () => {
  const limits = (): unknown[] => {
    const set = vi.mocked(globalThis.setTimeout);
    return set.mock.calls.map(([, ms]) => ms);
  };
  beforeEach(async () => {
    await helperThat();
    vi.spyOn(globalThis, 'setTimeout');
  });

  it('is 75 s for a plan', async () => {
    await plan();
    expect(limits()).toContain(75_000);
  });

  it('is 75 s more than that of the act', async () => {
    await execute();
    expect(limits()).toContain(82_000);
  });

  it('is 60 s for the question whether it allows an action', async () => {
    await new ServiceClient(path).allows('set_cpu_governor', never());
    expect(limits()).toContain(60_000);
  });
});

describe('a request to the root helper that is not answered', () => {
  it('has the outcome of a real act, and the time that it took', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(5_000);
    expect(await execute()).toEqual({
      ...{ action: 'restart_service', outcome: 'failed', success: false, dryRun: false },
      ...{ error: `Needs root, and no helper at ${path}`, steps: [], durationMs: 0 },
    });
  });

  it('is blocked by another request if the helper stays busy', async () => {
    // The pauses between the tries take no time.
    vi.spyOn(timers, 'setTimeout').mockResolvedValue(undefined);
    syncBuiltinESMExports();
    let tries = 0;
    await serve((socket) => void ((tries += 1), socket.destroy()));
    expect(await execute()).toMatchObject({
      ...{ outcome: 'skipped', blockedBy: 'in-flight', steps: [] },
      error: 'The root helper did nothing: it is busy with another request',
    });
    expect(tries).toBe(6);
  });
});

describe('the question whether the root helper allows an action', () => {
  const allows = (signal = never()) => new ServiceClient(path).allows('set_cpu_governor', signal);

  it('is answered by the reason why there is no answer', async () => {
    expect(await allows()).toEqual({ unknown: `Needs root, and no helper at ${path}` });
  });

  it('is not sent after a stop', async () => {
    await helperThat();
    const unknown = 'Stopped before the request was sent to the root helper';
    expect(await allows(AbortSignal.abort())).toEqual({ unknown });
    expect(requests).toEqual([]);
  });
});
