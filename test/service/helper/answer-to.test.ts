import { describe, expect, it } from 'vitest';
import { SelfHealingError } from '../../../src/base/errors.js';
import type { HelperRequest } from '../../../src/execute/helper-protocol.js';
import { digestOf } from '../../../src/memory/approvals.js';
import { unknown } from '../../../src/model/reading.js';
import type { ActBook } from '../../../src/service/helper/act-book.js';
import { answerTo, type AnswerSources } from '../../../src/service/helper/answer-to.js';
import type { HelperAct } from '../../../src/service/helper/limits.js';
import { parsePolicy } from '../../../src/service/helper/policy.js';
import { failedUnit, fakeHost } from '../../../src/testing/index.js';

const NOW = { at: Date.UTC(2025, 0, 1), boot: 'a', upMs: 3_600_000 };
const RESTART: HelperRequest = {
  ...{ version: 1, do: 'execute', action: 'restart_service', parameters: { service: 'nginx' } },
};
const policy = (more: object = {}) =>
  parsePolicy({ version: 1, actions: ['restart_service'], services: ['nginx'], ...more });

/** Answers a request with a book in memory. The signal is aborted: no step is started on the machine of the tests. */
async function answered(
  request: Partial<HelperRequest>,
  {
    acts = [],
    book = {},
    ...more
  }: Omit<Partial<AnswerSources>, 'book'> & {
    readonly acts?: readonly HelperAct[];
    readonly book?: Partial<ActBook>;
  } = {},
) {
  const log: string[] = [];
  let kept = acts;
  const approvals: unknown[] = [];
  const execution = await answerTo(
    { ...RESTART, ...request },
    {
      policy: policy(),
      host: fakeHost({ units: [failedUnit({ name: 'nginx' })] }),
      book: {
        read: () => kept,
        write: async (next) => {
          log.push('write');
          kept = next;
        },
        lock: async () => void log.push('lock'),
        release: async () => void log.push('release'),
        ...book,
      },
      approvals: {
        add: async (approval) => void approvals.push(approval),
        find: () => undefined,
        take: () => undefined,
      },
      ...{ uid: 1_000, asks: 'engine', record: () => unknown('there is none'), now: () => NOW },
      planWithin: new AbortController().signal,
      signal: AbortSignal.abort(),
      ...more,
    },
  );
  return { execution, log, acts: kept, approvals };
}

const act = (more: Partial<HelperAct> = {}): HelperAct => ({
  ...{ ...NOW, action: 'restart_service', targets: ['nginx.service'], ...more },
});

describe('a request to the root helper', () => {
  it('to execute holds the lock from before the plan until after the act is recorded', async () => {
    const { execution, log, acts } = await answered({});
    expect(log).toEqual(['lock', 'write', 'release']);
    expect(acts).toEqual([act()]);
    expect(execution).toMatchObject({ outcome: 'failed', dryRun: false });
    expect(execution.error).toContain('Stopped before');
  });

  it('to plan takes no lock, and records nothing', async () => {
    const { execution, log, acts } = await answered({ do: 'plan' });
    expect(log).toEqual(['release']);
    expect(acts).toEqual([]);
    expect(execution).toMatchObject({ outcome: 'planned', dryRun: true });
  });

  it('to execute does nothing while another helper holds the lock', async () => {
    const lock = () => Promise.reject(new SelfHealingError('locked', 'held by 7'));
    const { execution, log } = await answered({}, { book: { lock } });
    expect(log).toEqual(['release']);
    expect(execution).toMatchObject({
      ...{ outcome: 'skipped', blockedBy: 'in-flight', steps: [] },
      error: 'Another root helper is at work: nothing was done',
    });
  });

  it('fails with the reason when the lock cannot be taken at all', async () => {
    const lock = () => Promise.reject(new Error('the folder is not owned by root'));
    const { execution } = await answered({}, { book: { lock } });
    expect(execution).toMatchObject({ outcome: 'failed', error: 'the folder is not owned by root' });
  });

  it('for an action that the policy does not list is refused before anything is read', async () => {
    const { execution, log } = await answered({ action: 'rebuild_system', parameters: {} });
    expect(log).toEqual(['release']);
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'not-allowed' });
    expect(execution.error).toContain('does not list `rebuild_system`');
  });

  it('for a unit that the policy does not list names the policy of the helper', async () => {
    const { execution } = await answered({}, { policy: policy({ services: ['redis'] }) });
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'not-allowed' });
    expect(execution.error).toMatch(/^By the policy of the root helper: /);
  });

  it('for any failed unit is accepted under a policy without a list of units', async () => {
    const { execution, log } = await answered({}, { policy: policy({ services: 'failed' }) });
    expect(log).toEqual(['lock', 'write', 'release']);
    expect(execution).toMatchObject({ outcome: 'failed' });
  });

  it('for a service does not read the record of an engine', async () => {
    const record = () => {
      throw new Error('it was read');
    };
    const { log } = await answered({}, { policy: policy({ record: '/var/lib/x/state.json' }), record });
    expect(log).toContain('write');
  });

  it('for a protected unit is refused without naming the policy, which cannot allow it', async () => {
    const { execution } = await answered(
      { parameters: { service: 'sshd' } },
      { policy: policy({ services: ['sshd'] }), host: fakeHost({ units: [failedUnit({ name: 'sshd' })] }) },
    );
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'protected' });
    expect(execution.error).not.toContain('By the policy');
  });
});

describe('the book of the root helper', () => {
  it('that cannot be read blocks every act', async () => {
    const read = () => {
      throw new Error('it is not as it was written');
    };
    const { execution, log } = await answered({}, { book: { read } });
    expect(log).toEqual(['lock', 'release']);
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable' });
    expect(execution.error).toBe(
      'The root helper cannot read what it has done lately, and so does nothing: it is not as it was written',
    );
  });

  it('that cannot be written blocks the act', async () => {
    const write = () => Promise.reject(new Error('ENOSPC'));
    const { execution } = await answered({}, { book: { write } });
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable', steps: [] });
    expect(execution.error).toContain(
      'cannot write down what it is about to do, and so does nothing: ENOSPC',
    );
  });

  it('counts the acts of an earlier boot by the wall clock, and forgets those of two days ago', async () => {
    const DAY = 86_400_000;
    const old = act({ at: NOW.at - 2 * DAY, boot: 'z', upMs: 0 });
    const recent = act({ at: NOW.at - DAY / 2, boot: 'z', upMs: 0, targets: ['redis.service'] });
    const { acts } = await answered({}, { acts: [old, recent] });
    expect(acts).toEqual([recent, act()]);
  });

  it('spends its budget: the acts on a unit in the last hour', async () => {
    const { execution } = await answered(
      {},
      { acts: [act(), act(), act(), act(), act(), act(), act(), act(), act(), act()] },
    );
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'budget' });
  });
});

describe('a plan that the root helper is asked to carry out by its fingerprint', () => {
  it('is refused when it would be another by now, and accepted when it is the same', async () => {
    const { execution: planned } = await answered({ do: 'plan' });
    const digest = digestOf(planned.plan!);
    const same = await answered({ digest });
    expect(same.log).toContain('write');
    const other = await answered({ digest: '0'.repeat(64) });
    expect(other.log).toEqual(['lock', 'release']);
    expect(other.execution).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable' });
    expect(other.execution.error).toContain('would do something else for `restart_service` by now');
  });

  it('cannot be approved by a person when it needs no approval', async () => {
    const { execution: planned } = await answered({ do: 'plan' });
    const { execution, approvals } = await answered(
      { do: 'approve', digest: digestOf(planned.plan!) },
      { asks: 'person' },
    );
    expect(approvals).toEqual([]);
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable' });
    expect(execution.error).toContain('`restart_service` needs no approval as it is planned now');
  });
});
