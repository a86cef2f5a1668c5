import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NixOSPermissionHandler } from '../../../src/execute/permission-handler.js';
import { digestOf } from '../../../src/memory/approvals.js';
import type { Host } from '../../../src/host/host.js';
import { unknown } from '../../../src/model/reading.js';
import { serve } from '../../../src/service/helper/serve.js';
import {
  executorConformance,
  failedUnit,
  fakeHost,
  unitReading,
  type FakeHost,
} from '../../../src/testing/index.js';
import type { Execution } from '../../../src/model/execution.js';

const BIN = fileURLToPath(new URL('../../fixtures/bin', import.meta.url));
const me = process.getuid?.() ?? 0;
let folder: string;
let server: Server | undefined;
let journal: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'helper-'));
  journal = [];
  vi.stubEnv('PATH', `${BIN}${delimiter}${process.env.PATH ?? ''}`);
  vi.stubEnv('FAKE_LOG', join(folder, 'log'));
  vi.stubEnv('LUMINOUS_DEV_MODE', undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  await rm(folder, { recursive: true });
});
const calls = async (): Promise<string[]> =>
  (await readFile(join(folder, 'log'), 'utf8').catch(() => '')).split('\n').filter(Boolean);

const POLICY = { version: 1, actions: ['restart_service'], services: ['nginx', 'redis'] };
const policy = (more: object = {}): Promise<void> =>
  writeFile(join(folder, 'policy.json'), JSON.stringify({ ...POLICY, ...more }), { mode: 0o644 });
const ill = (): FakeHost =>
  fakeHost({ units: ['nginx', 'redis', 'other'].map((name) => failedUnit({ name })) });

const connection = (host: Host, signal = new AbortController().signal) => ({
  instance: '0-129-1000',
  policyFile: join(folder, 'policy.json'),
  stateFolder: folder,
  host,
  log: (priority: number, line: string) => void journal.push(`<${priority}>${line}`),
  signal,
  owner: me,
});

/** Returns the answer of the helper to a text. */
async function ask(said: string | object, { host = ill(), ...more } = {}): Promise<Execution> {
  const input = new PassThrough();
  const output = new PassThrough();
  input.write(typeof said === 'string' ? said : `${JSON.stringify(said)}\n`);
  await serve({ ...connection(host), input, output, ...more });
  output.end();
  return JSON.parse(await text(output)) as Execution;
}
const request = (action: string, parameters: object = { service: 'nginx' }, more: object = {}) => ({
  version: 1,
  do: 'execute',
  action,
  parameters,
  ...more,
});
const RESTART = request('restart_service');
/** Plan for a failed unit; only the first of its steps is needed. */
const STEPS = ['start', 'reset-failed', 'start'].map(
  (verb) => `systemctl --no-ask-password ${verb} -- nginx.service`,
);
const [START] = STEPS;

describe('the helper', () => {
  it('executes what its policy allows, and logs it to the journal', async () => {
    await policy();
    expect(await ask(RESTART)).toMatchObject({ version: 1, outcome: 'executed', success: true });
    expect(await calls()).toEqual([START]);
    expect(journal).toHaveLength(2);
    expect(journal[0]).toBe(`<6>request ${JSON.stringify({ uid: 1000, ...RESTART })}`);
    expect(journal[1]).toMatch(/^<5>answer {"outcome":"executed","action":"restart_service","steps":\[/);
    const { steps } = JSON.parse(journal[1]!.slice('<5>answer '.length)) as { readonly steps: unknown };
    expect(steps, 'what did not run is marked').toEqual([
      { step: START, ok: true },
      ...STEPS.slice(1).map((step) => ({ step, ok: true, notNeeded: true })),
    ]);
  });

  it('derives the members of a listed unit by itself, and matches patterns', async () => {
    const member = (name: string, memberOf: readonly string[]) => failedUnit({ name, memberOf });
    const units = [
      member('postgresql@15-main.service', ['postgresql.service']),
      member('mysql@1.service', []),
      member('worker@2.service', []),
    ];
    const restart = (service: string) =>
      ask(request('restart_service', { service }), { host: fakeHost({ units }) });
    await policy({ services: ['postgresql', 'worker@*'] });
    expect(await restart('postgresql@15-main')).toMatchObject({ outcome: 'executed' });
    expect(await restart('worker@2')).toMatchObject({ outcome: 'executed' });
    expect(await restart('mysql@1')).toMatchObject({ outcome: 'skipped', blockedBy: 'not-allowed' });
  });

  it('only plans when the request asks for a plan', async () => {
    await policy();
    const answer = await ask({ ...RESTART, do: 'plan' });
    expect(answer).toMatchObject({ outcome: 'planned', dryRun: true, steps: [] });
    expect(answer.plan?.steps).toHaveLength(3);
    expect(await calls()).toEqual([]);
  });

  it('executes the plan with the announced digest, and refuses another', async () => {
    await policy();
    const { plan } = await ask({ ...RESTART, do: 'plan' });
    const digest = digestOf(plan!);
    const other = digestOf({ ...plan!, steps: plan!.steps.slice(0, 1) });
    for (const todo of ['plan', 'execute']) {
      const refused = await ask({ ...RESTART, do: todo, digest: other });
      expect(refused).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable', steps: [] });
      expect(refused.error).toContain('would do something else');
    }
    expect(await calls()).toEqual([]);
    expect(await ask({ ...RESTART, digest })).toMatchObject({ outcome: 'executed' });
    expect(await calls()).toEqual([START]);
  });

  it('refuses the digest of a failed unit once that unit runs', async () => {
    await policy();
    const { plan } = await ask({ ...RESTART, do: 'plan' });
    const host = fakeHost({ units: [unitReading({ name: 'nginx' })] });
    const refused = await ask({ ...RESTART, digest: digestOf(plan!) }, { host });
    expect(refused).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable' });
    expect(await calls()).toEqual([]);
  });

  it.each([
    [
      'an action that it does not list',
      {},
      request('clear_system_cache', {}),
      'not-allowed',
      'does not list `clear_system_cache` in `actions`',
    ],
    [
      'a unit that it does not list',
      {},
      request('restart_service', { service: 'other' }),
      'not-allowed',
      'By the policy of the root helper: other.service is not among',
    ],
    [
      'a unit that it protects',
      { protect: ['nginx'] },
      RESTART,
      'protected',
      'nginx.service is protected (nginx)',
    ],
    [
      'a unit that nobody may touch',
      { services: ['sshd'] },
      request('restart_service', { service: 'sshd' }),
      'protected',
      'never acted on',
    ],
    [
      'more than its limit',
      { limits: { componentPerHour: 0 } },
      RESTART,
      'budget',
      '0 of 0 acts of the root helper on nginx.service',
    ],
    [
      'what needs a person',
      { actions: ['restart_service'], services: [{ unit: 'nginx' }] },
      request('restart_service', { freeing: 'memory' }, { approved: true }),
      'needs-approval',
      'only a person on this host may approve it: luminous-healing approve ',
    ],
  ])('refuses %s', async (_what, more, said, blockedBy, words) => {
    await policy(more);
    const host = fakeHost({
      units: ['nginx', 'other', 'sshd'].map((name) => failedUnit({ name })),
      memories: { 'nginx.service': 1e9 },
    });
    for (const todo of ['plan', 'execute']) {
      const answer = await ask({ ...said, do: todo }, { host });
      expect(answer).toMatchObject({ outcome: 'skipped', success: false, blockedBy, steps: [] });
      expect(answer.error).toContain(words);
    }
    expect(await calls()).toEqual([]);
  });

  it('accepts approvals through the daemon only where its policy allows them', async () => {
    await policy({ allowApprovals: true });
    const host = fakeHost({ units: [failedUnit()], memories: { 'nginx.service': 1e9 } });
    const said = request('restart_service', { freeing: 'memory' });
    expect(await ask(said, { host })).toMatchObject({ outcome: 'skipped', blockedBy: 'needs-approval' });
    expect(await ask({ ...said, approved: true }, { host })).toMatchObject({ outcome: 'executed' });
  });

  describe('where a person has to approve', () => {
    const hungry = () => fakeHost({ units: [failedUnit()], memories: { 'nginx.service': 1e9 } });
    const said = (todo: string, more: object = {}) =>
      request('restart_service', { freeing: 'memory' }, { do: todo, ...more });
    const person = { asks: 'person', expectPerson: () => Promise.resolve() };
    const asPerson = (todo: string, more: object = {}, parts: object = {}) =>
      ask(said(todo, more), { host: hungry(), ...person, ...parts });
    const digest = async () => digestOf((await asPerson('plan')).plan!);

    it('executes an approved plan once, and records who approved it', async () => {
      await policy();
      expect(await ask(said('execute', { approved: true }), { host: hungry() })).toMatchObject({
        blockedBy: 'needs-approval',
        plan: { approvedBy: 'person' },
      });
      expect(await asPerson('approve', { digest: await digest() })).toMatchObject({ outcome: 'planned' });
      expect(journal.at(-2)).toContain('"uid":1000');
      expect(await ask(said('plan'), { host: hungry() })).toMatchObject({ outcome: 'planned' });
      expect(await ask(said('execute'), { host: hungry() })).toMatchObject({ outcome: 'executed' });
      expect(JSON.parse(await readFile(join(folder, 'acts.json'), 'utf8'))).toMatchObject({
        acts: [{ approvedBy: 1_000 }],
      });
      expect(await ask(said('execute', { approved: true }), { host: hungry() })).toMatchObject({
        blockedBy: 'needs-approval',
      });
    });

    it('keeps a person’s approval if the daemon’s approval is enough', async () => {
      await policy();
      await asPerson('approve', { digest: await digest() });
      await policy({ allowApprovals: true });
      const yes = said('execute', { approved: true });
      expect(await ask(yes, { host: hungry() })).toMatchObject({ outcome: 'executed' });
      expect(JSON.parse(await readFile(join(folder, 'acts.json'), 'utf8'))).not.toMatchObject({
        acts: [{ approvedBy: 1_000 }],
      });
      await policy();
      expect(await ask(said('execute'), { host: hungry() })).toMatchObject({ outcome: 'executed' });
    });

    it.each<[string, object, object, object, string]>([
      ['another plan', { digest: 'f'.repeat(64) }, {}, {}, 'would do something else'],
      ['no plan', { digest: undefined }, {}, {}, 'Expected `digest` to be the fingerprint'],
      ['what its policy does not list', {}, {}, { actions: ['reload_service'] }, 'does not list'],
      ['more than its limit', {}, {}, { limits: { hostPerHour: 0 } }, '0 of 0 acts'],
      [
        'who may ask for repairs',
        {},
        { expectPerson: () => Promise.reject(new Error('one who asks')) },
        {},
        'one who asks',
      ],
    ])('does not let %s be approved', async (_what, more, parts, allowed, words) => {
      await policy();
      const given = { digest: await digest(), ...more };
      await policy(allowed);
      const answer = await asPerson('approve', given, parts);
      expect(answer).toMatchObject({ success: false, steps: [] });
      expect(answer.error).toContain(words);
      await policy();
      expect(await ask(said('execute', { approved: true }), { host: hungry() })).toMatchObject({
        blockedBy: 'needs-approval',
      });
      expect(await calls()).toEqual([]);
    });

    it('refuses to approve a plan that needs no approval, and requests that belong to the other socket', async () => {
      await policy();
      const { plan } = await ask({ ...RESTART, do: 'plan' });
      const yes = { ...RESTART, do: 'approve', digest: digestOf(plan!) };
      expect((await ask(yes, { host: ill(), ...person })).error).toContain('needs no approval');
      expect((await ask(yes)).error).toContain('Unknown word `approve`');
      expect((await ask(RESTART, { host: ill(), ...person })).error).toContain('Unknown word `execute`');
      expect(await calls()).toEqual([]);
    });
  });

  it('counts acts over several helpers, including failed ones', async () => {
    await policy({ limits: { componentPerHour: 2 } });
    vi.stubEnv('FAKE_SYSTEMCTL', '1');
    for (const outcome of ['failed', 'failed', 'skipped']) expect((await ask(RESTART)).outcome).toBe(outcome);
    expect(await ask(request('restart_service', { service: 'redis' }))).toMatchObject({ outcome: 'failed' });
    expect((await ask(RESTART)).error).toContain('2 of 2 acts of the root helper on nginx.service');
  });

  it('does nothing when it cannot read or write its act book', async () => {
    await policy();
    await writeFile(join(folder, 'acts.json'), 'broken');
    expect(await ask(RESTART)).toMatchObject({ blockedBy: 'unavailable' });
    await rm(join(folder, 'acts.json'));
    expect(await ask(RESTART, { stateFolder: join(folder, 'none') } as object)).toMatchObject({
      success: false,
    });
    expect(await calls()).toEqual([]);
  });

  it('does nothing where the state of the units is not known', async () => {
    await policy();
    const answer = await ask(RESTART, { host: fakeHost({ units: unknown('no bus') }) });
    expect(answer).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable' });
    expect(answer.error).toContain('no bus');
  });

  it('does nothing without a policy, with a broken one, and with one that others may write', async () => {
    const refusals = [await ask(RESTART)];
    await policy({ actions: ['reboot'] });
    refusals.push(await ask(RESTART));
    await policy();
    await rm(join(folder, 'policy.json'));
    await writeFile(join(folder, 'policy.json'), `{"version":1,"version":1}`);
    refusals.push(await ask(RESTART));
    for (const answer of refusals) {
      expect(answer).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable', steps: [] });
      expect(answer.error).toContain(
        `The policy ${join(folder, 'policy.json')} of the root helper cannot be used: `,
      );
    }
    expect(refusals.map(({ error }) => error?.split('cannot be used: ')[1])).toEqual([
      expect.stringContaining('ENOENT'),
      expect.stringContaining('Unknown action `reboot`'),
      'a key comes twice',
    ]);
  });

  it.each([
    ['no request', '{}\n', 'Expected `version` to be 1'],
    ['two lines', `${JSON.stringify(RESTART)}\n${JSON.stringify(RESTART)}\n`, 'something came after it'],
    ['too much', 'x'.repeat(9_000), 'it is longer than 8192 bytes'],
  ])('refuses %s', async (_what, said, words) => {
    await policy();
    const answer = await ask(said);
    expect(answer).toMatchObject({ action: '', outcome: 'failed', steps: [] });
    expect(answer.error).toContain(words);
    expect(await calls()).toEqual([]);
  });

  it('refuses a request that is late, incomplete, or from an unknown user', async () => {
    await policy();
    expect((await ask('{"version":', { requestWithinMs: 20 } as object)).error).toContain(
      'did not come within 20 ms',
    );
    const input = new PassThrough();
    input.end('{"ver');
    expect((await ask('', { input } as object)).error).toContain('the other side closed after 5 bytes');
    expect((await ask(RESTART, { instance: '0-129-root' } as object)).error).toContain('the id of a user');
    expect(await calls()).toEqual([]);
  });

  it('logs one line to the journal per request, whatever is sent', async () => {
    await policy();
    await ask(request('restart_service', { service: 'a\n<3>answer {}\u001b[2J\u2028\u202e' }));
    expect(journal).toHaveLength(2);
    for (const line of journal) expect(line).toMatch(/^<\d>(request|answer) {[\x20-\x7e]*}$/);
  });

  it.each([
    ['a plan as information', { do: 'plan' }, /^<6>answer {"outcome":"planned"/],
    ['an act as a notice', {}, /^<5>answer {"outcome":"executed"/],
    ['a refusal as a notice', { parameters: { service: 'other' } }, /^<5>answer {"outcome":"skipped"/],
    ['a failure as a warning', { parameters: {} }, /^<4>answer {"outcome":"failed"/],
  ])('logs %s', async (_what, more, expected) => {
    await policy();
    await ask({ ...RESTART, ...more });
    expect(journal[0]).toMatch(/^<6>request /);
    expect(journal[1]).toMatch(expected);
  });

  it('logs the first 200 bytes of a request that it cannot read, as a warning, with the user who sent it', async () => {
    await policy();
    const odd = `\x07é\u{1f600}${'x'.repeat(300)}`;
    await ask(`${odd}\n`);
    const shown = Buffer.from(odd).toString('latin1', 0, 200);
    const ascii = JSON.stringify({ uid: 1000, unreadable: shown }).replace(
      /[^\x20-\x7e]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    expect(journal[0]).toBe(`<4>request ${ascii}`);
    expect(journal[0]).toContain('\\u0007\\u00c3\\u00a9');
  });

  it('logs a request that did not come in time without a text', async () => {
    await policy();
    await ask('', { requestWithinMs: 1 } as object);
    expect(journal[0]).toBe('<4>request {"uid":1000,"unreadable":""}');
  });

  it('ends when the client is gone before its answer is written', async () => {
    await policy();
    const input = new PassThrough();
    const output = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    input.write(`${JSON.stringify({ ...RESTART, do: 'plan' })}\n`);
    await serve({ ...connection(ill()), input, output });
    expect(journal.at(-1)).toContain('"outcome":"planned"');
  });

  it('starts no step once the client has closed its side', async () => {
    await policy();
    const input = new PassThrough();
    const fake = ill();
    const host: Host = {
      ...fake,
      read: async (asked) => {
        input.end();
        await new Promise((done) => setImmediate(done));
        return fake.read(asked);
      },
    };
    const output = new PassThrough();
    input.write(`${JSON.stringify(RESTART)}\n`);
    await serve({ ...connection(host), input, output });
    expect(journal.at(-1)).toContain('Stopped before');
    expect(await calls()).toEqual([]);
  });

  it('starts no step once it has to stop', async () => {
    await policy();
    const answer = await ask(RESTART, { signal: AbortSignal.abort() } as object);
    expect(answer).toMatchObject({ outcome: 'failed', steps: [] });
    expect(answer.error).toContain('Stopped before');
  });
});

describe('an unprivileged executor', () => {
  /** Helper at a real socket, as systemd starts it: one for each connection. */
  async function listen(host: Host): Promise<string> {
    const path = join(folder, 'socket');
    server = createServer({ allowHalfOpen: true }, (socket) => {
      void serve({ ...connection(host), input: socket, output: socket }).then(() => socket.end());
    });
    await new Promise<void>((resolve) => server?.listen(path, resolve));
    vi.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(1000);
    return path;
  }
  const ACTION = { action: 'restart_service', parameters: { service: 'nginx' } };
  const asked = () =>
    journal.filter((line) => line.includes('request')).map((line) => /"do":"(\w+)"/.exec(line)?.[1]);

  it('acts through the helper: the plan that is shown is the one that is executed', async () => {
    await policy();
    const executor = new NixOSPermissionHandler({
      host: ill(),
      readsThisMachine: true,
      helperSocket: await listen(ill()),
    });
    expect(await executor.getStatus()).toMatchObject({
      tier: 'service',
      way: 'helper',
      root: false,
      socket: true,
    });
    const dry = await executor.execute(ACTION, { dryRun: true });
    expect(dry).toMatchObject({ outcome: 'planned', dryRun: true });
    expect(await calls()).toEqual([]);
    const done = await executor.execute(ACTION);
    expect(done).toMatchObject({
      outcome: 'executed',
      success: true,
      dryRun: false,
      steps: STEPS.map((step) => ({ step })),
    });
    expect(done.plan).toEqual(dry.plan);
    expect(await calls()).toEqual([START]);
    expect(asked()).toEqual(['plan', 'execute']);
  });

  it('shows in a dry run what the policy of the helper refuses', async () => {
    await policy({ services: ['redis'] });
    const executor = new NixOSPermissionHandler({
      host: ill(),
      readsThisMachine: true,
      helperSocket: await listen(ill()),
    });
    for (const dryRun of [true, false]) {
      expect(await executor.execute(ACTION, { dryRun })).toMatchObject({
        outcome: 'skipped',
        blockedBy: 'not-allowed',
        error:
          'By the policy of the root helper: nginx.service is not among the listed services: add it to `services` to allow it',
      });
    }
    expect(asked()).toEqual(['plan', 'plan']);
  });

  it('does not call the helper for a plan that it refuses itself', async () => {
    await policy();
    const executor = new NixOSPermissionHandler({
      host: ill(),
      readsThisMachine: true,
      services: ['redis'],
      helperSocket: await listen(ill()),
    });
    expect(await executor.execute(ACTION)).toMatchObject({ outcome: 'skipped', blockedBy: 'not-allowed' });
    expect(asked()).toEqual([]);
  });

  describe('passes the conformance suite of executors', () => {
    const make = async () => {
      await policy();
      return new NixOSPermissionHandler({
        host: ill(),
        readsThisMachine: true,
        helperSocket: await listen(ill()),
      });
    };
    it.each(executorConformance(make, { action: ACTION, observe: async () => (await calls()).join() }))(
      '$name',
      ({ run }) => run(),
    );
  });
});
