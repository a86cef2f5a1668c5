import { describe, expect, it } from 'vitest';
import { BUILT_IN, rulesFor } from '../../src/model/built-in-checks.js';
import { parseComponent } from '../../src/model/component.js';

describe('a component', () => {
  it.each([
    ['cpu', 'cpu', ''],
    ['disk', 'disk', ''],
    ['disk:/var', 'disk', '/var'],
    ['disk:/a:b c', 'disk', '/a:b c'],
    ['inodes:/', 'inodes', '/'],
    ['readonly:/data', 'readonly', '/data'],
    ['system', 'system', ''],
    ['system:oom', 'system', 'oom'],
    ['nginx', 'named', 'nginx'],
    ['worker@1', 'named', 'worker@1'],
    ['', 'named', ''],
    ['disk:', 'named', 'disk:'],
    ['cpu:0', 'named', 'cpu:0'],
    ['queue:mail', 'named', 'queue:mail'],
    ['constructor', 'named', 'constructor'],
  ])('named %s is of kind %s, of %s', (component, kind, of) => {
    expect(parseComponent(component)).toEqual({ kind, of });
  });

  it.each([
    ['cpu', 'cpu'],
    ['disk', 'disk'],
    ['inodes:/var', 'disk'],
    ['readonly:/var', 'disk'],
    ['system', 'system'],
    ['system:state', 'system'],
    ['nginx', undefined],
    ['cpu:0', undefined],
  ])('named %s belongs to the built-in check %s', (component, check) => {
    expect(rulesFor(parseComponent(component))?.check.name).toBe(check);
  });
});

describe('the built-in checks', () => {
  it('have unique names, thresholds and metrics', () => {
    const rules = BUILT_IN.flatMap((check) => [...check.components]);
    const metrics = rules.flatMap((one) => ('metric' in one ? [one.metric.name] : []));
    const thresholds = BUILT_IN.flatMap((check) => ('threshold' in check ? [check.threshold.option] : []));
    for (const names of [BUILT_IN.map(({ name }) => name), metrics, thresholds])
      expect(new Set(names).size).toBe(names.length);
  });

  it('cover each kind of component once', () => {
    const kinds = BUILT_IN.flatMap((check) =>
      check.components.map((one) => `${one.kind}${'of' in one ? `:${one.of}` : ''}`),
    );
    expect(new Set(kinds).size).toBe(kinds.length);
  });
});
