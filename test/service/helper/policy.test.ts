import { describe, expect, it } from 'vitest';
import { thresholdValues } from '../../../src/detect/thresholds.js';
import { parsePolicy } from '../../../src/service/helper/policy.js';

const LEAST = { version: 1, actions: ['restart_service'], services: ['nginx'] };

describe('a policy', () => {
  it('needs a version, actions and services; the rest has defaults', () => {
    const { actions, units, allowApprovals, approvedBy, thresholds, nix, limits } = parsePolicy(LEAST);
    expect(actions).toEqual(['restart_service']);
    expect([...(units.services?.keys() ?? [])]).toEqual(['nginx.service']);
    expect(units.protect).toEqual([]);
    expect(allowApprovals).toBe(false);
    expect([...approvedBy]).toEqual([]);
    expect(thresholds).toEqual(thresholdValues());
    expect(nix.allowRollback).toBe(false);
    expect(limits).toEqual({ componentPerHour: 6, hostPerHour: 20, generationsPerDay: 1 });
  });

  it('allows all failed units with `services: failed`', () => {
    expect(parsePolicy({ ...LEAST, services: 'failed' }).units.services).toBeUndefined();
  });

  it('accepts every option', () => {
    const policy = parsePolicy({
      ...LEAST,
      services: [{ unit: 'nginx', restartForMemory: true }],
      protect: ['postgresql'],
      allowApprovals: true,
      approvedBy: { rollback_generation: 'daemon' },
      record: '/var/lib/luminous-healing/state.json',
      thresholds: { memoryPercent: 70 },
      limits: { componentPerHour: 2 },
    });
    expect(policy.record).toBe('/var/lib/luminous-healing/state.json');
    expect(policy.units.protect).toEqual(['postgresql']);
    expect(policy.units.services?.get('nginx.service')).toMatchObject({ restartForMemory: true });
    expect(policy).toMatchObject({
      allowApprovals: true,
      approvedBy: new Map([['rollback_generation', 'daemon']]),
      thresholds: { memoryPercent: 70 },
      limits: { componentPerHour: 2, hostPerHour: 20 },
    });
  });

  it('has the defaults of an option that is `null`, as in a policy that is generated', () => {
    const given = { ...LEAST, protect: null, approvedBy: null, nix: null, limits: null };
    const { mounts: _rules, ...policy } = parsePolicy(given);
    expect(policy).toEqual((({ mounts: _same, ...least }) => least)(parsePolicy(LEAST)));
  });

  it('accepts a limit of 0, which allows nothing, and one of 1000', () => {
    const limits = { componentPerHour: 0, hostPerHour: 1_000 };
    expect(parsePolicy({ ...LEAST, limits }).limits).toMatchObject(limits);
  });

  it('ignores `deleteOlderThan`, because the helper has no record of the generations to keep', () => {
    const { nix } = parsePolicy({ ...LEAST, nix: { allowRollback: true, deleteOlderThan: '30d' } });
    expect(nix).toMatchObject({ allowRollback: true, deleteOlderThan: undefined });
  });

  it.each([
    [null, 'Expected `policy` to be an object'],
    [{ ...LEAST, version: 2 }, 'Expected `version` to be 1'],
    [{ ...LEAST, actions: undefined }, 'Expected `actions` to be an array'],
    [
      { ...LEAST, actions: ['restart-service'] },
      'Unknown action `restart-service` in `actions[0]`: did you mean `restart_service`?',
    ],
    [{ ...LEAST, services: undefined }, 'Expected `services` to be an array of unit names'],
    [{ ...LEAST, services: 'all' }, 'Expected `services`'],
    [{ ...LEAST, services: ['*'] }, 'Expected `services[0]` to be a systemd unit name'],
    [{ ...LEAST, record: 'state.json' }, 'Expected `record` to be an absolute path'],
    [{ ...LEAST, record: 1 }, 'Expected `record`'],
    [{ ...LEAST, record: '/var/lib/state.json\0' }, 'Expected `record` to be an absolute path'],
    [{ ...LEAST, service: ['nginx'] }, 'Unknown option `service` in `policy`: did you mean `services`?'],
    [{ ...LEAST, protect: 'x' }, 'Expected `protect`'],
    [{ ...LEAST, approvals: [] }, 'Expected `approvals` to be replaced by `allowApprovals` and `approvedBy`'],
    [{ ...LEAST, allowApprovals: 'yes' }, 'Expected `allowApprovals` to be'],
    [{ ...LEAST, approvedBy: ['person'] }, 'Expected `approvedBy` to be an object'],
    [{ ...LEAST, approvedBy: { restart: 'person' } }, 'Unknown action `restart` in `approvedBy`'],
    [
      { ...LEAST, approvedBy: { restart_service: 'nobody' } },
      'Unknown word `nobody` in `approvedBy.restart_service`',
    ],
    [{ ...LEAST, thresholds: { memoryPercent: 101 } }, 'Expected `memoryPercent`'],
    [{ ...LEAST, mounts: { levels: { '/': { percent: 101 } } } }, 'Expected `mounts.levels./.percent`'],
    [{ ...LEAST, limits: 3 }, 'Expected `limits` to be an object'],
    [{ ...LEAST, limits: { perHour: 3 } }, 'Unknown option `perHour` in `limits`'],
    [
      { ...LEAST, limits: { hostPerHour: -1 } },
      'Expected `limits.hostPerHour` to be a number from 0 to 1000',
    ],
    [
      { ...LEAST, limits: { hostPerHour: 1_001 } },
      'Expected `limits.hostPerHour` to be a number from 0 to 1000',
    ],
    [{ ...LEAST, limits: { hostPerHour: 1.5 } }, 'a whole number'],
  ])('%j is refused', (policy, words) => {
    expect(() => parsePolicy(policy)).toThrow(words);
  });
});

it.each(['person', 'daemon'] as const)(
  'the policy of the helper may name a %s as approver of an action',
  (who) => {
    const given = { version: 1, actions: ['restart_service'], services: ['nginx'] };
    const { approvedBy } = parsePolicy({ ...given, approvedBy: { restart_service: who } });
    expect([...approvedBy]).toEqual([['restart_service', who]]);
  },
);
