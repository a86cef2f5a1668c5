import { describe, expect, it, vi } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import { createSelfHealingEngine } from '../../src/engine/create.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import type { Issue, Verdict } from '../../src/model/issue.js';
import { failedUnit, fakeHost, unitReading } from '../../src/testing/index.js';
import { benchOf } from '../make-engine.js';
import { issueOf } from '../make.js';

const BAD: Verdict = { status: 'bad', reason: 'The api does not answer' };
const checkOf = (more: Partial<Check> = {}): Check => ({
  ...{ name: 'api', component: 'nginx', type: 'service', parts: [], run: () => BAD },
  ...more,
});
const withCheck = (check: Check, more = {}) =>
  benchOf(
    { units: [unitReading({ name: 'nginx' })] },
    { checks: [check], enabledChecks: ['api'], dryRun: true, ...more },
  );

describe('a custom check', () => {
  it.each(['nginx', 'cpu', 'memory', 'disk:/', 'system'])(
    'never triggers an action because its component is called %s',
    async (component) => {
      for (const type of ['service', 'resource', 'system'] as const) {
        const bench = withCheck(checkOf({ component, type }));
        const [result] = await bench.done(bench.engine.detectAndHeal());
        expect(result).toMatchObject({
          blockedBy: 'no-action',
          actionTaken: 'none',
          issue: { check: 'api' },
        });
        expect(result?.error).toContain('The check `api` has no `heals`');
      }
    },
  );

  it('triggers the action that a custom resolver returns, not that of the default resolver', async () => {
    class Own extends SimpleResolver {
      override getAction(issue: Issue) {
        return issue.component === 'mine' ? { action: 'own', parameters: {} } : super.getAction(issue);
      }
    }
    const bench = withCheck(checkOf({ component: 'mine' }), { resolver: new Own() });
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ actionTaken: 'own' }]);
    const other = withCheck(checkOf(), { resolver: new Own() });
    expect(await other.done(other.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'no-action' }]);
  });

  it.each([
    ['a unit', 'redis', { action: 'restart_service', parameters: { service: 'redis' } }],
    [
      'an action',
      { action: 'reload_service', parameters: { service: 'a' } },
      { action: 'reload_service', parameters: { service: 'a' } },
    ],
    [
      'an action without parameters',
      { action: 'clear_system_cache' },
      { action: 'clear_system_cache', parameters: {} },
    ],
  ])('triggers the repair in `heals`: %s', async (_what, heals, expected) => {
    const bench = withCheck(checkOf({ heals }));
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'planned', plan: expected });
  });

  it('may have a function in `heals`, which the plan names', async () => {
    let bad = true;
    const reconnect = vi.fn(() => void (bad = false));
    const run = (): Verdict => (bad ? BAD : { status: 'ok', reason: 'It answers' });
    const bench = withCheck(checkOf({ run, heals: reconnect }), { dryRun: false, executor: undefined });
    Object.defineProperty(reconnect, 'name', { value: 'reconnect' });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'fixed', actionTaken: 'heal:api', plan: { scope: 'process' } });
    expect(result?.plan?.steps).toMatchObject([{ kind: 'call', name: 'reconnect() of the check `api`' }]);
    expect(reconnect).toHaveBeenCalledWith({
      signal: expect.any(AbortSignal) as AbortSignal,
      issue: expect.objectContaining({ component: 'nginx', check: 'api', description: BAD.reason }) as Issue,
    });
  });

  it('may have a function in `heals` on a host other than this machine', async () => {
    const heals = vi.fn();
    await using engine = createSelfHealingEngine({
      host: fakeHost(),
      checks: [checkOf({ heals })],
      enabledChecks: ['api'],
    });
    const [issue] = await engine.detector.detectIssues();
    await engine.executor.execute(engine.resolver.getAction(issue!));
    expect(heals).toHaveBeenCalledOnce();
  });

  it.each([
    [{ heals: 5 }, 'Expected `check.heals` to be a unit name, an action or a function, got `5` (number)'],
    [{ heals: 'no unit' }, 'Expected `check.heals` to be a systemd unit name'],
    [{ heals: { actoin: 'x' } }, 'did you mean `action`?'],
    [{ heals: { action: '' } }, 'Expected `check.heals.action` to be the name of an action'],
    [{ heals: { action: 'x', parameters: 1 } }, 'Expected `check.heals.parameters` to be an object'],
    [{ heal: 'nginx' }, 'Unknown option `heal` in `check`: did you mean `heals`?'],
    [{ name: 'detector' }, 'a name that no other check has'],
  ])('is refused with %o', (more, sentence) => {
    const make = () => createSelfHealingEngine({ host: fakeHost(), checks: [checkOf(more as never)] });
    expect(make).toThrow(sentence);
  });
});

describe('a manually created issue', () => {
  it('triggers an action on the unit that it names, as documented', async () => {
    const bench = benchOf({ units: [failedUnit()] }, { dryRun: true });
    expect(await bench.done(bench.engine.healIssue(issueOf()))).toMatchObject({
      plan: { action: 'restart_service', parameters: { service: 'nginx' } },
    });
  });
});
