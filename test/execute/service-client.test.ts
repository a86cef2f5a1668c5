import fs from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BUILT_IN_ACTIONS } from '../../src/actions/built-in.js';
import { BUILT_IN_NAMES } from '../../src/actions/registry.js';
import { parseAnswer } from '../../src/execute/helper-answer.js';
import { converse } from '../../src/execute/helper-connection.js';
import { ANSWER_LIMIT, type HelperRequest } from '../../src/execute/helper-protocol.js';
import { ServiceClient } from '../../src/execute/service-client.js';
import type { Plan } from '../../src/model/plan.js';
import type { Execution } from '../../src/model/execution.js';

let folder: string;
let path: string;
let server: Server | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'client-'));
  path = join(folder, 'socket');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  await rm(folder, { recursive: true });
});

/** Listens, and calls the function of a test with each connection. */
async function helper(serve: (socket: Socket, nth: number) => void, at = path): Promise<void> {
  let nth = 0;
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket, (nth += 1));
  });
  await new Promise<void>((resolve) => server?.listen(at, resolve));
}
/** Reads the request, and answers with a text. */
const says = (text: (request: HelperRequest) => string) => (socket: Socket) => {
  socket.once('data', (line: Buffer) => socket.end(text(JSON.parse(line.toString()) as HelperRequest)));
  socket.resume();
};
const never = () => new AbortController().signal;

const ACTION = { action: 'restart_service', parameters: { service: 'nginx' } };
const PLAN: Plan = {
  ...ACTION,
  scope: 'host',
  risk: 'disruptive',
  targets: [{ kind: 'plain', id: 'x' }],
  steps: [{ kind: 'command', argv: ['true'], needsRoot: true, timeoutMs: 1, interruptible: true }],
  effect: 'It runs again',
  notes: [],
};
const REQUEST: HelperRequest = { version: 1, do: 'execute', ...ACTION };
const DONE: Execution = {
  action: ACTION.action,
  outcome: 'executed',
  success: true,
  dryRun: false,
  plan: PLAN,
  steps: [{ step: 'true', ok: true, durationMs: 1 }],
  durationMs: 2,
};
const DIGEST = 'ab'.repeat(32);
const line = (answer: object): string => `${JSON.stringify({ version: 1, ...answer })}\n`;
const execute = (client = new ServiceClient(path), signal = never()) =>
  client.execute(ACTION, { approved: false, digest: DIGEST, timeoutMs: 1_000, signal });

describe('a request to the root helper', () => {
  it('is one line, and its answer is returned', async () => {
    let asked: unknown;
    await helper(says((request) => ((asked = request), line(DONE))));
    expect(await execute()).toEqual(DONE);
    expect(asked).toEqual({ ...REQUEST, digest: DIGEST });
  });

  it('includes the approval of a person', async () => {
    let asked: unknown;
    await helper(says((request) => ((asked = request), line(DONE))));
    await new ServiceClient(path).execute(ACTION, {
      ...{ approved: true, digest: DIGEST },
      ...{ timeoutMs: 1, signal: never() },
    });
    expect(asked).toEqual({ ...REQUEST, digest: DIGEST, approved: true });
  });

  it.each([
    ['contains more than was requested', { service: 'nginx', maxFreed: 1 }, 'executed'],
    ['lacks what was requested', { maxFreed: 1 }, 'failed'],
  ])('is judged by the plan in the answer, which %s', async (_, parameters, outcome) => {
    await helper(says(() => line({ ...DONE, plan: { ...PLAN, parameters } })));
    expect(await execute()).toMatchObject({ outcome });
  });

  it('is sent one at a time', async () => {
    let open = 0;
    let most = 0;
    await helper((socket) => {
      open += 1;
      most = Math.max(most, open);
      socket
        .on('end', () => undefined)
        .once('data', () => {
          setImmediate(() => {
            open -= 1;
            socket.end(line(DONE));
          });
        });
      socket.resume();
    });
    const client = new ServiceClient(path);
    const all = await Promise.all([execute(client), execute(client), execute(client)]);
    expect(all.map(({ outcome }) => outcome)).toEqual(['executed', 'executed', 'executed']);
    expect(most).toBe(1);
  });

  it('is sent again while the helper is busy, because it was not read', async () => {
    await helper((socket, nth) => {
      if (nth < 3) socket.destroy();
      else says(() => line(DONE))(socket);
    });
    expect(await execute()).toMatchObject({ outcome: 'executed' });
  });

  it('is blocked, and nothing was executed, if the helper stays busy', async () => {
    // No pauses between the tries.
    vi.spyOn(Math, 'random').mockReturnValue(-0.5);
    let tries = 0;
    await helper((socket) => void ((tries += 1), socket.destroy()));
    expect(await execute()).toMatchObject({
      outcome: 'skipped',
      success: false,
      blockedBy: 'in-flight',
      error: 'The root helper did nothing: it is busy with another request',
      steps: [],
    });
    expect(tries).toBe(6);
  });

  it.each<[string, (request: HelperRequest) => string, string]>([
    ['ends without an answer', () => '', 'it closed the connection without an answer'],
    ['breaks off its answer', () => line(DONE).slice(0, -5), 'it is incomplete'],
    ['answers without JSON', () => 'Segmentation fault\n', 'it is not JSON'],
    [
      'answers with another shape',
      () => line({ outcome: 'executed' }),
      'it does not have the shape of an answer',
    ],
    [
      'answers in another version',
      () => `${JSON.stringify({ ...DONE, version: 2 })}\n`,
      'the shape of an answer',
    ],
    ['answers twice', () => line(DONE) + line(DONE), 'it is not JSON'],
    [
      'answers about another action',
      () => line({ ...DONE, action: 'reload_service' }),
      'it is about `reload_service`',
    ],
    [
      'has another unit in its plan',
      () => line({ ...DONE, plan: { ...PLAN, parameters: { service: 'sshd' } } }),
      'for another action',
    ],
    ['answers that it only planned', () => line({ ...DONE, outcome: 'planned' }), 'contradicts the rest'],
    [
      'answers too long',
      () => 'x'.repeat(ANSWER_LIMIT + 1),
      `its answer is longer than ${ANSWER_LIMIT} bytes`,
    ],
  ])('whose helper %s may have been executed, and is never sent again', async (_how, text, words) => {
    let asked = 0;
    await helper((socket) => void ((asked += 1), says(text)(socket)));
    const execution = await execute();
    expect(execution).toMatchObject({ outcome: 'failed', success: false, steps: [{ ok: false }] });
    expect(execution.error).toContain('The result of the root helper is unknown');
    expect(execution.error).toContain(words);
    expect(asked).toBe(1);
  });

  it('fails without being executed if there is no helper, with what to do', async () => {
    expect(await execute()).toMatchObject({
      outcome: 'failed',
      error: `Needs root, and no helper at ${path}`,
      steps: [],
    });
  });

  it('fails without being executed if the socket has no listener any more', async () => {
    await helper(() => undefined, `${path}.other`);
    await rename(`${path}.other`, path);
    await new Promise((resolve) => server?.close(resolve));
    const { error, steps } = await execute();
    expect(error).toBe(`Needs root, and connection refused at ${path}: start luminous-healing-helper.socket`);
    expect(steps).toEqual([]);
  });

  it('is not sent if it was aborted before', async () => {
    expect(await execute(undefined, AbortSignal.abort())).toMatchObject({
      outcome: 'failed',
      error: 'Stopped before the request was sent to the root helper',
      steps: [],
    });
  });

  it('stops the helper by closing its side, and waits for the answer', async () => {
    const stop = new AbortController();
    await helper((socket) => {
      socket.once('data', () => stop.abort());
      socket.on('end', () => socket.end(line({ ...DONE, outcome: 'failed', error: 'Stopped' })));
      socket.resume();
    });
    expect(await execute(undefined, stop.signal)).toMatchObject({ outcome: 'failed', error: 'Stopped' });
  });

  it('returns the refusal of a request that the helper could not parse', async () => {
    await helper(
      says(() => line({ ...DONE, action: '', outcome: 'failed', error: 'No', plan: undefined, steps: [] })),
    );
    expect(await execute()).toMatchObject({ outcome: 'failed', error: 'No', steps: [] });
  });
});

describe('a conversation with the root helper', () => {
  it('ends at its time limit, with an unknown result', async () => {
    await helper((socket) => void socket.on('end', () => socket.end()).resume());
    expect(await converse(path, '{}\n', { limitMs: 30, signal: never() })).toEqual({
      kind: 'lost',
      sentence: 'it did not answer within 30 ms',
    });
  });
});

describe('a plan from the root helper', () => {
  const own: Plan = { ...PLAN, effect: 'My own plan' };
  const planned = { ...DONE, outcome: 'planned', dryRun: true, steps: [] };
  const plan = (client = new ServiceClient(path), mine = own) => client.plan(ACTION, mine, never());

  it('is the plan that the helper would execute', async () => {
    await helper(says(() => line(planned)));
    expect(await plan()).toEqual(PLAN);
  });

  it('is requested once, as long as the local plan is the same', async () => {
    let asked = 0;
    await helper((socket) => void ((asked += 1), says(() => line(planned))(socket)));
    const client = new ServiceClient(path);
    await plan(client);
    await plan(client);
    expect(asked).toBe(1);
    await plan(client, { ...own, effect: 'Another' });
    expect(asked).toBe(2);
    await execute(client);
    await plan(client, { ...own, effect: 'Another' });
    expect(asked).toBe(4);
  });

  it('keeps the facts that this process has observed for longer', async () => {
    const unit = {
      kind: 'unit' as const,
      id: 'nginx.service',
      names: ['nginx.service'],
      ...{ loadState: 'loaded', activeState: 'failed', subState: 'failed', type: 'notify', job: '' },
      transient: false,
      recentRestarts: 0,
      ...{ wantedBy: [], dragsAlong: [], needs: [] },
    };
    await helper(says(() => line({ ...planned, plan: { ...PLAN, targets: [unit] } })));
    const followed = { ...unit, recentRestarts: 7 };
    expect((await plan(undefined, { ...own, targets: [followed] })).targets).toEqual([followed]);
  });

  it('has the block of the helper as its refusal, and is requested again', async () => {
    const blocked = { ...planned, outcome: 'skipped', blockedBy: 'budget', error: '6 of 6' };
    let asked = 0;
    await helper((socket) => void ((asked += 1), says(() => line(blocked))(socket)));
    const client = new ServiceClient(path);
    expect(await plan(client)).toEqual({ ...PLAN, refusal: { reason: 'budget', sentence: '6 of 6' } });
    await plan(client);
    expect(asked).toBe(2);
  });

  it('that a person may approve is not refused', async () => {
    const approval = 'It is for a person to decide';
    const answer = { ...planned, outcome: 'skipped', blockedBy: 'needs-approval', error: approval };
    await helper(says(() => line({ ...answer, plan: { ...PLAN, approval } })));
    expect(await plan()).toEqual({ ...PLAN, approval });
  });

  it('that cannot be obtained is replaced by the local plan, which cannot be executed now', async () => {
    await helper(says(() => ''));
    expect(await plan()).toMatchObject({
      effect: 'My own plan',
      refusal: {
        reason: 'unavailable',
        sentence: 'The result of the root helper is unknown: it closed the connection without an answer',
      },
    });
  });
});

describe('an answer of the root helper', () => {
  it('with a function step keeps its name, and cannot be run here', async () => {
    const steps = [{ kind: 'call', name: 'measure', timeoutMs: 1, interruptible: true }];
    const { plan } = parseAnswer(line({ ...DONE, plan: { ...PLAN, steps } }), REQUEST);
    const [step] = plan?.steps ?? [];
    expect(step).toMatchObject({ kind: 'call', name: 'measure' });
    if (step?.kind !== 'call') throw new Error('no call');
    expect(() => step.run({ signal: never() })).toThrow('`measure` runs in the root helper only');
  });
});

describe("the request whether the helper's policy lists an action", () => {
  const allows = () => new ServiceClient(path).allows('set_cpu_governor', never());
  const NOT = 'The policy of the root helper does not list `set_cpu_governor` in `actions`';
  const told = (more: object) =>
    says(() => line({ action: 'set_cpu_governor', steps: [], durationMs: 1, ...more }));

  it('has invalid parameters, so that nothing is planned', async () => {
    const asked: unknown[] = [];
    await helper(says((request) => (asked.push(request), line({}))));
    await allows();
    expect(asked).toEqual([
      { version: 1, do: 'plan', action: 'set_cpu_governor', parameters: { capabilities: true } },
    ]);
    for (const name of BUILT_IN_NAMES)
      expect(() => BUILT_IN_ACTIONS[name].parse({ capabilities: true })).toThrow(/capabilities/);
  });

  it('returns no, with the sentence of the helper', async () => {
    await helper(
      told({ outcome: 'skipped', success: false, dryRun: true, blockedBy: 'not-allowed', error: NOT }),
    );
    expect(await allows()).toBe(NOT);
  });

  it('returns yes if the helper refused only the parameters', async () => {
    await helper(told({ outcome: 'failed', success: false, dryRun: true, error: 'Unknown option' }));
    expect(await allows()).toBe(true);
  });

  it.each([
    ['there is no listener', undefined],
    ['the connection ends without an answer', (socket: Socket) => void socket.destroy()],
    ['the answer is invalid', says(() => 'yes\n')],
    [
      'the answer is about another action',
      told({ action: 'none', outcome: 'planned', success: true, dryRun: true }),
    ],
  ])('returns unknown: %s', async (_case, serve) => {
    if (serve) await helper(serve);
    expect(await allows()).toEqual({ unknown: expect.stringMatching(/./) as string });
  });
});

it('a client whose module could not be loaded once works after that', async () => {
  await helper(says(() => ''));
  vi.resetModules();
  const fresh = await import('../../src/execute/service-client.js');
  const client = new fresh.ServiceClient(path);
  const full = vi.spyOn(fs, 'openSync').mockImplementation(() => {
    throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
  });
  syncBuiltinESMExports();
  const refused = await client.plan(ACTION, PLAN, never());
  expect(refused.refusal?.sentence).toContain('only 0 of the 32 file descriptors that are needed are free');
  full.mockRestore();
  syncBuiltinESMExports();
  const asked = await client.plan(ACTION, PLAN, never());
  expect(asked.refusal?.sentence).not.toContain('file descriptors');
});
