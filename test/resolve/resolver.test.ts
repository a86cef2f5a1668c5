import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionRegistry } from '../../src/actions/registry.js';
import type { Issue } from '../../src/model/issue.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import { resolverConformance } from '../../src/testing/index.js';
import { issueOf } from '../make.js';

const resolver = new SimpleResolver();
const resource = (component: string, more: Partial<Issue> = {}) =>
  issueOf({ type: 'resource', component, ...more });
const system = (component: string) => issueOf({ type: 'system', component });

describe('the first rung of the default resolver', () => {
  it.each([
    ['disk:/var', resource('disk:/var'), { action: 'clean_nix_store', parameters: { path: '/var' } }],
    [
      'inodes:/',
      resource('inodes:/'),
      { action: 'clean_nix_store', parameters: { path: '/', freeing: 'inodes' } },
    ],
    [
      '`disk` without a mount point, which means the Nix store',
      resource('disk'),
      { action: 'clean_nix_store', parameters: { path: '/nix/store' } },
    ],
    [
      '`inodes` without a mount point, which means the Nix store',
      resource('inodes'),
      { action: 'clean_nix_store', parameters: { path: '/nix/store', freeing: 'inodes' } },
    ],
    [
      'a mount point with a colon and a space',
      resource('disk:/a:b c'),
      { action: 'clean_nix_store', parameters: { path: '/a:b c' } },
    ],
    ['memory', resource('memory'), { action: 'clear_system_cache', parameters: {} }],
    ['cpu', resource('cpu'), { action: 'set_cpu_governor', parameters: { governor: 'performance' } }],
    ['load', resource('load'), { action: 'none', parameters: {} }],
    ['a unit', issueOf(), { action: 'restart_service', parameters: { service: 'nginx' } }],
    [
      'a unit that is called memory',
      issueOf({ component: 'memory' }),
      { action: 'restart_service', parameters: { service: 'memory' } },
    ],
    ['a bad generation', system('system'), { action: 'rollback_generation', parameters: {} }],
    ['system:state', system('system:state'), { action: 'none', parameters: {} }],
    ['readonly:/data', resource('readonly:/data'), { action: 'none', parameters: {} }],
    ['system:oom', system('system:oom'), { action: 'none', parameters: {} }],
    ["a custom check's component", resource('queue'), { action: 'none', parameters: {} }],
  ])('is as documented for %s', (_name, issue, action) => {
    expect(resolver.getAction(issue)).toEqual(action);
  });
});

describe('the default resolver', () => {
  it('gives a component its action the first time that it is seen, and every other time', () => {
    const path = `/${randomUUID()}`;
    for (let call = 0; call < 2; call += 1)
      expect(resolver.getAction(resource(`disk:${path}`))).toEqual({
        action: 'clean_nix_store',
        parameters: { path },
      });
  });

  const issues = fc.record({
    type: fc.constantFrom('resource' as const, 'service' as const, 'system' as const),
    severity: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const),
    component: fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom(
        'cpu',
        'memory',
        'disk',
        'disk:/',
        'system',
        'system:oom',
        '__proto__',
        'constructor',
        ':',
        'disk:',
      ),
    ),
    attempt: fc.oneof(fc.nat(), fc.constant(undefined)),
  });

  it('returns a registered action, or none, and never a rebuild', () => {
    const known = ['none', ...actionRegistry().names];
    fc.assert(
      fc.property(issues, ({ attempt, ...rest }) => {
        const issue = issueOf({ ...rest, ...(attempt === undefined ? {} : { attempt }) });
        const { action, parameters } = resolver.getAction(Object.freeze(issue));
        expect(known).toContain(action);
        expect(action).not.toBe('rebuild_system');
        expect(typeof parameters).toBe('object');
      }),
    );
  });

  it('stays at the last rung however often it was tried', () => {
    fc.assert(
      fc.property(issues, fc.nat(), (rest, more) => {
        const { attempt: _attempt, ...issue } = rest;
        const at = (attempt: number) => resolver.getAction(issueOf({ ...issue, attempt }));
        expect(at(1_000 + more)).toEqual(at(1_000));
      }),
    );
  });
});

describe('a later rung of the default resolver', () => {
  const CACHE = { action: 'clear_system_cache', parameters: {} };
  const RESTART = { action: 'restart_service', parameters: { freeing: 'memory' } };

  it.each([
    [0, CACHE],
    [1, RESTART],
    [2, RESTART],
    [3, RESTART],
  ])(
    'is the one after the attempts that did not help, and the last one repeats: attempt %i',
    (attempt, action) => {
      for (let call = 0; call < 2; call += 1)
        expect(resolver.getAction(resource('memory', { attempt }))).toEqual(action);
    },
  );

  it.each([-1, 0.5])('is none for an attempt that is no number of repairs: %d', (attempt) => {
    expect(resolver.getAction(resource('memory', { attempt })).action).toBe('none');
  });

  it('is none where no repair is known, however often it is asked for', () => {
    expect(resolver.getAction(resource('load', { attempt: 4 }))).toEqual({ action: 'none', parameters: {} });
  });
});

describe('an issue of a custom check', () => {
  const HEALS = { action: 'drain_queue', parameters: { gently: true } };

  it('gets the action in its `heals`, whatever its component is called', () => {
    expect(resolver.getAction(issueOf({ component: 'nginx', check: 'login', heals: HEALS }))).toBe(HEALS);
  });

  it('gets none without `heals`, although a unit has the name of its component', () => {
    const issue = issueOf({ component: 'nginx', check: 'login' });
    expect(resolver.getAction(issue)).toEqual({ action: 'none', parameters: {} });
  });

  it('is another one than an issue of a built-in check', () => {
    const issue = issueOf({ component: 'nginx', check: 'services' });
    expect(resolver.getAction(issue)).toEqual({
      action: 'restart_service',
      parameters: { service: 'nginx' },
    });
  });
});

describe('what the default resolver refuses', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a name', 'nginx'],
    ['an issue without a component', { type: 'service' }],
    ['a component that is no text', { component: 7 }],
  ])('is %s, in one sentence', (_, issue) => {
    expect(() => resolver.getAction(issue as Issue)).toThrow(/^Expected `issue` to be an issue, got /);
  });

  it('is the Python name of its method', () => {
    expect(() => Object.assign(new SimpleResolver(), { get_action: () => undefined })).toThrow(/`getAction`/);
  });
});

describe('a subclass of the default resolver', () => {
  it('may override some components and keep the rest', () => {
    class Mine extends SimpleResolver {
      override getAction(issue: Issue) {
        if (issue.component === 'queue') return { action: 'drain_queue', parameters: { gently: true } };
        return super.getAction(issue);
      }
    }
    const mine = new Mine();
    expect(mine.getAction(resource('queue')).action).toBe('drain_queue');
    expect(mine.getAction(resource('memory')).action).toBe('clear_system_cache');
  });
});

describe('the conformance suite of resolvers', () => {
  it.each(resolverConformance(() => new SimpleResolver()))('$name', ({ run }) => run());
});
