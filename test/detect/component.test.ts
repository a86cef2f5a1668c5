import { describe, expect, it } from 'vitest';
import { builtInChecksOf, canonicalComponent, mayBeUnit, verdictsOn } from '../../src/detect/component.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { mountReading } from '../../src/testing/index.js';

const GONE = { unknown: 'the file is gone' };
const verdict = (component: string, more: Partial<ComponentVerdict> = {}): ComponentVerdict => ({
  ...{ check: 'services', component, type: 'service', status: 'ok', reason: 'It is well' },
  ...more,
});

describe('the verdicts on one component', () => {
  const nginx = verdict('nginx');
  const store = mountReading({ mountPoint: '/nix/store' });

  it('are those with its name, all of them', () => {
    const own = verdict('nginx', { check: 'mine' });
    expect(verdictsOn('nginx', [verdict('redis'), nginx, own], [])).toEqual([nginx, own]);
  });

  it('are those with its full name, and of what a word stands for, if none has the name itself', () => {
    const [disk, word] = [verdict('disk:/nix/store'), verdict('disk')];
    expect(verdictsOn('nginx.service', [verdict('redis'), nginx], [])).toEqual([nginx]);
    expect(verdictsOn('disk', [verdict('disk:/'), disk], [store])).toEqual([disk]);
    expect(verdictsOn('disk', [disk, word], [store])).toEqual([word]);
  });

  it('are one that is unknown and absent, if other components were read', () => {
    expect(verdictsOn('redis.service', [nginx, verdict('a', { status: 'unknown' })], [])).toEqual([
      {
        ...{ check: 'services', type: 'service', component: 'redis', status: 'unknown', absent: true },
        reason: 'redis is not among what was read',
      },
    ]);
  });

  it('are one with the reason, and not absent, if nothing could be read', () => {
    const blind = verdict('disk', { check: 'disk', type: 'resource', status: 'unknown', reason: 'gone' });
    expect(verdictsOn('disk:/var', [blind], GONE)).toEqual([{ ...blind, component: 'disk:/var' }]);
  });

  it('are none if there is no verdict at all', () => {
    expect(verdictsOn('nginx', [], [])).toEqual([]);
  });
});

describe('the form of a component that verdicts use', () => {
  const mounts = [mountReading({ mountPoint: '/' }), mountReading({ mountPoint: '/nix' })];

  it.each([
    ['disk', 'disk:/nix'],
    ['inodes', 'inodes:/nix'],
    ['disk:/var', 'disk:/var'],
    ['readonly', 'readonly'],
    ['cpu', 'cpu'],
    ['nginx.service', 'nginx'],
    ['a.socket', 'a.socket'],
  ])('of %s is %s', (component, canonical) => {
    expect(canonicalComponent(component, mounts)).toBe(canonical);
  });

  it('of a word is the word itself while no mount can be read', () => {
    expect(canonicalComponent('disk', GONE)).toBe('disk');
    expect(canonicalComponent('inodes', [])).toBe('inodes');
  });
});

describe('the built-in checks of a component', () => {
  it.each<[string, readonly string[]]>([
    ['cpu', ['cpu']],
    ['disk', ['disk']],
    ['readonly:/data', ['disk']],
    ['system:oom', ['system']],
    ['nginx', ['services']],
    ['a.timer', ['services']],
    ['my pool', []],
    ['../etc', []],
  ])('of %s are %j', (component, checks) => {
    expect(builtInChecksOf(component)).toEqual(checks);
  });

  it.each([
    ['nginx', true],
    ['pg@15-main.service', true],
    ['my pool', false],
    ['', false],
  ])('include that of units, if %j can be one: %s', (component, expected) => {
    expect(mayBeUnit(component)).toBe(expected);
  });
});
