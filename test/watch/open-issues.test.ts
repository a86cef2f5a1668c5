import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { ComponentVerdict, Issue } from '../../src/model/issue.js';
import { OpenIssues } from '../../src/watch/open-issues.js';
import { verdictOf } from '../make.js';

const { lasting } = DEFAULT_GUARDS;
const never = (): boolean => false;
const of = (component: string, status: ComponentVerdict['status'], more: Partial<ComponentVerdict> = {}) =>
  verdictOf({ check: 'services', type: 'service', component, status, ...more });

const bad = (component: string) => of(component, 'bad');
const ok = (component: string) => of(component, 'ok');
const logs = (open: OpenIssues) => open.issues.map(({ component, log }) => [component, log]);

it('an open issue keeps its log even if another component is read while that log is read', () => {
  const open = new OpenIssues();
  const { opened } = open.watch([bad('a'), bad('b'), ok('c')], new Date(0), 0, undefined, never);
  open.watch([ok('c')], new Date(1), 1, lasting, never, new Set(['c']));
  open.keep(opened[0]!, ['a says']);
  open.watch([bad('a'), bad('b'), bad('c')], new Date(2), 2, undefined, never);
  open.keep(opened[1]!, ['b says']);
  expect(logs(open)).toEqual([
    ['a', ['a says']],
    ['b', ['b says']],
    ['c', undefined],
  ]);
});

it('an open issue gets its log only if it is still the open one', () => {
  const open = new OpenIssues();
  const { opened } = open.watch([bad('a')], new Date(0), 0, undefined, never);
  open.clear('a');
  open.watch([bad('a')], new Date(0), 1, undefined, never);
  open.keep(opened[0]!, ['of the time before']);
  expect(logs(open)).toEqual([['a', undefined]]);
});

describe('the open issues', () => {
  const at = new Date(1_000);
  const open = () => new OpenIssues();
  /** Issues of two checks of `a`, and of `b`. */
  const openThree = () => {
    const issues = open();
    issues.watch(
      [of('a', 'bad'), of('a', 'bad', { check: 'mine' }), of('b', 'bad')],
      at,
      0,
      undefined,
      never,
    );
    return issues;
  };

  it('are calm until something is bad, and again once it has cleared', () => {
    const issues = open();
    expect(issues.calm).toBe(true);
    issues.watch([verdictOf({ check: 'cpu' })], at, 0, lasting, never);
    expect([issues.calm, issues.issues]).toEqual([false, []]);
    issues.watch([verdictOf({ check: 'cpu', status: 'ok' })], at, 0, lasting, never);
    expect(issues.calm).toBe(true);
  });

  it('tell what opened, cleared and is gone', () => {
    const issues = open();
    const names = (list: readonly { readonly issue: Issue }[]) => list.map(({ issue }) => issue.component);
    const first = issues.watch([of('a', 'bad'), of('b', 'bad'), of('c', 'bad')], at, 5, undefined, never);
    expect([names(first.opened), first.cleared, first.gone]).toEqual([['a', 'b', 'c'], [], []]);
    const next = issues.watch([of('a', 'bad'), of('b', 'ok')], new Date(2_000), 6, undefined, never);
    expect([names(next.opened), names(next.cleared), names(next.gone)]).toEqual([[], ['b'], ['c']]);
    expect(issues.issues).toMatchObject([{ component: 'a', timestamp: at }]);
    expect(issues.about('a')).toMatchObject([{ since: 5 }]);
    expect(issues.verdicts.map(({ component }) => component)).toEqual(['a']);
  });

  it.each([
    [undefined, 50],
    [400, -550],
    [1_000, 50],
    // A clock that was set back: not in the future.
    [1_500, 50],
  ])('are bad since the time that their source says: %s', (since, steady) => {
    const issues = open();
    const given = since === undefined ? {} : { since };
    issues.watch([of('a', 'bad', given)], at, 50, undefined, never);
    expect(issues.about('a')).toMatchObject([{ since: steady }]);
  });

  it('are found by component, by check, and by what is bad now', () => {
    const issues = openThree();
    expect(issues.checksOf('a')).toEqual(['services', 'mine']);
    expect(issues.checksOf('x')).toEqual([]);
    const bad = issues.badNow([of('a', 'ok'), of('b', 'bad'), of('a', 'bad', { type: 'system' })]);
    expect(bad.map(({ component }) => component)).toEqual(['b']);
  });

  it('change only where a look at single components looked', () => {
    const issues = open();
    issues.watch([of('a', 'bad'), of('b', 'bad')], at, 0, undefined, never);
    const turn = issues.watch([of('a', 'ok')], at, 1, lasting, never, new Set(['a']));
    expect(turn).toMatchObject({ opened: [], cleared: [{ issue: { component: 'a' } }], gone: [] });
    expect(issues.issues.map(({ component }) => component)).toEqual(['b']);
    const held = issues.watch([of('b', 'ok')], at, 1, lasting, () => true, new Set(['b']));
    expect(held.cleared).toEqual([]);
  });

  it('of a proven component are cleared at once, all of them', () => {
    const issues = openThree();
    expect(issues.clear('a')).toHaveLength(2);
    expect(issues.issues.map(({ component }) => component)).toEqual(['b']);
    issues.clear('b');
    expect(issues.calm).toBe(true);
  });

  it('have the log lines that were read when they opened, after those of their check', () => {
    const issues = open();
    const verdicts = [of('a', 'bad', { evidence: ['seen'], log: ['said'] }), of('b', 'bad')];
    const { opened } = issues.watch(verdicts, at, 0, undefined, never);
    issues.keep(opened[0]!, ['line']);
    const [a, b] = issues.issues;
    expect(a).toMatchObject({ evidence: ['seen', 'line'], log: ['said', 'line'] });
    expect([a, a!.evidence, a!.log].every(Object.isFrozen)).toBe(true);
    expect(b).not.toHaveProperty('log');
    issues.watch(verdicts, new Date(9_000), 1, undefined, never);
    expect(issues.issues[0]).toMatchObject({ log: ['said', 'line'] });
  });

  it('of other components stay after a repair was proven, also in a look at its component only', () => {
    const issues = openThree();
    issues.clear('a');
    expect(issues.verdicts.map(({ component }) => component)).toEqual(['b']);
    const turn = issues.watch([of('a', 'ok')], at, 1, lasting, never, new Set(['a']));
    expect(turn).toEqual({ opened: [], cleared: [], gone: [] });
    expect(issues.issues.map(({ component }) => component)).toEqual(['b']);
  });
});
