import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/memory/approvals.js';
import { EMPTY_STATE, FRESH_RECORD, type Act, type GuardState } from '../../src/memory/state.js';
import { DEFAULT_GUARDS as guards } from '../../src/model/guards.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { RecentActivity } from '../../src/report/recent.js';
import { statusOf, type StatusSources } from '../../src/report/status.js';
import { issueOf, NOW as DATE, planOf, verdictOf } from '../make.js';

const HOUR = 3_600_000;
/** Steady time, which differs from the wall clock. */
const NOW = 1_000 * HOUR;
const WALL = DATE.getTime();
const ago = (ms: number) => new Date(WALL - ms);

const saying = (...verdicts: readonly ComponentVerdict[]): RecentActivity => {
  const recent = new RecentActivity();
  recent.looked({ timestamp: DATE, verdicts, issues: [], detectionMs: 7 }, NOW - 3_000);
  return recent;
};
const status = (more: Partial<StatusSources> = {}, state: Partial<GuardState> = {}) =>
  statusOf({
    ...{
      closed: false,
      dryRun: false,
      healingEnabled: true,
      lockedBy: undefined,
      issues: [],
      times: {} as never,
    },
    ...{ monitoring: undefined, recent: new RecentActivity(), guards, lost: [], watched: [], actions: [] },
    ...{ inHand: () => false, now: NOW, wall: WALL, state: { ...EMPTY_STATE, ...state } },
    ...more,
  });
const component = (name: string, more: Partial<StatusSources> = {}, state: Partial<GuardState> = {}) =>
  status(more, state).components.find((one) => one.component === name);
const act = (more: Partial<Act> = {}): Act => ({
  ...{ at: NOW - 5_000, component: 'nginx', action: 'restart_service', scope: 'host' },
  ...{ outcome: 'fixed', words: 'it is well', ...more },
});

describe('the times in a status', () => {
  it('are ages in steady time, and dates of the wall clock', () => {
    const recent = saying();
    recent.failed(new Error('no bus'), NOW - 2_000);
    const found = status(
      {
        recent,
        monitoring: { intervalMs: 10, since: NOW - 4_000 },
        lost: [
          { component: 'cpu', check: 'cpu', reason: 'no file', listed: true, since: NOW - 6_000 } as never,
        ],
      },
      {
        acts: [act()],
        pauses: { backup: NOW - 7_000 },
        commands: [{ at: NOW - 8_000, name: 'pause' } as never],
        storm: { since: NOW - 9_000, lastFailure: NOW - 9_000 },
      },
    );
    expect(found).toMatchObject({
      timestamp: DATE,
      monitoring: { intervalMs: 10, forMs: 4_000 },
      pauses: [{ reason: 'backup', forMs: 7_000 }],
      commands: [{ name: 'pause', timestamp: ago(8_000) }],
      lastLook: { timestamp: DATE, agoMs: 3_000, detectionMs: 7 },
      lastFailure: { error: 'no bus', agoMs: 2_000 },
      lostReadings: [{ component: 'cpu', check: 'cpu', reason: 'no file', listed: true, forMs: 6_000 }],
      acts: [{ component: 'nginx', timestamp: ago(5_000) }],
      storm: { forMs: 9_000 },
    });
    expect(found.pauses[0]).not.toHaveProperty('by');
  });

  it('are absent before anything has happened', () => {
    const { commands: _, ...before } = EMPTY_STATE as GuardState & { commands?: unknown };
    expect(status({ state: before })).toMatchObject({
      ...{ monitoring: undefined, lastLook: undefined, lastFailure: undefined, storm: undefined },
      ...{ commands: [], verdicts: [], components: [], approvals: [] },
    });
  });
});

describe('a component in a status', () => {
  it('is one that is watched, has a verdict, an issue or a record', () => {
    const { components } = status(
      {
        watched: ['cpu', 'nginx'],
        recent: saying(verdictOf({ component: 'load' })),
        issues: [issueOf({ component: 'disk:/', type: 'resource' })],
      },
      { components: { redis: FRESH_RECORD } },
    );
    expect(components.map(({ component, type, issue }) => [component, type, issue])).toEqual([
      ['cpu', 'resource', false],
      ['nginx', 'service', false],
      ['load', 'resource', false],
      ['disk:/', 'resource', true],
      ['redis', undefined, false],
    ]);
  });

  it('has the worst of its verdicts', () => {
    const order = (...found: readonly ComponentVerdict['status'][]) =>
      component('cpu', { recent: saying(...found.map((status) => verdictOf({ status }))) })?.status;
    expect(order('ok', 'unknown', 'bad')).toBe('bad');
    expect(order('bad', 'unknown', 'ok')).toBe('bad');
    expect(order('unknown', 'ok')).toBe('unknown');
    expect(order('ok')).toBe('ok');
  });

  it('has the type of the later one of two equally bad verdicts', () => {
    const recent = saying(verdictOf(), verdictOf({ type: 'system' }));
    expect(component('cpu', { recent })?.type).toBe('system');
  });

  it('is unknown if it is a unit and no unit can be read', () => {
    const watched = ['cpu', 'nginx'];
    const services = (found: ComponentVerdict['status']) => ({
      watched,
      recent: saying(verdictOf({ component: 'services', status: found })),
    });
    expect(component('nginx', services('unknown'))?.status).toBe('unknown');
    expect(component('cpu', services('unknown'))?.status).toBeUndefined();
    expect(component('nginx', services('ok'))?.status).toBeUndefined();
    expect(component('nginx', { watched })?.status).toBeUndefined();
  });

  it('has its breaker with the remaining time, and whether it needs a person', () => {
    const breakerOf = (breakerUntil: number | null, needsHumanSince: number | null = null) => {
      const record = { ...FRESH_RECORD, failures: 3, breakerUntil, needsHumanSince };
      return component('nginx', { inHand: (name) => name === 'nginx' }, { components: { nginx: record } });
    };
    expect(breakerOf(NOW + 9)).toMatchObject({ breaker: 'open', breakerForMs: 9, needsHuman: false });
    expect(breakerOf(NOW)).toMatchObject({ breaker: 'half-open', breakerForMs: undefined, failures: 3 });
    expect(breakerOf(null, 5)).toMatchObject({ breaker: 'closed', needsHuman: true, inHand: true });
  });
});

describe('the approvals in a status', () => {
  it('are those that wait, with their plan and remaining time', () => {
    const plan = planOf();
    const recent = new RecentActivity();
    recent.asked(plan);
    const request = (more: object) => ({
      ...{
        id: 'a',
        digest: digestOf(plan),
        component: 'nginx',
        action: 'restart_service',
        reason: 'It is late',
      },
      ...{ askedAt: NOW - 1_000, answer: 'waiting', ...more },
    });
    const approvals = [
      request({}),
      request({ id: 'b', digest: 'another', askedAt: NOW - 2 * guards.approval.lapseMs }),
      request({ id: 'c', answer: 'yes' }),
    ] as never;
    expect(status({ recent }, { approvals }).approvals).toMatchObject([
      { id: 'a', askedAgoMs: 1_000, lapsesInMs: guards.approval.lapseMs - 1_000, plan },
      { id: 'b', lapsesInMs: 0, plan: undefined },
    ]);
  });
});

describe('the budget in a status', () => {
  it('counts the acts of the last hour by their scope, and changes of the generation of the last day', () => {
    const acts = [
      act({ at: NOW - HOUR }),
      act({ at: NOW - HOUR + 1 }),
      act({ scope: 'process' }),
      act({ at: NOW - 23 * HOUR, action: 'rebuild_system' }),
      act({ at: NOW - 24 * HOUR, action: 'rebuild_system' }),
    ];
    const { budget } = status({}, { acts });
    expect([budget.host.used, budget.process.used, budget.generations.used]).toEqual([1, 1, 1]);
  });
});

describe('the counts in a status', () => {
  it('have each action that can be carried out or was tried, and each gate', () => {
    const recent = new RecentActivity();
    recent.ended({
      ...{ id: '1', issue: issueOf(), actionTaken: 'mine', durationMs: 1, timestamp: DATE, dryRun: false },
      ...{ outcome: 'failed', success: false, error: 'No' },
      attempts: [{ action: 'mine', outcome: 'failed', durationMs: 1 } as never],
    });
    recent.ended({
      ...{ id: '2', issue: issueOf(), actionTaken: 'mine', durationMs: 1, timestamp: DATE, dryRun: false },
      ...{ outcome: 'skipped', success: false, error: 'Wait', blockedBy: 'backoff', attempts: [] },
    });
    const { actions, blocked } = status({ recent, actions: ['own'] });
    expect([...new Set(actions.map(({ action }) => action))]).toEqual(['own', 'mine']);
    expect(actions.filter(({ count }) => count > 0)).toEqual([
      { action: 'mine', outcome: 'failed', count: 1 },
    ]);
    expect(blocked).toMatchObject({ backoff: 1, storm: 0 });
  });
});
