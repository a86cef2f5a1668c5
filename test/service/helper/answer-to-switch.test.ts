import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HelperRequest } from '../../../src/execute/helper-protocol.js';
import type { Program } from '../../../src/execute/start-program.js';
import { digestOf } from '../../../src/memory/approvals.js';
import { unknown } from '../../../src/model/reading.js';
import { answerTo, type AnswerSources } from '../../../src/service/helper/answer-to.js';
import type { HelperAct } from '../../../src/service/helper/limits.js';
import { parsePolicy } from '../../../src/service/helper/policy.js';
import { failedUnit, fakeHost, nixosReading, systemReading } from '../../../src/testing/index.js';

const NOW = { at: Date.UTC(2025, 0, 1), boot: 'a', upMs: 3_600_000 };
const root = mkdtempSync(join(tmpdir(), 'answer-to-switch-'));
const [A, B] = ['a', 'b'].map((name) => join(root, `nixos-system-${name}`)) as [string, string];
beforeAll(() => {
  for (const path of [A, B]) {
    mkdirSync(join(path, 'bin'), { recursive: true });
    mkdirSync(join(path, 'etc/systemd/system'), { recursive: true });
    writeFileSync(join(path, 'bin/switch-to-configuration'), '');
  }
});
afterAll(() => rmSync(root, { recursive: true }));

const identity = (path: string) => ({ path, kernel: 'one', modules: 'one-modules' });
/** System B is running and the next to boot; A was the one before it. */
const NIXOS = nixosReading(['a'], {
  running: identity(B),
  booted: identity(B),
  profile: { number: 2, path: B },
  generations: [
    { number: 1, path: A, linkedAt: 0 },
    { number: 2, path: B, linkedAt: 0 },
  ],
});
const SWITCH: HelperAct = { ...NOW, action: 'rebuild_system', targets: ['system'] };
const change = (more: Partial<HelperAct> = {}): HelperAct => ({
  ...SWITCH,
  ...{ generation: { from: A, to: B }, ...more },
});

const EARLIER = change({ at: NOW.at - 2 * 3_600_000, upMs: 0, action: 'restart_service' });

/** How a program ends: its exit status, and what it prints. */
type Ending = readonly [exitCode: number, output?: string];

/** Answers a rollback that a person has approved; `ends` says how each program ends. */
async function rolledBack({
  acts = [],
  request = {},
  ends = () => [0],
  ...more
}: Partial<AnswerSources> & {
  readonly acts?: readonly HelperAct[];
  readonly request?: Partial<HelperRequest>;
  readonly ends?: (command: string) => Ending;
} = {}) {
  let kept = acts;
  let isReleased = false;
  const commands: string[] = [];
  const added: unknown[] = [];
  const taken: string[] = [];
  const fake = fakeHost({
    system: systemReading({ nixos: NIXOS }),
    units: [failedUnit({ name: 'nginx' })],
    unitChanges: () => ['nginx.service'],
  });
  const start = async ({ argv }: Program) => {
    const command = argv.join(' ');
    commands.push(command);
    const [exitCode, output = ''] = ends(command);
    return {
      ...{ pid: undefined, stdout: Readable.from([Buffer.from(output)]), stderr: Readable.from([]) },
      ...{ kill: () => undefined, exited: Promise.resolve(), ended: Promise.resolve({ exitCode }) },
    };
  };
  const execution = await answerTo(
    { version: 1, do: 'execute', action: 'rollback_generation', parameters: {}, ...request },
    {
      policy: parsePolicy({ version: 1, actions: ['rollback_generation'], services: ['nginx'] }),
      host: {
        ...fake,
        read: async (request) => fake.read(request),
        systemIdentity: async (path: string) => identity(path),
        nixActivity: async () => ({ switching: null, building: null }),
      },
      book: {
        read: () => kept,
        write: async (next) => {
          await new Promise((written) => setImmediate(written));
          if (!isReleased) kept = next;
        },
        lock: async () => undefined,
        release: async () => void (isReleased = true),
      },
      approvals: {
        add: async (approval) => void added.push(approval),
        find: () => ({ ...NOW, digest: '', action: 'rollback_generation', uid: 1_000 }),
        take: (digest) => void taken.push(digest),
      },
      ...{ uid: 1_000, asks: 'engine', record: () => unknown('there is none'), now: () => NOW },
      planWithin: new AbortController().signal,
      signal: new AbortController().signal,
      start,
      ...more,
    },
  );
  return { execution, acts: kept, commands, added, taken };
}

const digestOfRollback = async () =>
  digestOf((await rolledBack({ request: { do: 'plan' } })).execution.plan!);

describe.concurrent('the approval of a rollback by the root helper', () => {
  it('by a person is recorded with the plan, the time and the user, and nothing is done', async () => {
    const { added, commands } = await rolledBack({ request: { do: 'approve' }, asks: 'person', uid: 7 });
    const digest = await digestOfRollback();
    expect(added).toEqual([{ ...NOW, digest, action: 'rollback_generation', uid: 7 }]);
    expect(commands).toEqual([]);
  });

  it('is not recorded for a plan only', async () => {
    expect((await rolledBack({ request: { do: 'plan' } })).added).toEqual([]);
  });

  it('by a person is used up by the rollback', async () => {
    expect((await rolledBack()).taken).toEqual([await digestOfRollback()]);
  });

  it('through the daemon, where the policy allows that, leaves that of a person', async () => {
    const policy = parsePolicy({
      ...{ version: 1, actions: ['rollback_generation'], services: ['nginx'] },
      ...{ allowApprovals: true, approvedBy: { rollback_generation: 'daemon' } },
    });
    const { acts, taken } = await rolledBack({ policy, request: { approved: true } });
    expect(taken).toEqual([]);
    expect(acts[0]).not.toHaveProperty('approvedBy');
  });
});

// Side by side: each switch waits a moment for the journal.
describe.concurrent('a rollback by the root helper', () => {
  it('is carried out and recorded, with the systems before and after it and who approved it', async () => {
    const { execution, acts, commands } = await rolledBack();
    expect(execution.error).toBeUndefined();
    expect(execution).toMatchObject({ outcome: 'executed' });
    expect(commands[0]).toContain(`--set ${A}`);
    expect(commands[1]).toContain(`${A}/bin/switch-to-configuration switch`);
    expect(acts).toEqual([
      {
        ...NOW,
        ...{ action: 'rollback_generation', targets: ['system'] },
        ...{ generation: { from: B, to: A }, approvedBy: 1_000 },
      },
    ]);
  });

  it('that the system refuses is kept with the reason only, and not tried again in this boot', async () => {
    const refuses = (command: string): Ending =>
      command.includes(' switch')
        ? [1, "raid is degraded\nPre-switch check 'raid' failed\nPre-switch checks failed\n"]
        : [0];
    const first = await rolledBack({ acts: [EARLIER], ends: refuses });
    expect(first.execution).toMatchObject({ outcome: 'skipped', blockedBy: 'needs-approval' });
    expect(first.acts).toMatchObject([
      EARLIER,
      { action: 'rollback_generation', refused: '`raid`: raid is degraded' },
    ]);
    const again = await rolledBack({ acts: first.acts });
    expect(again.execution.plan?.approval).toContain('raid is degraded');
    const booted = await rolledBack({ acts: first.acts, now: () => ({ ...NOW, boot: 'b' }) });
    expect(booted.execution.plan?.approval).not.toContain('raid is degraded');
  });

  it('is not refused for what another system refused in this boot', async () => {
    const other = { generation: { from: B, to: '/nix/store/c' }, refused: 'raid is degraded' };
    const { execution } = await rolledBack({
      acts: [{ ...SWITCH, refused: 'raid is degraded' }, change(other)],
    });
    expect(execution.plan?.approval).not.toContain('raid is degraded');
  });

  it('that found another switch under way leaves no trace in the book', async () => {
    const busy = (command: string): Ending =>
      command.includes(' switch') ? [1, 'Could not acquire lock\n'] : [0];
    const { execution, acts } = await rolledBack({ acts: [EARLIER], ends: busy });
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'in-transition' });
    expect(acts).toEqual([EARLIER]);
  });

  it('that fails on the way stays in the book and counts towards the limit of a day', async () => {
    const fails = (command: string): Ending =>
      command.includes(' switch') ? [4, 'activating the configuration...\n'] : [0];
    const first = await rolledBack({ ends: fails });
    expect(first.execution).toMatchObject({ outcome: 'failed' });
    expect(first.acts).toHaveLength(1);
    const next = await rolledBack({ acts: first.acts });
    expect(next.execution).toMatchObject({ outcome: 'skipped', blockedBy: 'budget' });
    expect(next.commands).toEqual([]);
  });
});

describe.concurrent('the undo of a change by the root helper', () => {
  const undo = { request: { parameters: { undo: true } } };

  it('goes back to the system before its own last change, beyond the limit of a day', async () => {
    const { execution, commands } = await rolledBack({ ...undo, acts: [change()] });
    expect(execution).toMatchObject({ outcome: 'executed' });
    expect(execution.plan?.generation).toMatchObject({ from: B, to: A });
    expect(commands[1]).toContain(`${A}/bin/switch-to-configuration switch`);
  });

  it.each<[string, readonly HelperAct[]]>([
    ['there is none', []],
    ['it was another action', [change({ action: 'restart_service' })]],
    ['it led to another system', [change({ generation: { from: B, to: A } })]],
    ['the system refused it', [change({ refused: 'raid is degraded' })]],
    ['it was an undo itself', [change({ undo: true })]],
  ])('is not possible when %s', async (_why, acts) => {
    const { execution, commands } = await rolledBack({ ...undo, acts });
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable' });
    expect(execution.error).toContain('no change of this library is on record');
    expect(commands).toEqual([]);
  });
});

describe.concurrent('the record of an engine, for a rollback by the root helper,', () => {
  it('is read where the policy names it', async () => {
    const asked: string[] = [];
    const record = (path: string) => (asked.push(path), unknown('it is torn'));
    const named = parsePolicy({
      ...{
        version: 1,
        actions: ['rollback_generation'],
        services: ['nginx'],
        record: '/var/lib/x/state.json',
      },
    });
    const { execution } = await rolledBack({ policy: named, record });
    expect(asked[0]).toBe('/var/lib/x/state.json');
    expect(execution.plan?.approval).toContain('it is torn');
  });

  it('is not read where the policy names none', async () => {
    const record = () => {
      throw new Error('it was read');
    };
    const { execution } = await rolledBack({ record });
    expect(execution.plan?.approval).toContain('the policy of the root helper names no `record`');
  });
});
