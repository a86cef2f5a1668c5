import { describe, expect, it } from 'vitest';
import { judged, notKnown, type Gauge } from '../../src/detect/gauge-verdict.js';
import { VerdictList } from '../../src/detect/verdict-list.js';
import type { ComponentVerdict } from '../../src/model/issue.js';

const GAUGE: Gauge = {
  ...{ check: 'disk', component: 'disk', type: 'resource' },
  severity: (value, threshold) => (value > threshold + 10 ? 4 : 3),
  clearsAt: (threshold) => threshold - 5,
  words: (measured) => JSON.stringify(measured),
};

describe('the verdict on a gauge', () => {
  it.each([
    [89.9, 'ok', 3],
    [90, 'ok', 3],
    [90.1, 'bad', 3],
    [100.1, 'bad', 4],
  ])('with the value %d and the threshold 90 is %s', (value, status, severity) => {
    expect(judged(GAUGE, undefined, value, 90)).toMatchObject({
      ...{ status, severity, value, threshold: 90, clearsAt: 85 },
      ...{ check: 'disk', component: 'disk', type: 'resource' },
    });
  });

  it('has all of its numbers in its reason, and its mount point in its component', () => {
    const verdict = judged(GAUGE, undefined, 95, 90, 5, 100, '/var', 7);
    expect(verdict.component).toBe('disk:/var');
    expect(JSON.parse(verdict.reason)).toEqual({
      ...{ value: 95, threshold: 90, left: 5, of: 100, which: '/var', besides: 7 },
    });
    expect(JSON.parse(judged(GAUGE, undefined, 95, 90).reason)).toEqual({
      ...{ value: 95, threshold: 90, left: 0, of: 0, which: '', besides: 0 },
    });
  });

  it('is the last one while nothing differs', () => {
    const last = judged(GAUGE, undefined, 95, 90, 5, 100, '/var', 7);
    expect(judged(GAUGE, last, 95, 90, 5, 100, '/var', 7)).toBe(last);
  });

  const numbers = [95, 90, 5, 100, '/var', 7] as const;
  it.each<
    [string, Gauge, Parameters<typeof judged> extends [unknown, unknown, ...infer Rest] ? Rest : never]
  >([
    ['gauge', { ...GAUGE }, [...numbers]],
    ['value', GAUGE, [96, 90, 5, 100, '/var', 7]],
    ['threshold', GAUGE, [95, 91, 5, 100, '/var', 7]],
    ['amount that is left', GAUGE, [95, 90, 6, 100, '/var', 7]],
    ['amount in all', GAUGE, [95, 90, 5, 101, '/var', 7]],
    ['mount point', GAUGE, [95, 90, 5, 100, '/srv', 7]],
    ['excluded amount', GAUGE, [95, 90, 5, 100, '/var', 8]],
  ])('is a new one for another %s', (_what, gauge, changed) => {
    const last = judged(GAUGE, undefined, ...numbers);
    const next = judged(gauge, last, ...changed);
    expect(next).not.toBe(last);
    expect(next).toEqual(judged(gauge, undefined, ...changed));
  });

  it('is a new one after another kind of verdict with the same fields', () => {
    const last = { ...judged(GAUGE, undefined, ...numbers) };
    expect(judged(GAUGE, last, ...numbers)).not.toBe(last);
  });
});

describe('the verdict on a gauge that could not be read', () => {
  const last = notKnown(GAUGE, undefined, 'gone', '/var');

  it('is frozen, and unknown with the reason', () => {
    expect(last).toEqual({
      ...{ check: 'disk', component: 'disk:/var', type: 'resource', status: 'unknown', reason: 'gone' },
    });
    expect(Object.isFrozen(last)).toBe(true);
    expect(notKnown(GAUGE, undefined, 'gone').component).toBe('disk');
  });

  it('is the last one only if its reason and component are the same', () => {
    expect(notKnown(GAUGE, last, 'gone', '/var')).toBe(last);
    expect(notKnown(GAUGE, last, 'busy', '/var')).toMatchObject({ component: 'disk:/var', reason: 'busy' });
    expect(notKnown(GAUGE, last, 'gone', '/srv')).toMatchObject({ component: 'disk:/srv', reason: 'gone' });
    const known: ComponentVerdict = { ...last, status: 'ok' };
    expect(notKnown(GAUGE, known, 'gone', '/var')).toMatchObject({ status: 'unknown' });
  });
});

describe('a list of verdicts', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((component): ComponentVerdict => ({
    ...{ check: 'mine', component, type: 'service', status: 'ok', reason: 'It is well' },
  })) as [ComponentVerdict, ComponentVerdict, ComponentVerdict, ComponentVerdict];
  const round = (list: VerdictList, verdicts: readonly ComponentVerdict[]) => {
    list.begin();
    for (const verdict of verdicts) list.add(verdict);
    return list.end();
  };
  const begun = () => {
    const list = new VerdictList();
    return { list, first: round(list, [a, b, c]) };
  };

  it('is frozen and the same while every verdict is', () => {
    const { list, first } = begun();
    expect(first).toEqual([a, b, c]);
    expect(Object.isFrozen(first)).toBe(true);
    expect(round(list, [a, b, c])).toBe(first);
    const empty = new VerdictList();
    expect(round(empty, [])).toBe(round(empty, []));
  });

  it.each<[string, readonly ComponentVerdict[]]>([
    ['another verdict at the start', [d, b, c]],
    ['another verdict in between', [a, d, c]],
    ['another verdict at the end', [a, b, d]],
    ['one verdict less', [a, b]],
    ['one verdict more', [a, b, c, d]],
    ['another order', [c, a, b]],
    ['none', []],
  ])('is a new frozen one with %s, and the old one stays as it is', (_what, verdicts) => {
    const { list, first } = begun();
    const next = round(list, verdicts);
    expect(next).toEqual(verdicts);
    expect(Object.isFrozen(next)).toBe(true);
    expect(first).toEqual([a, b, c]);
    expect(round(list, verdicts)).toBe(next);
  });

  it('tells the verdict that stood at the next place', () => {
    const { list } = begun();
    list.begin();
    const lasts = [a, d, c].map((verdict) => {
      const { last } = list;
      list.add(verdict);
      return last;
    });
    expect([...lasts, list.last]).toEqual([a, b, c, undefined]);
  });

  it('begins again after a round that was not ended', () => {
    const { list, first } = begun();
    list.begin();
    list.add(d);
    expect(round(list, [a, b, c])).toBe(first);
  });
});
