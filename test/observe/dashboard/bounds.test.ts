import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IssueType, Severity } from '../../../src/model/issue.js';
import { isLoopback } from '../../../src/observe/http/address.js';
import { cut, cutAll, headlineWith, shortName } from '../../../src/observe/dashboard/view/bounds.js';
import { CURVES, Hour } from '../../../src/observe/dashboard/view/hour.js';
import type { ReadingView } from '../../../src/observe/dashboard/view/view.js';
import { viewOf } from '../../../src/observe/dashboard/view/view-of.js';
import { benchOf } from '../../make-engine.js';

describe('the limits of a view', () => {
  test('cut a long text, give its length, and never split a character', () => {
    expect(cut('short')).toBe('short');
    expect(cut('x'.repeat(20_000))).toBe(`${'x'.repeat(1_000)}… (cut: 20,000 characters in all)`);
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.integer({ min: 4, max: 40 }),
        (text, limit) => {
          for (const made of [cut(text, limit), shortName(text, limit)])
            expect(() => encodeURIComponent(made)).not.toThrow();
          expect(shortName(text, limit).length).toBeLessThanOrEqual(Math.max(limit, 1));
        },
      ),
      { seed: 20_261_128, numRuns: 200 },
    );
  });

  test('cut a long list, and give the number of missing entries', () => {
    const made = cutAll(Array.from({ length: 100 }, (_, index) => `line ${index}`));
    expect(made).toHaveLength(41);
    expect(made.at(-1)).toBe('… (60 more)');
  });

  test('shorten names in a headline, and keep the full names', () => {
    const long = `disk:/${'a/'.repeat(100)}end`;
    const made = headlineWith({
      tone: 'bad',
      lead: '5 open issues',
      names: [long, 'b', 'c', 'd', 'e'],
      detail: '',
    });
    expect(made.sentence).toMatch(/^5 open issues: disk:\/[a/]+…[a/]+end, b, c and 2 more\.$/);
    expect(made.sentence.length).toBeLessThan(80);
    expect([made.names[0], made.more]).toEqual([long, 2]);
  });

  test('keep it small with 60 issues of 20 kB each', async () => {
    const bench = benchOf();
    await bench.engine.detectAndHeal();
    const issues = Array.from({ length: 60 }, (_, index) => ({
      type: IssueType.SERVICE,
      severity: Severity.HIGH,
      component: `unit-${index}`,
      description: 'x'.repeat(20_000),
      evidence: Array.from({ length: 1_000 }, () => 'a line'),
      timestamp: new Date(0),
    }));
    const explained = issues.map((issue) => ({
      ...{ component: issue.component, issue, openForMs: 1, tried: [], breaker: 'closed' as const },
      ...{ rootCauseUnknown: false, blockedBy: 'no-action' as const, blockedBecause: issue.description },
      ...{ effects: [], next: issue.description, text: issue.description },
    }));
    const { engine } = bench;
    const facts = {
      status: engine.status(),
      metrics: engine.getMetrics(),
      host: 'here',
      controls: false,
      logs: true,
    };
    const made = viewOf({ ...facts, explained: explained as never });
    expect(JSON.stringify(made).length).toBeLessThan(600_000);
    expect([made.issues.length, made.moreIssues]).toEqual([50, 10]);
    expect(made.issuesByType).toEqual({ resource: 0, service: 60, system: 0 });
  });
});

test('a bad reading gets a chart if all charts are taken by healthy ones', () => {
  const reading = (key: string, status: ReadingView['status'], value: number): ReadingView => ({
    ...{ key, component: key, label: key, status, value, threshold: 5, unit: '', reason: '' },
  });
  const hour = new Hour();
  const all = Array.from({ length: CURVES }, (_, index) => reading(`ok-${index}`, 'ok', 1));
  hour.add(0, all);
  hour.add(10_000, [...all, reading('late', 'bad', 9)]);
  expect(hour.of('late')?.values).toEqual([null, 9]);
  expect(hour.read().series).toHaveLength(CURVES);
  hour.add(20_000, [...all, reading('another', 'ok', 1)]);
  expect(hour.of('another')).toBeUndefined();
});

test.each([
  ...['127.0.0.1', '127.8.9.10', 'localhost', 'LOCALHOST', '::1', '[::1]', '0:0:0:0:0:0:0:1'],
  ...['0000:0000:0000:0000:0000:0000:0000:0001', '::ffff:127.0.0.1', '[::ffff:127.0.0.1]'],
])('the address %s is loopback', (host) => expect(isLoopback(host)).toBe(true));

test.each([
  ...[
    '0.0.0.0',
    '::',
    '[::]',
    '::2',
    '::10',
    '1::1',
    'fe80::1',
    '128.0.0.1',
    '127.0.0.1.example.org',
    '::1.example',
  ],
  ...['localhost.example.org', '', '[', '1', ':1'],
])('the address %s is not loopback', (host) => expect(isLoopback(host)).toBe(false));
