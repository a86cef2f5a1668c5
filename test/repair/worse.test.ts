import { describe, expect, it } from 'vitest';
import { defineAction, verifyByCheck, type ActionDefinition } from '../../src/actions/define.js';
import type { Check } from '../../src/detect/check.js';
import type { ExecuteOptions } from '../../src/execute/executor.js';
import type { Verdict } from '../../src/model/issue.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import { isWorse } from '../../src/repair/prove.js';
import { benchOf } from '../make-engine.js';
import { verdictOf } from '../make.js';

const bad = (value: number, severity: 2 | 3 | 4 = 3) =>
  verdictOf({ status: 'bad', value, severity, threshold: 80, reason: `it is ${value}` });
/** As a detector of somebody else may answer. */
const bare = (value: number) => verdictOf({ status: 'bad', value, threshold: 80 });

describe('a component is worse after a repair', () => {
  it.each([
    ['if its severity rose', bad(90, 2), bad(90, 3), true],
    ['except if its severity fell, whatever the value', bad(90, 3), bad(99, 2), false],
    ['if the value moved away from its threshold by more than 3 %', bad(90), bad(92.5), true],
    ['except if the value moved by 3 %', bad(90), bad(92.39), false],
    ['except if the value moved towards its threshold', bad(90), bad(85), false],
    ['except if it is ok now', bad(90), verdictOf({ status: 'ok' }), false],
    ['except if it is unknown now', bad(90), verdictOf({ status: 'unknown' }), false],
    ['except if it was not read before', undefined, bad(99), false],
    ['except if it was ok before', verdictOf({ status: 'ok' }), bad(99), false],
    ['if it has a severity that it had not before', bare(90), bad(90, 2), true],
    ['except if it has lost its severity, whatever the value', bad(90, 2), bare(99), false],
    ['also without any severity, by its value', bare(90), bare(99), true],
    [
      'also if a value below its threshold moved further away',
      verdictOf({ status: 'bad', severity: 3, value: 70, threshold: 80 }),
      verdictOf({ status: 'bad', severity: 3, value: 60, threshold: 80 }),
      true,
    ],
  ])('%s', (_when, before, after, worse) => {
    expect(isWorse(before, after)).toBe(worse);
  });
});

/** Pool whose first rung makes it worse, and whose second rung fixes it. */
function poolThatGetsWorse() {
  let value = 90;
  const undone: string[] = [];
  const given: (ExecuteOptions & { readonly action: string })[] = [];
  const action = (undo?: ActionDefinition['undo']): ActionDefinition =>
    defineAction({
      parse: (parameters) => parameters,
      plan: () => ({ targets: ['pool'], effect: 'The pool is well', steps: [] }),
      verify: verifyByCheck,
      scope: 'process',
      risk: 'reversible',
      timeoutMs: 1_000,
      ...(undo ? { undo } : {}),
    });
  const check: Check = {
    ...{ name: 'pool', component: 'pool', type: 'resource', parts: [], settleMs: 0 },
    run: (): Verdict =>
      value > 80
        ? { status: 'bad', severity: 3, value, threshold: 80, reason: `${value} jobs wait` }
        : { status: 'ok', value, threshold: 80, reason: `${value} jobs wait` },
  };
  class Ladder extends SimpleResolver {
    override getAction({ attempt = 0 }: { attempt?: number }) {
      return { action: attempt === 0 ? 'shake' : 'mend', parameters: {} };
    }
  }
  const bench = benchOf(
    {},
    {
      checks: [check],
      enabledChecks: ['pool'],
      resolver: new Ladder(),
      actions: { shake: action(() => void undone.push('shake')), mend: action() },
      fake: {
        act: ({ action: name }, options) => {
          given.push({ action: name, ...options });
          value = name === 'shake' ? 120 : 10;
        },
      },
    },
  );
  return { bench, undone, given };
}

describe('a repair that makes a component worse', () => {
  it('is undone, and the next rung follows at once', async () => {
    const { bench, undone } = poolThatGetsWorse();
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(undone).toEqual(['shake']);
    expect(result).toMatchObject({ outcome: 'fixed', actionTaken: 'mend' });
    expect(result?.attempts).toMatchObject([
      { action: 'shake', outcome: 'ineffective' },
      { action: 'mend', outcome: 'fixed' },
    ]);
    expect(result?.attempts[0]?.error).toContain('120 jobs wait');
  });

  it('is not reported as approved if no approval was requested', async () => {
    const { bench, given } = poolThatGetsWorse();
    await bench.done(bench.engine.detectAndHeal());
    expect(given.map(({ action, approved, dryRun }) => ({ action, approved, dryRun }))).toEqual([
      { action: 'shake', approved: false, dryRun: false },
      { action: 'mend', approved: false, dryRun: false },
    ]);
  });
});

describe('a verification that throws', () => {
  it('leaves the repair unproven, with the error', async () => {
    const broken = defineAction({
      parse: (parameters: Readonly<Record<string, unknown>>) => parameters,
      plan: () => ({ targets: ['pool'], effect: 'The pool is well', steps: [] }),
      verify: () => {
        throw new Error('the probe is broken');
      },
      scope: 'process',
      risk: 'reversible',
      timeoutMs: 1_000,
    });
    const check: Check = {
      ...{ name: 'pool', component: 'pool', type: 'resource', parts: [], settleMs: 0 },
      heals: { action: 'broken' },
      run: () => ({ status: 'bad', reason: 'it is bad' }),
    };
    const bench = benchOf({}, { checks: [check], enabledChecks: ['pool'], actions: { broken } });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'failed', success: false });
    expect(result?.error).toContain('the probe is broken');
  });
});
