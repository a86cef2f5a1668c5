import { describe, expect, it, vi } from 'vitest';
import { SelfHealingError } from '../../src/base/errors.js';
import { digestOf, requestApproval } from '../../src/memory/approvals.js';
import { Ledger } from '../../src/memory/ledger.js';
import { EMPTY_STATE, recordOf, type GuardState, type Intent, type Undo } from '../../src/memory/state.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { Issue } from '../../src/model/issue.js';
import type { HealingAction, Plan } from '../../src/model/plan.js';
import { Recorder } from '../../src/repair/record.js';
import type { Ending } from '../../src/repair/result.js';
import { fakeClock, recordingLogger } from '../../src/testing/index.js';
import { issueOf, planOf, SWITCH_BACK, verdictOf } from '../make.js';
import { storeWithTurns } from './store-with-turns.js';

const BACK: HealingAction = {
  action: 'set_cpu_governor',
  parameters: { governors: { policy0: 'powersave' } },
};
const FULL = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

/** A recorder on a store whose writes take a turn of the event loop, and may fail. */
async function recording(
  state: Partial<GuardState> = {},
  { path, fails }: { readonly path?: string; readonly fails?: () => Error | undefined } = {},
) {
  const clock = fakeClock();
  const logger = recordingLogger();
  const store = storeWithTurns({ ...EMPTY_STATE, ...state, savedAt: clock.now() }, fails, path);
  const ledger = new Ledger({ store, clock, logger });
  await ledger.open(false);
  const acting = new Set<string>();
  const recorder = new Recorder({
    ...{ ledger, guards: DEFAULT_GUARDS, clock, logger, bootId: 'now', acting, healingEnabled: true },
  });
  return {
    recorder,
    ledger,
    acting,
    clock,
    kept: () => store.kept,
    words: () => logger.lines.map((line) => line.message),
  };
}

const repairOf = (issue: Partial<Issue> = {}, plan: Partial<Plan> = {}) => ({
  ...{ id: '7', issue: issueOf({ check: 'services', ...issue }), plan: planOf(plan) },
  ...{ before: [verdictOf({ component: 'nginx', value: 90 })], openChecks: [] },
});
const intent = (more: Partial<Intent> = {}): Intent => ({
  ...{ at: 1, component: 'nginx', action: 'restart_service', scope: 'host', bootId: 'now', ...more },
});
const undo = (more: Partial<Undo> = {}): Undo => ({
  ...{ at: 1, component: 'nginx', ...BACK, bootId: 'now', until: 0, ...more },
});
const failed: Ending = { outcome: 'failed', error: 'it broke' };

describe('the intent of a repair', () => {
  it('is on disk before the act, with what a later engine needs to judge it', async () => {
    const { recorder, ledger, acting, kept } = await recording();
    expect(await recorder.intent(repairOf(), 'x')).toBeUndefined();
    const expected = {
      ...{ at: ledger.now(), component: 'nginx', action: 'restart_service', scope: 'host' },
      ...{ bootId: 'now', id: '7', check: 'services' },
    };
    expect(kept().intents).toEqual([expected]);
    expect([...acting]).toEqual(['nginx']);
  });

  it('names the change of the system, so that a later engine knows which one was to run', async () => {
    const { recorder, kept } = await recording();
    await recorder.intent(repairOf({}, { generation: SWITCH_BACK }), 'x');
    expect(kept().intents).toMatchObject([{ generation: SWITCH_BACK }]);
  });

  it('keeps the intents of other components, uses the approval up and remembers what to undo', async () => {
    const plan = planOf({ restore: BACK });
    const digest = digestOf(plan);
    const asked = requestApproval(EMPTY_STATE, {
      ...{ digest, component: 'nginx', action: plan.action, reason: 'it is risky', askedAt: 0 },
    });
    const other = intent({ component: 'db' });
    const { recorder, ledger, kept } = await recording({ ...asked, intents: [other] });
    await recorder.intent(repairOf({}, { restore: BACK }), digest);
    expect(kept().approvals).toEqual([]);
    expect(kept().intents.map(({ component }) => component)).toEqual(['db', 'nginx']);
    expect(kept().undo).toEqual([undo({ at: ledger.now() })]);
  });

  it('of a plan that changes nothing to undo leaves the changes to undo as they are', async () => {
    const { recorder, kept } = await recording({ undo: [undo({ component: 'cpu' })] });
    await recorder.intent(repairOf(), 'x');
    expect(kept().undo).toEqual([undo({ component: 'cpu' })]);
  });

  it('that cannot be written blocks the act, and is forgotten with what it would have had to undo', async () => {
    const mine = undo({ at: 5, component: 'cpu' });
    const { recorder, ledger, acting } = await recording(
      { intents: [intent({ component: 'db' })], undo: [mine] },
      { fails: () => new Error('EIO') },
    );
    expect(await recorder.intent(repairOf({}, { restore: BACK }), 'x')).toEqual({
      reason: 'unavailable',
      sentence: 'The repair could not be recorded, so it is not carried out: EIO',
    });
    expect(ledger.state.intents).toEqual([intent({ component: 'db' })]);
    expect(ledger.state.undo).toEqual([mine]);
    expect([...acting]).toEqual([]);
  });

  it('blocks the act also when the store of somebody else rejects with no error', async () => {
    const { recorder, ledger } = await recording();
    vi.spyOn(ledger, 'write').mockRejectedValue(undefined);
    expect(await recorder.intent(repairOf(), 'x')).toMatchObject({ reason: 'unavailable' });
  });

  it('that cannot be written because another engine took the state over is blocked by it', async () => {
    const { recorder } = await recording({}, { fails: () => new SelfHealingError('locked', 'held by 7') });
    expect(await recorder.intent(repairOf(), 'x')).toEqual({ reason: 'locked', sentence: 'held by 7' });
  });

  it.each<[string, string, string | undefined, boolean]>([
    ['the disk', 'disk', '/var/lib/engine', true],
    ['its own file system', 'disk:/var', '/var/lib/engine', true],
    ['its own inodes', 'inodes:/var', '/var/lib/engine', true],
    ['the root file system', 'disk:/', '/var/lib/engine', true],
    ['another file system', 'disk:/home', '/var/lib/engine', false],
    ['a file system whose name only begins the same', 'disk:/va', '/var/lib/engine', false],
    ['a service', 'nginx', '/var/lib/engine', false],
    ['a component whose name only begins with disk', 'disks', '/var/lib/engine', false],
    ['the disk, where the state is no file', 'disk', undefined, false],
  ])(
    'that finds the disk full allows the cleaning of %s only if the state is on it',
    async (_which, component, path, goes) => {
      const { recorder, acting, words } = await recording({}, { ...(path && { path }), fails: () => FULL });
      const block = await recorder.intent(repairOf({ component }), 'x');
      expect(block === undefined).toBe(goes);
      expect(acting.has(component)).toBe(goes);
      if (goes)
        expect(words().at(-1)).toBe(
          `No space to record the repair of ${component}; it is carried out anyway`,
        );
    },
  );

  it('that fails for another reason blocks the cleaning of the disk with the state', async () => {
    const { recorder } = await recording({}, { path: '/var/lib/engine', fails: () => new Error('EROFS') });
    expect(await recorder.intent(repairOf({ component: 'disk' }), 'x')).toMatchObject({
      reason: 'unavailable',
    });
  });
});

describe('the end of a repair', () => {
  it('is on disk when it is recorded: the act, without its intent', async () => {
    const { recorder, ledger, acting, kept } = await recording({ intents: [intent()] });
    acting.add('nginx');
    await recorder.end(repairOf(), failed);
    expect(kept().intents).toEqual([]);
    expect(kept().acts).toEqual([
      {
        ...{ at: ledger.now(), component: 'nginx', action: 'restart_service', scope: 'host' },
        ...{ outcome: 'failed', words: 'it broke' },
      },
    ]);
    expect([...acting]).toEqual([]);
  });

  it('has the proof as its words where it was fixed', async () => {
    const { recorder, kept } = await recording({ intents: [intent()] });
    await recorder.end(repairOf(), { outcome: 'fixed', proof: 'it runs' });
    expect(kept().acts).toMatchObject([{ outcome: 'fixed', words: 'it runs' }]);
    expect(recordOf(kept(), 'nginx').fixed).toMatchObject({
      action: 'restart_service',
      check: 'services',
      bootId: 'now',
    });
  });

  it('that is pending leaves the intent open, for the cycle that sees the end of its job', async () => {
    const { recorder, acting, kept } = await recording({ intents: [intent()] });
    acting.add('nginx');
    await recorder.end(repairOf(), { outcome: 'pending', error: 'its job is running' });
    expect(kept().intents).toEqual([intent()]);
    expect(kept().acts).toEqual([]);
    expect([...acting]).toEqual([]);
  });

  it('of one that did not begin removes its own intent and its own undo, and records no act', async () => {
    const others = [intent({ component: 'db' }), intent({ scope: 'process' })];
    const kept = [undo({ component: 'cpu' })];
    const { recorder, ledger } = await recording({ intents: [intent(), ...others], undo: [undo(), ...kept] });
    await recorder.end(repairOf(), { outcome: 'skipped', block: { reason: 'paused', sentence: 'x' } });
    expect(ledger.state.intents).toEqual(others);
    expect(ledger.state.undo).toEqual(kept);
    expect(ledger.state.acts).toEqual([]);
  });

  it('keeps the undo of an act on the same component that began at another time', async () => {
    const other = intent({ scope: 'process', at: 2 });
    const { recorder, ledger } = await recording({ intents: [intent(), other], undo: [undo({ at: 2 })] });
    await recorder.end(repairOf(), { outcome: 'skipped', block: { reason: 'paused', sentence: 'x' } });
    expect(ledger.state.intents).toEqual([other]);
    expect(ledger.state.undo).toEqual([undo({ at: 2 })]);
  });

  it.each([
    ['before', [], [verdictOf({ value: 90 })]],
    ['after', [verdictOf({ value: 90 })], []],
  ])('of a resource that no check read %s is recorded', async (_when, before, after) => {
    const { recorder, kept } = await recording({ intents: [intent()] });
    const repair = { ...repairOf({ type: 'resource' }), before };
    await recorder.end(repair, { outcome: 'ineffective', error: 'x' }, { after });
    expect(kept().acts).toMatchObject([{ outcome: 'ineffective' }]);
  });

  it.each<[string, Partial<Issue>, number | undefined, number | undefined, unknown]>([
    ['gained nothing is useless', { type: 'resource' }, 90, 89.9, { action: 'restart_service', value: 89.9 }],
    ['gained enough is not useless', { type: 'resource' }, 90, 60, null],
    ['is of a service is not judged by its gain', { type: 'service' }, 90, 89.9, null],
    ['has no value before is not judged by its gain', { type: 'resource' }, undefined, 89.9, null],
    ['has no value after is not judged by its gain', { type: 'resource' }, 90, undefined, null],
  ])('that %s', async (_which, issue, before, after, useless) => {
    const { recorder, ledger } = await recording({ intents: [intent()] });
    const value = (number: number | undefined) =>
      verdictOf({ component: 'nginx', ...(number !== undefined && { value: number }) });
    const repair = { ...repairOf(issue), before: [value(before)] };
    await recorder.end(repair, { outcome: 'ineffective', error: 'x' }, { after: [value(after)] });
    expect(recordOf(ledger.state, 'nginx').useless).toEqual(useless);
  });

  it.each([
    ['that made it worse marks the system it went to as bad', true, '/nix/store/a'],
    ['that did not help marks no system as bad', false, undefined],
  ])('%s', async (_which, worse, path) => {
    const { recorder, ledger } = await recording({ intents: [intent({ generation: SWITCH_BACK })] });
    await recorder.end(repairOf(), { outcome: 'ineffective', error: 'nginx fails' }, { worse });
    const bad = Object.entries(ledger.state.generations.systems).filter(([, system]) => system.bad);
    expect(bad.map(([system]) => system)).toEqual(path === undefined ? [] : [path]);
  });

  it('that is not told whether it made things worse did not', async () => {
    const { recorder, ledger } = await recording({ intents: [intent({ generation: SWITCH_BACK })] });
    await recorder.end(repairOf(), { outcome: 'ineffective', error: 'nginx fails' });
    expect(ledger.state.generations.systems).toEqual({});
  });

  it('that cannot be written stays in memory, and is logged', async () => {
    const { recorder, ledger, kept, words } = await recording(
      { intents: [intent()] },
      { fails: () => new Error('EIO') },
    );
    await recorder.end(repairOf(), failed);
    expect(ledger.state.acts).toHaveLength(1);
    expect(kept().acts).toEqual([]);
    expect(words()).toEqual(['The result of a repair could not be recorded: EIO']);
  });

  it('is left to the next cycle for an act that goes on without this engine', async () => {
    const { recorder, ledger, acting } = await recording({ intents: [intent()] });
    acting.add('nginx').add('db');
    recorder.leaveOpen(issueOf());
    expect([...acting]).toEqual(['db']);
    expect(ledger.state.intents).toEqual([intent()]);
  });
});

describe('a repair that could not be planned', () => {
  const choice = {
    ...{ issue: issueOf(), action: { action: 'mend', parameters: {} }, rung: 0, attempts: [] },
  };

  it('is on disk as a failed act of this process', async () => {
    const { recorder, ledger, kept } = await recording();
    expect(await recorder.misfire(choice, 'no such pool')).toBeUndefined();
    expect(kept().acts).toEqual([
      {
        ...{ at: ledger.now(), component: 'nginx', action: 'mend', scope: 'process' },
        ...{ outcome: 'failed', words: 'no such pool' },
      },
    ]);
  });

  it('is not tried again before its backoff ends', async () => {
    const { recorder, ledger } = await recording();
    await recorder.misfire(choice, 'no such pool');
    const again = await recorder.misfire(choice, 'no such pool');
    expect(again).toMatchObject({ outcome: 'skipped', block: { reason: 'backoff' } });
    expect((again as { block: { sentence: string } }).block.sentence).toMatch(/ \(no such pool\)$/);
    expect(ledger.state.acts).toHaveLength(1);
  });
});
