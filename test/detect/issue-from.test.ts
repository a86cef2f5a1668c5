import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import { healerOf } from '../../src/detect/healer.js';
import { issueFrom } from '../../src/detect/issue-from.js';
import { CheckRunner } from '../../src/detect/user-check.js';
import { UNNAMED_CHECK } from '../../src/model/built-in-checks.js';
import { Severity, type ComponentVerdict } from '../../src/model/issue.js';

const timestamp = new Date(Date.UTC(2025, 0, 1));
const verdict: ComponentVerdict = {
  ...{ status: 'bad', reason: 'it answered 502', check: 'http', component: 'web', type: 'service' },
};

describe('the issue of a bad verdict', () => {
  it('is HIGH with the value 0 and the threshold 0 by default, and has no key without a value', () => {
    const issue = issueFrom(verdict, timestamp);
    expect(issue).toStrictEqual({
      ...{ type: 'service', severity: Severity.HIGH, description: 'it answered 502', component: 'web' },
      ...{ metricValue: 0, threshold: 0, timestamp, check: 'http' },
    });
    expect(Object.isFrozen(issue)).toBe(true);
    expect(issueFrom({ ...verdict, check: UNNAMED_CHECK }, timestamp)).not.toHaveProperty('check');
  });

  it('has the numbers, the healing, the cause, the evidence and the log of the verdict', () => {
    const heals = { action: 'restart_web', parameters: {} };
    const [evidence, log] = [['Result=exit-code'], ['it crashed']];
    const more = { severity: Severity.LOW, value: 3, threshold: 2, heals, becauseOf: 'db.service' };
    const issue = issueFrom({ ...verdict, ...more, evidence, log }, timestamp);
    expect(issue).toMatchObject({
      ...{ severity: Severity.LOW, metricValue: 3, threshold: 2, heals, becauseOf: 'db.service' },
      ...{ evidence, log },
    });
    // Copies: the program may go on with its own lists.
    evidence.push('later');
    log.push('later');
    expect([issue.evidence, issue.log]).toEqual([['Result=exit-code'], ['it crashed']]);
    expect([Object.isFrozen(issue.evidence), Object.isFrozen(issue.log)]).toEqual([true, true]);
  });
});

describe('the name of the repair function of a check', () => {
  const nameOf = (heals: Check['heals']) =>
    healerOf(
      new CheckRunner({
        ...{ name: 'http', component: 'web', type: 'service', run: () => ({ status: 'ok', reason: '' }) },
        ...(heals === undefined ? {} : { heals }),
      }),
      () => 0,
    )?.name;

  it('is that of the function, or `heals` if it has none', () => {
    const [nameless] = [() => undefined];
    function restartWeb() {
      return undefined;
    }
    expect(nameOf(restartWeb)).toBe('restartWeb() of the check `http`');
    expect(nameOf(nameless)).toBe('heals() of the check `http`');
  });
});
