import { describe, expect, it } from 'vitest';
import {
  BUILT_IN,
  BUILT_IN_CHECKS,
  GAUGES,
  isBuiltInCheck,
  rulesFor,
  rulesOf,
  TYPE_LADDERS,
} from '../../src/model/built-in-checks.js';
import { parseComponent } from '../../src/model/component.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';

const NOTHING = { action: 'none', parameters: {} };
const restart = (service: string) => ({ action: 'restart_service', parameters: { service } });
const clean = (path: string) => ({ action: 'clean_nix_store', parameters: { path } });
const cleanInodes = (path: string) => ({
  action: 'clean_nix_store',
  parameters: { path, freeing: 'inodes' },
});

describe('the repairs of an issue, cheapest first,', () => {
  it.each([
    ['cpu', [{ action: 'set_cpu_governor', parameters: { governor: 'performance' } }]],
    [
      'memory',
      [
        { action: 'clear_system_cache', parameters: {} },
        { action: 'restart_service', parameters: { freeing: 'memory' } },
      ],
    ],
    ['disk', [clean('/nix/store')]],
    ['disk:/var', [clean('/var')]],
    ['inodes', [cleanInodes('/nix/store')]],
    ['inodes:/var', [cleanInodes('/var')]],
    ['readonly:/var', [NOTHING]],
    ['load', [NOTHING]],
    ['system', [{ action: 'rollback_generation', parameters: {} }]],
    ['system:oom', [NOTHING]],
  ])('of %s are %j', (component, ladder) => {
    const parsed = parseComponent(component);
    expect(rulesFor(parsed)?.rules.ladder.map((rung) => rung(parsed.of))).toEqual(ladder);
  });

  it('of a unit are a restart of it', () => {
    const [rules] = rulesOf('services')!.components;
    expect(rules!.ladder.map((rung) => rung('nginx'))).toEqual([restart('nginx')]);
  });

  it('of any other check depend on the type of the issue', () => {
    const first = Object.entries(TYPE_LADDERS).map(([type, ladder]) => [type, ladder.map((of) => of('x'))]);
    expect(Object.fromEntries(first)).toEqual({
      ...{ resource: [NOTHING], service: [restart('x')], system: [NOTHING] },
    });
  });
});

describe('after a repair', () => {
  it.each([
    ['cpu', 1_000],
    ['memory', 15_000],
    ['system', 60_000],
    ['disk:/var', 0],
    ['inodes:/var', 0],
    ['readonly:/var', 0],
    ['load', 0],
    ['system:oom', 0],
  ])('%s settles for %i ms', (component, ms) => {
    const { rules } = rulesFor(parseComponent(component))!;
    expect(DEFAULT_GUARDS.settleMs[rules.settle ?? 'others']).toBe(ms);
  });

  it('a unit settles for 3,000 ms', () => {
    const [rules] = rulesOf('services')!.components;
    expect(DEFAULT_GUARDS.settleMs[rules!.settle!]).toBe(3_000);
  });
});

describe('a built-in check', () => {
  it.each([
    ['cpu', 'resource', 'cpu', '%', 3, 'cpuPercent', 80, 100],
    ['memory', 'resource', 'memory', '%', 2, 'memoryPercent', 85, 100],
    ['disk', 'resource', 'mounts', '%', 1, 'diskPercent', 90, 100],
    ['load', 'resource', 'load', undefined, 3, 'loadAverage', undefined, Infinity],
    ['services', 'service', 'units', undefined, 1, undefined, undefined, undefined],
    ['system', 'system', 'system', undefined, 1, undefined, undefined, undefined],
  ])(
    'named %s is of type %s, reads %s, in %s, is bad after %i readings, and has the threshold %s of %s, at most %s',
    (name, type, part, unit, readings, option, value, most) => {
      const rules = rulesOf(name)!;
      expect(rules).toMatchObject({ name, type, part });
      expect(rules.unit).toBe(unit);
      expect(DEFAULT_GUARDS.lasting[rules.lasting ?? 'others']).toBe(readings);
      expect(rules.threshold).toEqual(option === undefined ? undefined : { option, default: value, most });
      expect(isBuiltInCheck(name)).toBe(true);
    },
  );

  it('runs in a fixed order, the quick readings of the host before units and the system', () => {
    expect(BUILT_IN_CHECKS).toEqual(['cpu', 'memory', 'disk', 'load', 'services', 'system']);
  });

  it('is none of a user, but counts as one when a detector names none', () => {
    expect(isBuiltInCheck('tcp')).toBe(false);
    expect(rulesOf('tcp')).toBeUndefined();
    expect(isBuiltInCheck('detector')).toBe(true);
    expect(rulesOf('detector')).toBeUndefined();
  });

  it('that judges one thing only is a gauge', () => {
    expect(GAUGES).toEqual(['cpu', 'memory', 'load']);
  });

  it('of a mount is one of its space, of its inodes or of its writability; a unit belongs to no kind', () => {
    for (const kind of ['disk', 'inodes', 'readonly'])
      expect(rulesFor(parseComponent(`${kind}:/var`))?.rules).toMatchObject({ kind, of: 'mount' });
    expect(BUILT_IN.flatMap(({ components }) => components.map(({ kind }) => kind))).toContain('named');
    expect(rulesFor(parseComponent('nginx'))).toBeUndefined();
  });

  it('has a label and a metric for each value on the dashboard', () => {
    const rules = BUILT_IN.flatMap(({ components }) => [...components]);
    expect(rules.flatMap((one) => ('label' in one ? [one.label] : []))).toEqual([
      ...['CPU', 'Memory', 'Disk', 'Inodes', 'Writes to', 'Load average'],
    ]);
    expect(rules.flatMap((one) => ('metric' in one ? [one.metric.name] : []))).toEqual([
      'healing_host_cpu_percent',
      'healing_host_memory_percent',
      'healing_host_disk_percent',
      'healing_host_inodes_percent',
      'healing_host_load1',
    ]);
  });
});
