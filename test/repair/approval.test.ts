import { describe, expect, it } from 'vitest';
import { SelfHealingError } from '../../src/base/errors.js';
import { approvalOf, digestOf } from '../../src/memory/approvals.js';
import { Ledger } from '../../src/memory/ledger.js';
import { EMPTY_STATE } from '../../src/memory/state.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { askFor, type ApprovalSources } from '../../src/repair/approval.js';
import type { EngineEvents } from '../../src/report/events.js';
import { fakeClock, recordingLogger } from '../../src/testing/index.js';
import { issueOf, planOf } from '../make.js';
import { storeWithTurns } from './store-with-turns.js';

const PLAN = planOf({ approval: 'it stops db' });
const DIGEST = digestOf(PLAN);
const CHOICE = { issue: issueOf(), action: PLAN, plan: PLAN, digest: DIGEST, rung: 0, attempts: [] };
const { lapseMs } = DEFAULT_GUARDS.approval;

/** Asks for the approval of a plan, of a program that answers, and lets the time pass until it is answered. */
async function asking(
  approve?: (controller: AbortController) => unknown,
  { fails, twice = false }: { fails?: (ledger: Ledger) => Error | undefined; twice?: boolean } = {},
) {
  const clock = fakeClock();
  const logger = recordingLogger();
  const store = storeWithTurns({ ...EMPTY_STATE, savedAt: clock.now() }, () => fails?.(ledger));
  const ledger: Ledger = new Ledger({ store, clock, logger });
  await ledger.open(false);
  const asked: unknown[] = [];
  const controller = new AbortController();
  const sources: ApprovalSources = {
    ...{ ledger, guards: DEFAULT_GUARDS, clock, logger },
    approve: approve && (() => approve(controller) as Promise<boolean>),
    asked: () => undefined,
    emit: (_name, event) => {
      const { request } = event as EngineEvents['approval:asked'];
      asked.push({ ...request, onDisk: store.kept.approvals.length });
    },
    signal: controller.signal,
  };
  const ask = () => askFor(issueOf(), { plan: PLAN, digest: DIGEST }, sources);
  let error: unknown;
  const waiting = ask().catch((thrown: unknown) => (error = thrown));
  await clock.advance(0);
  // The timer keeps the process alive, so it is a sleeper.
  while (clock.sleepers > 0) await clock.advance(lapseMs);
  await waiting;
  if (twice) await ask();
  const approval = () => approvalOf(store.kept, DIGEST);
  return {
    asked,
    approval,
    ledger,
    error,
    words: logger.lines.map(({ message }) => message),
    now: clock.now(),
  };
}

describe('a request for approval', () => {
  it('is on disk before it is announced, and lapses after a quarter of an hour', async () => {
    const { asked, approval, words } = await asking();
    expect(words).toEqual([]);
    const lapsesAt = new Date(Date.UTC(2025, 0, 1) + lapseMs);
    expect(asked).toEqual([
      { id: DIGEST.slice(0, 8), issue: CHOICE.issue, plan: PLAN, reason: 'it stops db', lapsesAt, onDisk: 1 },
    ]);
    expect(approval()).toMatchObject({
      ...{ digest: DIGEST, component: 'nginx', action: 'restart_service' },
      ...{ reason: 'it stops db', answer: 'waiting' },
    });
  });

  it('is made once for a plan', async () => {
    expect((await asking(undefined, { twice: true })).asked).toHaveLength(1);
  });

  it('is not announced if it was removed while it was written', async () => {
    const { asked, error } = await asking(undefined, {
      fails: (ledger) => void ledger.note((state) => ({ ...state, approvals: [] })),
    });
    expect(asked).toEqual([]);
    expect(error).toBeUndefined();
  });

  it('that cannot be recorded is not announced, and is made again in the next cycle', async () => {
    const { asked, ledger, error } = await asking(undefined, { fails: () => new Error('EIO') });
    expect(error).toMatchObject({ message: 'EIO' });
    expect(asked).toEqual([]);
    expect(ledger.state.approvals).toEqual([]);
  });
});

describe('the answer of `approve`', () => {
  it('yes is on disk as the approval of that plan', async () => {
    expect((await asking(async () => true)).approval()?.answer).toBe('yes');
  });

  it('no is on disk as a rejection: the plan waits for its backoff', async () => {
    const { approval, ledger, words } = await asking(async () => false);
    expect(approval()?.answer).not.toBe('yes');
    expect(ledger.state.components['nginx']?.backoff).toHaveProperty('restart_service');
    expect(words).toEqual([]);
  });

  it('that does not come in time is a rejection', async () => {
    const { approval, ledger, now } = await asking(() => new Promise(() => undefined));
    expect(approval()?.answer).not.toBe('yes');
    expect(ledger.state.components['nginx']?.backoff).toHaveProperty('restart_service');
    expect(now).toBe(Date.UTC(2025, 0, 1) + lapseMs);
  });

  it.each<[string, (controller: AbortController) => unknown, string | undefined]>([
    ['undefined', async () => undefined, undefined],
    [
      'interrupted because the engine is stopped',
      (controller) => (controller.abort(), new Promise(() => undefined)),
      undefined,
    ],
    ['thrown', () => Promise.reject(new Error('the page is down')), 'the page is down'],
    [
      'an error of the library for another reason',
      () => Promise.reject(new SelfHealingError('closed', 'it was closed')),
      'it was closed',
    ],
    [
      'no boolean',
      async () => 'yes',
      'Expected `the answer of `approve`` to be true or false, got `"yes"` (string)',
    ],
  ])('that is %s leaves the request open', async (_what, approve, words) => {
    const { approval, words: logged } = await asking(approve);
    expect(approval()?.answer).toBe('waiting');
    expect(logged).toEqual(words === undefined ? [] : [`\`approve\` failed for nginx: ${words}`]);
  });
});
