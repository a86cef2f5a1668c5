import { describe, expect, it, vi } from 'vitest';
import { defineAction, verifyByCheck, type VerifyContext } from '../../src/actions/define.js';
import { actionNamed, actionRegistry } from '../../src/actions/registry.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import type { UnitReading } from '../../src/model/unit.js';
import { failedUnit, fakeHost, unitReading } from '../../src/testing/index.js';
import { verdictOf } from '../make.js';
import { DEFINITION, verifyingOn } from './contexts.js';

const RESTARTING = { activeState: 'activating', subState: 'auto-restart' };

const contextOf = (more: Partial<VerifyContext> = {}): VerifyContext => verifyingOn({}, more);

describe('a proof by the check that found the issue', () => {
  const seen = (verdict: Partial<ComponentVerdict> | undefined) =>
    verifyByCheck({}, contextOf({ inspect: () => Promise.resolve(verdict && verdictOf(verdict)) }));

  it.each([
    ['fixed', 'it is ok', { status: 'ok', reason: 'all well' }],
    ['fixed', 'it is under the clearing level', { status: 'ok', value: 74, clearsAt: 75 }],
    [
      'ineffective',
      'the value is below the threshold but not below the clearing level',
      { status: 'ok', value: 76, clearsAt: 75 },
    ],
    ['ineffective', 'the check is still bad', { status: 'bad' }],
    ['unknown', 'the check cannot be read', { status: 'unknown' }],
    ['unknown', 'no check reads it', undefined],
  ] as const)('is %s when %s', async (status, _why, verdict) => {
    expect(await seen(verdict)).toMatchObject({ status });
  });

  it('waits for the settle time before it reads', async () => {
    const order: string[] = [];
    await verifyByCheck(
      {},
      contextOf({
        settle: () => Promise.resolve(void order.push('settle')),
        inspect: () => Promise.resolve(void order.push('inspect')),
      }),
    );
    expect(order).toEqual(['settle', 'inspect']);
  });
});

describe.each(['restart_service', 'reload_service'])('the proof of %s', (name) => {
  /** Reads the unit before and after the settle time. */
  const seen = async (first: UnitReading | { unknown: string }, second = first) => {
    const host = fakeHost({ units: 'unknown' in first ? first : [first] });
    const settle = vi.fn(() => Promise.resolve(host.set({ units: 'unknown' in second ? second : [second] })));
    const definition = await actionNamed(name, actionRegistry());
    const context = contextOf({ settle, read: (request) => Promise.resolve(host.read(request)) });
    const verification = await definition.verify(definition.parse({ service: 'nginx' }), context);
    return { ...verification, settled: settle.mock.calls.length };
  };

  it('is fixed when the unit is active and in the same run after the settle time', async () => {
    expect(await seen(unitReading())).toMatchObject({ status: 'fixed', settled: 1 });
  });

  it('is ineffective if the service died within the settle time and was restarted', async () => {
    const { status, reason } = await seen(unitReading(), unitReading({ invocationId: 'f'.repeat(32) }));
    expect({ status, reason }).toMatchObject({ status: 'ineffective' });
    expect(reason).toContain('died');
  });

  it.each([
    ['it failed within the settle time', unitReading(), failedUnit()],
    ['it is not active', failedUnit(), failedUnit()],
    ['it waits for its next automatic restart', unitReading(RESTARTING), undefined],
  ])('is ineffective when %s', async (_why, first, second) => {
    expect(await seen(first, second)).toMatchObject({ status: 'ineffective' });
  });

  it.each([
    ['it is still starting', { activeState: 'activating', subState: 'start' }],
    ['it is still stopping, with its restart job queued', { activeState: 'deactivating', job: 'restart' }],
    ['it is still reloading', { activeState: 'reloading', subState: 'reload' }],
  ])('is pending when %s', async (_why, state) => {
    expect(await seen(unitReading(state), undefined)).toMatchObject({ status: 'pending' });
  });

  it('is unknown when the unit cannot be read, before or after', async () => {
    expect(await seen({ unknown: 'no bus' })).toMatchObject({ status: 'unknown' });
    expect(await seen(unitReading(), { unknown: 'no bus' })).toMatchObject({ status: 'unknown' });
  });

  it('of a oneshot depends on its result', async () => {
    const oneshot = { type: 'oneshot', activeState: 'inactive', subState: 'dead' };
    expect(await seen(unitReading(oneshot))).toMatchObject({ status: 'fixed' });
    expect(await seen(unitReading({ ...oneshot, result: 'exit-code' }))).toMatchObject({
      status: 'ineffective',
    });
    expect(await seen(failedUnit({ type: 'oneshot' }))).toMatchObject({ status: 'ineffective' });
  });
});

describe('defineAction', () => {
  it('returns the definition', () => {
    expect(defineAction(DEFINITION)).toBe(DEFINITION);
  });

  it.each([
    [{ parse: undefined }, 'a method `parse`'],
    [{ verify: 'yes' }, 'a method `verify`'],
    [{ scope: 'hosts' }, 'did you mean `host`?'],
    [{ risk: undefined }, 'Unknown risk'],
    [{ timeoutMs: 0 }, 'Expected `action.timeoutMs` to be a number from 1 to 86400000, got `0` (number)'],
    [{ timeoutMs: Infinity }, 'Expected `action.timeoutMs`'],
    [{ settleMs: -1 }, 'Expected `action.settleMs`'],
  ])('refuses %o', (change, message) => {
    expect(() => defineAction({ ...DEFINITION, ...change } as never)).toThrow(message);
  });
});
