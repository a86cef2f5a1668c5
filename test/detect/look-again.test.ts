import { describe, expect, it, vi } from 'vitest';
import type { Detector } from '../../src/detect/detector.js';
import { lookAgain, verdictsOf, worstOf, worstVerdict } from '../../src/detect/look-again.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { issueOf, verdictOf } from '../make.js';

const of = (status: ComponentVerdict['status'], component = 'a', more: Partial<ComponentVerdict> = {}) =>
  verdictOf({ status, component, ...more });
const finder = (...issues: Parameters<typeof issueOf>[0][]): Detector => ({
  detectIssues: () => Promise.resolve(issues.map(issueOf)),
});

describe('the verdicts of a detector', () => {
  const verdicts = [of('ok')];
  const none = () => Promise.resolve([]);

  it('are those of `look`, synchronously, also if it has `inspect`', () => {
    const look = vi.fn(() => verdicts);
    const inspect = vi.fn(none);
    const request = { component: 'a' };
    expect(verdictsOf({ detectIssues: none, inspect, look }, request)).toBe(verdicts);
    expect(look).toHaveBeenCalledWith(request);
    expect(inspect).not.toHaveBeenCalled();
  });

  it('are those of `inspect` without `look`', async () => {
    const inspect = vi.fn(() => Promise.resolve(verdicts));
    const request = { component: 'a' };
    expect(await verdictsOf({ detectIssues: none, inspect }, request)).toBe(verdicts);
    expect(inspect).toHaveBeenCalledWith(request);
  });

  it('are its issues if it only finds these', async () => {
    const full = { check: 'mine', evidence: ['seen'], log: ['said'], heals: { action: 'x', parameters: {} } };
    const [plain, other] = await verdictsOf(finder({ severity: 2 }, full), {});
    const { description: reason, ...issue } = issueOf();
    expect(plain).toStrictEqual({
      ...{ status: 'bad', check: 'detector', component: 'nginx', type: 'service', severity: 2, reason },
      ...{ value: issue.metricValue, threshold: issue.threshold },
    });
    expect(other).toMatchObject(full);
  });
});

describe('a component that is read again', () => {
  const { signal } = new AbortController();
  const request = { component: 'a', check: 'mine', fresh: true, signal };

  it.each(['look', 'inspect'] as const)('has every verdict of `%s` for it', async (method) => {
    const verdicts = [of('ok'), of('bad', 'a/b')];
    const read = vi.fn(() => Promise.resolve(verdicts));
    const detector = { ...finder(), [method]: read };
    expect(await lookAgain(detector, request)).toEqual(verdicts);
    expect(read).toHaveBeenCalledWith(request);
  });

  it('is ok if a detector that only finds issues finds none of it', async () => {
    expect(await lookAgain(finder({ component: 'b' }), request)).toMatchObject([
      { status: 'ok', component: 'a' },
    ]);
    expect(await lookAgain(finder({ component: 'b' }, { component: 'a' }), request)).toMatchObject([
      { status: 'bad', component: 'a' },
    ]);
  });
});

describe('the worst verdict', () => {
  it.each([
    ['ok unknown bad', 'bad'],
    ['bad ok', 'bad'],
    ['bad unknown', 'bad'],
    ['ok unknown', 'unknown'],
    ['unknown ok', 'unknown'],
    ['ok ok', 'ok'],
  ] as const)('of %s is %s', (statuses, worst) => {
    const verdicts = statuses.split(' ').map((status) => of(status as ComponentVerdict['status']));
    expect(worstVerdict(verdicts)?.status).toBe(worst);
    expect(worstVerdict(verdicts)).toBe(verdicts.find(({ status }) => status === worst));
    expect([...worstOf(verdicts)]).toEqual([['a', worst]]);
  });

  it('is none of no verdicts, and one for each component', () => {
    expect([worstVerdict([]), worstOf([]).size]).toEqual([undefined, 0]);
    expect([...worstOf([of('bad'), of('ok', 'b')])]).toEqual([
      ['a', 'bad'],
      ['b', 'ok'],
    ]);
  });

  it('is unknown for what is ok but in transition, and bad for what is bad', () => {
    const transient = { transient: true as const };
    expect([...worstOf([of('ok', 'a', transient), of('bad', 'b', transient)])]).toEqual([
      ['a', 'unknown'],
      ['b', 'bad'],
    ]);
  });
});
