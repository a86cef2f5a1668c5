import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { ApprovalRequest } from '../../src/memory/approvals.js';
import { memoryStore } from '../../src/memory/store.js';
import type { HealingAction } from '../../src/model/plan.js';
import { failedUnit, unitReading } from '../../src/testing/index.js';
import { benchOf, type BenchOptions } from '../make-engine.js';

const FAILED = { units: [failedUnit()] };
const ASKS: BenchOptions = { fake: { plan: () => ({ approval: 'A person has to decide' }) } };

describe('pause and resume', () => {
  it('stop all repairs for a reason while monitoring continues, until resumed', async () => {
    const bench = benchOf(FAILED);
    await bench.engine.pause('backup');
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'skipped', blockedBy: 'paused' });
    expect(result?.error).toContain('backup');
    expect(bench.executor.executed).toEqual([]);
    await bench.engine.resume('backup');
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ outcome: 'ineffective' }]);
  });

  it('block repairs until the last reason is removed', async () => {
    const bench = benchOf(FAILED);
    await bench.engine.pause('backup');
    await bench.engine.pause('upgrade');
    await bench.engine.resume('backup');
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'paused' }]);
  });

  it('refuse invalid arguments in one sentence', async () => {
    const { engine } = benchOf();
    await expect(engine.pause('')).rejects.toThrow('Expected `reason` to be a non-empty string');
    await expect(engine.resume('backup')).rejects.toThrow('Not paused for `backup`; nothing is paused');
  });
});

describe('an approval', () => {
  it('keeps its plan while another gate blocks the repair, and cannot be given while paused', async () => {
    const bench = benchOf(FAILED, ASKS);
    await bench.done(bench.engine.detectAndHeal());
    const [asked] = bench.engine.status().approvals;
    expect(asked?.plan).toMatchObject({ action: 'restart_service' });
    await bench.engine.pause('backup');
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'paused' }]);
    expect(bench.engine.status().approvals).toMatchObject([{ id: asked!.id, plan: asked!.plan }]);
    await expect(bench.engine.approve(asked!.id)).rejects.toThrow(
      `\`${asked!.id}\` was not approved, because repairs are paused (backup): resume them first`,
    );
    await bench.engine.resume('backup');
    bench.engine.healingEnabled = false;
    await bench.done(bench.engine.detectAndHeal());
    expect(bench.engine.status().approvals).toMatchObject([{ plan: asked!.plan }]);
    await expect(bench.engine.approve(asked!.id)).rejects.toThrow('healing is switched off');
    expect(bench.executor.executed).toEqual([]);
    expect(bench.engine.status().commands.map(({ command }) => command)).toEqual(['pause', 'resume']);

    bench.engine.healingEnabled = true;
    expect(await bench.done(bench.engine.approve(asked!.id))).toMatchObject({ outcome: 'ineffective' });
    expect(bench.executor.executed).toHaveLength(1);
  });

  it('can be rejected while paused', async () => {
    const bench = benchOf(FAILED, ASKS);
    await bench.done(bench.engine.detectAndHeal());
    await bench.engine.pause('backup');
    await bench.engine.reject(bench.engine.status().approvals[0]!.id);
    expect(bench.engine.status().approvals).toEqual([]);
  });

  it('shows its plan while the option `approve` has not answered yet', async () => {
    const bench = benchOf(FAILED, { ...ASKS, approve: () => new Promise<boolean>(() => undefined) });
    const asked = vi.fn();
    bench.engine.on('approval:asked', asked);
    void bench.engine.startMonitoring(1);
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    expect(bench.engine.status().approvals).toMatchObject([{ plan: { action: 'restart_service' } }]);
    await bench.done(bench.engine.close());
  });

  it('is requested by the option `approve` with the exact plan, which is executed at once', async () => {
    const asked: ApprovalRequest[] = [];
    const approve = (request: ApprovalRequest) => (asked.push(request), true);
    const bench = benchOf(FAILED, { ...ASKS, approve });
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ outcome: 'ineffective' }]);
    expect(asked).toMatchObject([
      {
        issue: { component: 'nginx' },
        plan: { action: 'restart_service' },
        reason: 'A person has to decide',
      },
    ]);
    expect(asked[0]!.lapsesAt.getTime() - bench.clock.now()).toBeLessThanOrEqual(900_000);
    expect(bench.executor.executed).toHaveLength(1);
  });

  it.each([
    ['no', () => false],
    ['no, by a promise', () => Promise.resolve(false)],
    ['a value other than true', () => 'yes' as never],
  ])('that is answered with %s executes nothing', async (_what, approve) => {
    const bench = benchOf(FAILED, { ...ASKS, approve });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'skipped', success: false });
    expect(bench.executor.executed).toEqual([]);
  });

  it('that is not answered does not block the stop of the engine', async () => {
    const bench = benchOf(FAILED, { ...ASKS, approve: () => new Promise<boolean>(() => undefined) });
    const asked = vi.fn();
    bench.engine.on('approval:asked', asked);
    const monitoring = bench.engine.startMonitoring(1);
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    await bench.done(bench.engine.close());
    await bench.done(monitoring);
  });

  it('that is not answered does not block the repair of others', async () => {
    const plan = ({ parameters }: HealingAction) =>
      parameters.service === 'nginx' ? { approval: 'Ask' } : {};
    const bench = benchOf(FAILED, { fake: { plan }, approve: () => new Promise<boolean>(() => undefined) });
    const asked = vi.fn();
    bench.engine.on('approval:asked', asked);
    void bench.engine.startMonitoring(1);
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    bench.host.setUnit('redis', failedUnit({ name: 'redis' }));
    await bench.clock.advance(1_000);
    await vi.waitFor(() =>
      expect(bench.executor.executed).toMatchObject([{ parameters: { service: 'redis' } }]),
    );
    void bench.engine.close();
  });

  it('that cannot be requested blocks the repair, and is reported', async () => {
    const approve = () => Promise.reject(new Error('the pager is down'));
    const bench = benchOf(FAILED, { ...ASKS, approve });
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'needs-approval' }]);
    expect(bench.logger.of('error').join()).toContain('the pager is down');
    expect(bench.executor.executed).toEqual([]);
  });

  it('is given with approve(id) without that option, and the plan is executed then', async () => {
    const bench = benchOf(FAILED, ASKS);
    const asked = vi.fn();
    bench.engine.on('approval:asked', ({ request }) => void asked(request.id));
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'needs-approval' }]);
    const [id] = asked.mock.calls[0] as [string];
    expect(await bench.done(bench.engine.approve(id))).toMatchObject({ outcome: 'ineffective' });
    expect(bench.executor.executed).toHaveLength(1);
  });

  it('has no effect if another gate blocks by then, because all gates are checked again', async () => {
    const bench = benchOf(FAILED, ASKS);
    let id = '';
    bench.engine.on('approval:asked', ({ request }) => (id = request.id));
    await bench.done(bench.engine.detectAndHeal());
    bench.host.setUnit('nginx', unitReading());
    expect(await bench.done(bench.engine.approve(id))).toMatchObject({ blockedBy: 'already-healthy' });
    expect(bench.executor.executed).toEqual([]);
  });

  it('is requested once, not in every cycle', async () => {
    const bench = benchOf(FAILED, ASKS);
    const asked = vi.fn();
    bench.engine.on('approval:asked', asked);
    for (let i = 0; i < 3; i += 1) await bench.done(bench.engine.detectAndHeal());
    expect(asked).toHaveBeenCalledOnce();
  });

  it('that was rejected is requested again only after the backoff', async () => {
    const bench = benchOf(FAILED, ASKS);
    const ids: string[] = [];
    bench.engine.on('approval:asked', ({ request }) => void ids.push(request.id));
    await bench.done(bench.engine.detectAndHeal());
    await bench.engine.reject(ids[0]!);
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'backoff' }]);
    await bench.clock.advance(70_000);
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'needs-approval' }]);
    expect(ids).toHaveLength(2);
  });

  it('is rejected automatically after 15 min', async () => {
    const bench = benchOf(FAILED, ASKS);
    let id = '';
    bench.engine.on('approval:asked', ({ request }) => (id = request.id));
    await bench.done(bench.engine.detectAndHeal());
    await bench.clock.advance(15 * 60_000);
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'backoff' }]);
    await expect(bench.engine.approve(id)).rejects.toThrow('No approval is waiting');
  });

  it('under an unknown id is refused, with the pending ids', async () => {
    const { engine } = benchOf();
    await expect(engine.approve('abc')).rejects.toThrow(
      'No approval is waiting under `abc`; none is waiting',
    );
    await expect(engine.reject('abc')).rejects.toThrow('No approval is waiting under `abc`; none is waiting');
  });

  it('is not requested in a dry run', async () => {
    const approve = vi.fn(() => true);
    const bench = benchOf(FAILED, { ...ASKS, approve, dryRun: true });
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([
      { outcome: 'skipped', blockedBy: 'needs-approval', plan: { action: 'restart_service' } },
    ]);
    expect(approve).not.toHaveBeenCalled();
  });
});

describe('the pacing of repairs', () => {
  it('blocks a repair that cannot be recorded: the caller gets an error, and the backoff stays', async () => {
    const memory = memoryStore();
    let fails = false;
    const state = {
      ...memory,
      save: (next: Parameters<typeof memory.save>[0]) =>
        fails ? Promise.reject(new Error('EIO: the disk is gone')) : memory.save(next),
    };
    const bench = benchOf({ units: [failedUnit()] }, { state });
    await bench.done(bench.engine.detectAndHeal());
    fails = true;
    await expect(bench.done(bench.engine.reset('nginx'))).rejects.toThrow('EIO');
    fails = false;
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'backoff' }]);
    await bench.done(bench.engine.reset('nginx'));
    expect(await bench.done(bench.engine.detectAndHeal())).not.toMatchObject([{ blockedBy: 'backoff' }]);
  });

  it('has no record of a reset that could not be saved', async () => {
    const memory = memoryStore();
    let fails = false;
    const save = (next: Parameters<typeof memory.save>[0]) =>
      fails ? Promise.reject(new Error('EIO: the disk is gone')) : memory.save(next);
    const bench = benchOf({ units: [failedUnit()] }, { state: { ...memory, save } });
    await bench.done(bench.engine.detectAndHeal());
    await bench.engine.reset('nginx', { by: 'uid 7' });
    fails = true;
    await expect(bench.engine.reset('nginx', { by: 'uid 8' })).rejects.toThrow('EIO');
    expect(bench.engine.status().commands).toMatchObject([{ command: 'reset', by: 'uid 7' }]);
  });

  it('backs off after an ineffective repair, opens the breaker after three, and closes it on reset', async () => {
    const bench = benchOf(FAILED);
    const round = async () => (await bench.done(bench.engine.detectAndHeal()))[0];
    const wait = (ms: number) => bench.clock.advance(ms);
    expect(await round()).toMatchObject({ outcome: 'ineffective' });
    expect(await round()).toMatchObject({ blockedBy: 'backoff' });
    await wait(70_000);
    expect(await round()).toMatchObject({ outcome: 'ineffective' });
    await wait(70_000);
    expect(await round()).toMatchObject({ blockedBy: 'backoff' });
    await wait(140_000);
    expect(await round()).toMatchObject({ outcome: 'ineffective' });
    expect(await round()).toMatchObject({ blockedBy: 'breaker-open' });
    expect(bench.executor.executed).toHaveLength(3);
    await bench.engine.reset('nginx');
    expect(await round()).toMatchObject({ outcome: 'ineffective' });
  });

  it('allows one attempt an hour after the breaker opened', async () => {
    const bench = benchOf(FAILED);
    const round = async () => (await bench.done(bench.engine.detectAndHeal()))[0];
    for (let i = 0; i < 3; i += 1) {
      await round();
      await bench.clock.advance(11 * 60_000);
    }
    expect(await round()).toMatchObject({ blockedBy: 'breaker-open' });
    await bench.clock.advance(60 * 60_000);
    expect(await round()).toMatchObject({ outcome: 'ineffective' });
    await bench.clock.advance(11 * 60_000);
    expect(await round()).toMatchObject({ blockedBy: 'breaker-open' });
    expect(bench.executor.executed).toHaveLength(4);
  });

  it('does not depend on jumps of the wall clock', async () => {
    const bench = benchOf(FAILED);
    await bench.done(bench.engine.detectAndHeal());
    bench.clock.jump(365 * 86_400_000);
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'backoff' }]);
  });

  it('applies to a unit under either of its spellings', async () => {
    const bench = benchOf(FAILED);
    const [issue] = await bench.engine.detector.detectIssues();
    await bench.done(bench.engine.healIssue(issue!));
    const spelled = { ...issue!, component: 'nginx.service' };
    expect(await bench.done(bench.engine.healIssue(spelled))).toMatchObject({ blockedBy: 'backoff' });
  });
});

describe('engine.explain()', () => {
  it('is empty without open issues', () => {
    expect(benchOf().engine.explain()).toEqual([]);
    expect(benchOf().engine.explain('nginx')).toEqual([]);
  });

  it('has the readings, the attempts, the block and the next step', async () => {
    const bench = benchOf(FAILED);
    for (let i = 0; i < 2; i += 1) await bench.done(bench.engine.detectAndHeal());
    for (const component of ['nginx', 'nginx.service', undefined]) {
      expect(bench.engine.explain(component)).toMatchObject([
        {
          component: 'nginx',
          blockedBy: 'backoff',
          breaker: 'closed',
          tried: [{ action: 'restart_service', outcome: 'ineffective' }],
        },
      ]);
    }
    const [{ text, next } = { text: '', next: '' }] = bench.engine.explain('nginx');
    expect(text).toContain('nginx.service has failed (exit-code)');
    expect(next).not.toBe('');
  });
});

describe('a command of an operator', () => {
  const stateFile = () => join(mkdtempSync(join(tmpdir(), 'commands-')), 'state.json');

  it('is recorded with its author in the state, in the log and in the status', async () => {
    const state = stateFile();
    const bench = benchOf(FAILED, { ...ASKS, state });
    const by = { by: 'uid 1000' };
    await bench.engine.pause('backup', by);
    await bench.engine.resume('backup', { by: 'dashboard token' });
    await bench.done(bench.engine.detectAndHeal());
    const [{ id } = { id: '' }] = bench.engine.status().approvals;
    await bench.engine.reject(id, by);
    await bench.engine.reset('nginx', by);
    await bench.engine.pause('by the program');
    const kept = [
      { command: 'pause', of: 'backup', by: 'uid 1000' },
      { command: 'resume', of: 'backup', by: 'dashboard token' },
      { command: 'reject', of: 'restart_service for nginx', by: 'uid 1000' },
      { command: 'reset', of: 'nginx', by: 'uid 1000' },
      { command: 'pause', of: 'by the program', by: 'the host program' },
    ];
    expect(bench.engine.status().commands).toMatchObject(kept);
    expect(bench.engine.status().pauses).toMatchObject([
      { reason: 'by the program', by: 'the host program' },
    ]);
    expect(bench.logger.lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['Command of uid 1000: pause: backup', 'Command of uid 1000: reset: nginx']),
    );
    await bench.engine.close();
    expect(JSON.parse(readFileSync(state, 'utf8'))).toMatchObject({ commands: kept });
    const next = benchOf(FAILED, { state });
    await next.done(next.engine.detectAndHeal());
    expect(next.engine.status().commands).toMatchObject(kept);
    await next.engine.close();
  });

  it('is one short line with at most 16 reasons for a pause: 1,500 attempts leave a small state', async () => {
    const state = stateFile();
    const bench = benchOf({}, { state });
    for (const reason of [
      'x'.repeat(201),
      'two\nlines',
      'esc \u001b[2J',
      'bidi \u202e',
      '',
      '   ',
      7 as never,
    ])
      await expect(bench.engine.pause(reason)).rejects.toThrow(/Expected `reason`/);
    for (const by of ['x'.repeat(101), 'two\nlines', ''])
      await expect(bench.engine.pause('backup', { by })).rejects.toThrow(/Expected `by`/);
    await expect(bench.engine.pause('backup', { who: 'me' } as never)).rejects.toThrow(/`who`/);
    let taken = 0;
    for (let n = 0; n < 1_500; n += 1)
      await bench.engine.pause(`${n} `.padEnd(200, 'x')).then(
        () => (taken += 1),
        () => undefined,
      );
    expect(taken).toBe(16);
    await expect(bench.engine.pause('one more')).rejects.toThrow('there are 16 reasons already');
    for (let n = 0; n < 200; n += 1) {
      await bench.engine.resume('0 '.padEnd(200, 'x'));
      await bench.engine.pause('0 '.padEnd(200, 'x'));
    }
    expect(bench.engine.status().commands).toHaveLength(50);
    await bench.engine.close();
    expect(statSync(state).size).toBeLessThan(40_000);
  });

  it('accepts a component as it is displayed, if it contains characters that cannot be typed', async () => {
    const checks = [
      {
        ...{ name: 'odd', component: 'part \u001b[2J', type: 'service' as const },
        run: () => ({ status: 'bad' as const, reason: 'it is' }),
      },
    ];
    const bench = benchOf({}, { checks });
    await bench.done(bench.engine.detectAndHeal());
    await expect(bench.engine.reset('part \\u001b[3J')).rejects.toThrow('Nothing is known');
    await bench.engine.reset('part \\u001b[2J');
    expect(bench.engine.status().commands).toMatchObject([{ command: 'reset', of: 'part \u001b[2J' }]);
    await bench.engine.close();
  });
});
