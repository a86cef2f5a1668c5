import { describe, expect, it } from 'vitest';
import { defineAction, verifyByCheck } from '../../src/actions/define.js';
import type { Check } from '../../src/detect/check.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import {
  failedUnit,
  healScenario,
  memoryReading,
  mountReading,
  unitReading,
} from '../../src/testing/index.js';

const restart = (service: string) => ({ action: 'restart_service', parameters: { service } });

/** A check that must not run, because it would be about this machine. */
function shopCheck(more: Partial<Check> = {}): Check {
  const run = (): never => {
    throw new Error('The check ran');
  };
  return { name: 'shop', component: 'shop', type: 'service', heals: 'shop.service', ...more, run };
}

describe('healScenario', () => {
  it('restarts a failed unit that is listed, with the real plan', async () => {
    const result = await healScenario({ failed: 'nginx' }, { services: ['nginx'] });
    expect(result).toMatchObject({
      ...{ actionTaken: 'restart_service', outcome: 'fixed', success: true, dryRun: false },
      planned: [restart('nginx')],
      executed: [restart('nginx')],
    });
    expect(result.plan?.targets).toMatchObject([{ kind: 'unit', id: 'nginx.service' }]);
    expect(result.plan?.refusal).toBeUndefined();
  });

  it('returns the gate that blocks a repair, and executes nothing', async () => {
    const result = await healScenario({ failed: 'nginx' }, { services: ['nginx'], protect: ['nginx'] });
    expect(result).toMatchObject({ outcome: 'skipped', blockedBy: 'protected', executed: [] });
  });

  it('accepts the reading of a unit, and other units beside it', async () => {
    const failed = failedUnit({ name: 'nginx', dragsAlong: ['php-fpm.service'] });
    const units = [unitReading({ name: 'php-fpm' }), unitReading({ name: 'nginx' })];
    const result = await healScenario({ failed, host: { units } }, { services: ['nginx'] });
    expect(result.plan?.targets).toMatchObject([{ dragsAlong: ['php-fpm.service'] }]);
  });

  it('returns ineffective for a repair that changes nothing', async () => {
    const result = await healScenario({ failed: 'nginx', after: 'unchanged' }, { services: ['nginx'] });
    expect(result).toMatchObject({ outcome: 'ineffective', executed: [restart('nginx')] });
  });

  it.each([
    ['clean_nix_store', { mounts: [mountReading({ percent: 97 })] }],
    ['set_cpu_governor', { cpu: { percent: 99, cpus: 4 } }],
    ['clear_system_cache', { memory: memoryReading(97) }],
  ])('plans %s with the interfaces that the host has by default', async (action, host) => {
    const { attempts } = await healScenario({ host });
    expect(attempts[0]).toMatchObject({ action });
    expect(attempts[0]?.blockedBy).not.toBe('unavailable');
  });

  it('accepts the interfaces of the host', async () => {
    const host = { cpu: { percent: 99, cpus: 4 }, controls: { unknown: 'no cpufreq' } };
    expect(await healScenario({ host })).toMatchObject({ blockedBy: 'unavailable', executed: [] });
  });

  it('includes the units that the configuration names', async () => {
    const restarted = await healScenario(
      { bad: 'shop' },
      { checks: [shopCheck()], services: ['shop', 'db'] },
    );
    expect(restarted.outcome).toBe('fixed');
    const host = { units: [failedUnit({ name: 'db' })] };
    const result = await healScenario({ host }, { services: ['db', 'shop'] });
    expect(result).toMatchObject({ executed: [restart('db')], outcome: 'fixed' });
  });

  it('accepts the state of the host after a repair', async () => {
    const units = [unitReading({ name: 'nginx', activeState: 'activating', subState: 'start', job: '7' })];
    const result = await healScenario({ failed: 'nginx', after: { units } }, { services: ['nginx'] });
    expect(result.success).toBe(false);
    const fine = { units: [unitReading({ name: 'nginx' })] };
    const other = await healScenario({ failed: 'nginx', after: fine }, { services: ['nginx'] });
    expect(other.outcome).toBe('fixed');
  });

  it('makes a check read bad without running it, and ok after the repair', async () => {
    const checks = [shopCheck(), shopCheck({ name: 'other', component: 'other' })];
    const options = { checks, services: ['shop'] };
    const result = await healScenario({ bad: 'shop' }, options);
    expect(result).toMatchObject({ outcome: 'fixed', executed: [restart('shop.service')] });
    expect(result.issue).toMatchObject({ check: 'shop', component: 'shop' });
    const still = await healScenario({ bad: 'shop', after: 'unchanged' }, options);
    expect(still.outcome).toBe('ineffective');
  });

  it('accepts a check that is an object of a class', async () => {
    class Shop implements Check {
      readonly #name = 'shop';
      get name() {
        return this.#name;
      }
      readonly component = 'shop';
      readonly type = 'service';
      heals = { action: 'none' };
      run(): never {
        throw new Error('The check ran');
      }
    }
    const result = await healScenario({ bad: 'shop' }, { checks: [new Shop()] });
    expect(result).toMatchObject({ issue: { check: 'shop' }, outcome: 'skipped', executed: [] });
  });

  it('does not call the function in `heals`', async () => {
    let called = 0;
    const heals = () => void (called += 1);
    const result = await healScenario({ bad: 'shop' }, { checks: [shopCheck({ heals })] });
    expect(result).toMatchObject({ actionTaken: 'heal:shop', outcome: 'fixed' });
    expect(called).toBe(0);
  });

  it.each([
    ['cpu', { cpu: { percent: 99, cpus: 4 } }],
    ['memory', { memory: memoryReading(99) }],
    ['disk', { mounts: [mountReading({ percent: 99 })] }],
  ])('raises the issue of a bad reading: %s', async (check, host) => {
    const result = await healScenario({ host });
    expect(result.issue).toMatchObject({ check });
  });

  it('uses thresholds of the configuration', async () => {
    const host = { mounts: [mountReading({ percent: 93 })] };
    await expect(healScenario({ host }, { thresholds: { diskPercent: 95 } })).rejects.toThrow(
      'a fault that one of these checks reports: cpu, memory, disk',
    );
  });

  it('uses actions and the resolver of the configuration, and verifies by the reading after them', async () => {
    const ran: string[] = [];
    const archive = defineAction({
      parse: (parameters) => parameters,
      plan: () => ({
        targets: ['/'],
        effect: 'Old files are in the archive',
        steps: [
          {
            kind: 'call',
            name: 'archive',
            run: () => void ran.push('archive'),
            timeoutMs: 1_000,
            interruptible: true,
          },
        ],
      }),
      verify: verifyByCheck,
      scope: 'process',
      risk: 'reversible',
      timeoutMs: 1_000,
    });
    class Archive extends SimpleResolver {
      override getAction() {
        return { action: 'archive', parameters: {} };
      }
    }
    const options = { actions: { archive }, resolver: new Archive() };
    const host = { mounts: [mountReading({ percent: 99 })] };
    const result = await healScenario({ host }, options);
    expect(result).toMatchObject({ actionTaken: 'archive', outcome: 'fixed' });
    expect(ran).toEqual([]);
    expect(await healScenario({ host, after: 'unchanged' }, options)).toMatchObject({ success: false });
  });

  it('only plans in a dry run', async () => {
    const result = await healScenario({ failed: 'nginx' }, { services: ['nginx'], dryRun: true });
    expect(result).toMatchObject({ outcome: 'planned', planned: [restart('nginx')], executed: [] });
  });

  it.each([
    [true, { outcome: 'fixed', executed: [{ action: 'tidy', parameters: {} }] }],
    [false, { outcome: 'skipped', blockedBy: 'backoff', executed: [] }],
    [undefined, { outcome: 'skipped', blockedBy: 'needs-approval', executed: [] }],
  ])(
    'uses `approve` of the configuration, which returns %s (undefined: there is none)',
    async (answer, expected) => {
      const tidy = defineAction({
        parse: (parameters) => parameters,
        plan: () => ({ targets: ['shop'], effect: 'The shop is tidy', steps: [], approval: 'it is risky' }),
        verify: verifyByCheck,
        scope: 'process',
        risk: 'reversible',
        timeoutMs: 1_000,
      });
      const checks = [shopCheck({ heals: { action: 'tidy' } })];
      const result = await healScenario(
        { bad: 'shop' },
        { actions: { tidy }, checks, approve: answer === undefined ? undefined : () => answer },
      );
      expect(result).toMatchObject(expected);
    },
  );

  it('reads and writes no state, and attaches no metrics', async () => {
    const unused = (): never => {
      throw new Error('It was used');
    };
    const options = {
      services: ['nginx'],
      state: { load: unused, save: unused },
      metrics: [{ attach: unused }],
      host: { read: unused },
      executor: { plan: unused, execute: unused },
    };
    expect(await healScenario({ failed: 'nginx' }, options as never)).toMatchObject({ outcome: 'fixed' });
  });

  it.each<[string, unknown, unknown, string]>([
    ['an unknown key', { broken: 'nginx' }, {}, 'scenario'],
    ['a check that is not in the configuration', { bad: 'shop' }, {}, 'bad'],
    ['an unknown state', { failed: 'nginx', after: 'better' }, {}, 'after'],
    ['a detector', { failed: 'nginx' }, { detector: { detectIssues: () => [] } }, 'options.detector'],
    ['an invalid option', { failed: 'nginx' }, { thresholds: { diskPercent: 120 } }, 'diskPercent'],
    [
      'units that are unknown beside a failed one',
      { failed: 'nginx', host: { units: { unknown: 'no' } } },
      {},
      'units',
    ],
    ['no fault', {}, {}, 'scenario'],
  ])('rejects %s', async (_title, scenario, options, words) => {
    await expect(healScenario(scenario as never, options as never)).rejects.toThrow(words);
  });
});
