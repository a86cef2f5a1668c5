import { describe, expect, it } from 'vitest';
import { BUILT_IN_COMPONENTS, NO_ACTION } from '../../src/model/built-in-checks.js';
import { NO_EFFECTS } from '../../src/model/effects.js';
import { executionOf } from '../../src/model/execution.js';
import { GATE_MEANINGS } from '../../src/model/gate-texts.js';
import { commandFor } from '../../src/model/operator-command.js';
import { BLOCK_REASONS, type CommandStep } from '../../src/model/plan.js';
import { isUnknown, unknown } from '../../src/model/reading.js';
import { SNAPSHOT_PARTS } from '../../src/model/snapshot.js';
import { assignments, stepText } from '../../src/model/step-text.js';
import { NO_CIRCUMSTANCES } from '../../src/model/unit-circumstances.js';
import { hasStartLimitAction, type UnitRelations } from '../../src/model/unit-relations.js';

describe('the text of a step', () => {
  const limits = { timeoutMs: 1_000, interruptible: true, needsRoot: true };
  const command = (argv: readonly string[], env?: Record<string, string>): CommandStep => ({
    ...{ kind: 'command', argv, ...limits, ...(env && { env }) },
  });

  it.each([
    [['systemctl', 'restart', 'a@b.service'], undefined, 'systemctl restart a@b.service'],
    [['/bin/x', '--a=1,2', '50%', 'a:b+c_d'], undefined, '/bin/x --a=1,2 50% a:b+c_d'],
    [['echo', 'a b', ''], undefined, "echo 'a b' ''"],
    [['echo', "it's", '$HOME', '*'], undefined, "echo 'it'\\''s' '$HOME' '*'"],
    [['env'], { A: '1', B: 'x y' }, "A=1 B='x y' env"],
  ])('of %j with the environment %o can be pasted into a shell', (argv, env, text) => {
    expect(stepText(command(argv, env))).toBe(text);
  });

  it('quotes the environment as the caller wishes', () => {
    expect(assignments(command(['x'], { A: '1' }), (word) => `<${word}>`)).toEqual(['A=<1>']);
    expect(assignments(command(['x']))).toEqual([]);
  });

  it('names the file and the content that are written, or the function that is called', () => {
    const write = { kind: 'write', path: '/proc/sys/vm/drop_caches', content: '3\n', ...limits } as const;
    expect(stepText(write)).toBe('write "3\\n" to /proc/sys/vm/drop_caches');
    const call = {
      kind: 'call',
      name: 'repair cache',
      run: () => 1,
      timeoutMs: 1,
      interruptible: true,
    } as const;
    expect(stepText(call)).toBe('repair cache');
  });
});

describe('an execution', () => {
  it.each([
    ['executed', true],
    ['planned', true],
    ['skipped', false],
    ['failed', false],
  ] as const)('that is %s is a success: %s', (outcome, success) => {
    const execution = executionOf('restart_service', { outcome });
    expect(execution).toEqual({
      ...{ action: 'restart_service', outcome, success, dryRun: false, steps: [], durationMs: 0 },
    });
    expect(Object.isFrozen(execution)).toBe(true);
  });

  it('has the given fields', () => {
    const fields = { outcome: 'failed', dryRun: true, durationMs: 7, error: 'no' } as const;
    expect(executionOf('x', fields)).toMatchObject(fields);
  });
});

describe('a reading', () => {
  it.each([
    [unknown('no PSI'), true],
    [{ unknown: '' }, true],
    [{ unknown: undefined }, false],
    [{ percent: 1 }, false],
    [null, false],
    [undefined, false],
    ['unknown', false],
    [7, false],
  ])('of %j is unknown: %s', (reading, is) => expect(isUnknown(reading)).toBe(is));
});

describe('a unit with a start limit', () => {
  const limit = { startLimitAction: 'reboot', startLimitIntervalMs: 1, startLimitBurst: 1 };
  it.each([
    [limit, true],
    [{ ...limit, startLimitAction: 'none' }, false],
    [{ ...limit, startLimitAction: '' }, false],
    [{ ...limit, startLimitIntervalMs: 0 }, false],
    [{ ...limit, startLimitBurst: 0 }, false],
  ])('of %o makes systemd act on the host: %s', (given, is) =>
    expect(hasStartLimitAction(given as UnitRelations)).toBe(is),
  );
});

describe('the lists of the model', () => {
  it('name every reason of a gate, and each has a meaning', () => {
    expect(BLOCK_REASONS).toEqual([
      ...[
        'healing-disabled',
        'paused',
        'monitor-only',
        'no-action',
        'protected',
        'unavailable',
        'not-allowed',
      ],
      ...['in-transition', 'already-healthy', 'reading-unknown', 'no-expected-gain', 'locked', 'in-flight'],
      ...['storm', 'needs-human', 'breaker-open', 'backoff', 'budget', 'resources-busy', 'needs-approval'],
    ]);
    expect(Object.keys(GATE_MEANINGS)).toEqual([...BLOCK_REASONS]);
  });

  it('name the parts of a snapshot, and the check of each component', () => {
    expect(SNAPSHOT_PARTS).toEqual(['cpu', 'memory', 'load', 'mounts', 'pressure', 'units', 'system']);
    expect(BUILT_IN_COMPONENTS.map(({ check, kind, of }) => [check, kind, of])).toEqual([
      ['cpu', 'cpu', undefined],
      ['memory', 'memory', undefined],
      ...['disk', 'inodes', 'readonly'].map((kind) => ['disk', kind, 'mount']),
      ['load', 'load', undefined],
      ['services', 'named', undefined],
      ['system', 'system', undefined],
      ['system', 'system', 'part'],
    ]);
  });

  it.each([
    ['NO_ACTION', NO_ACTION, { action: 'none', parameters: {} }],
    [
      'NO_EFFECTS',
      NO_EFFECTS,
      { touches: [], touchesIfUp: [], starts: [], onFailure: [], onSuccess: [], emergency: [] },
    ],
    [
      'NO_CIRCUMSTANCES',
      NO_CIRCUMSTANCES,
      { cause: null, neededBy: [], members: [], memberOf: [], leftProcesses: 0 },
    ],
  ])('are empty and cannot be changed: %s', (_name, nothing, empty) => {
    expect(nothing).toEqual(empty);
    const objects = [nothing, ...(Object.values(nothing as object) as unknown[])].filter(
      (one) => typeof one === 'object' && one !== null,
    );
    expect(objects.every(Object.isFrozen)).toBe(true);
  });

  it('show the command that approves a repair', () => {
    expect(commandFor('a1')).toBe('luminous-healing approve a1');
  });
});
