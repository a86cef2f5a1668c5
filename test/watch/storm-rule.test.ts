import { beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/memory/ledger.js';
import { memoryStore } from '../../src/memory/store.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { fakeClock, recordingLogger } from '../../src/testing/index.js';
import { OpenIssues } from '../../src/watch/open-issues.js';
import { noteStorm } from '../../src/watch/record-storm.js';
import { verdictOf } from '../make.js';

const MINUTE = 60_000;

// Loads the modules that each first look loads.
beforeAll(() => fakeClock().advance(0));

/** Applies verdicts to a host with these listed services; a storm needs few of them. */
function made(listed: string, storm: Partial<(typeof DEFAULT_GUARDS)['storm']> = {}) {
  const clock = fakeClock();
  const ledger = new Ledger({ store: memoryStore(), clock, logger: recordingLogger() });
  const open = new OpenIssues();
  const told: unknown[] = [];
  const units = names(listed).map((name) => [`${name}.service`, { unit: `${name}.service` }] as const);
  const ports = {
    ledger,
    guards: {
      ...DEFAULT_GUARDS,
      storm: { ...DEFAULT_GUARDS.storm, services: 4, share: 0.5, discovered: 3, ...storm },
    },
    policy: { services: new Map(units) },
    emit: (name: string, event: object) => void told.push([name, event]),
  };
  const look = (verdicts: readonly ComponentVerdict[]) => {
    open.watch(verdicts, new Date(clock.now()), ledger.now(), undefined, () => false);
    noteStorm(open, ports as never);
  };
  return { clock, ledger, look, told };
}
const names = (text: string): string[] => text.split(' ').filter(Boolean);
const bad = (text: string, more: Partial<ComponentVerdict> = {}): ComponentVerdict[] =>
  names(text).map((component) => verdictOf({ check: 'services', type: 'service', component, ...more }));

describe('a storm', () => {
  const custom = { check: 'http' };

  it.each<[string, string, ComponentVerdict[]]>([
    ['more than half of the listed services', 'a b c d', bad('a b c')],
    ['more than half of a longer list', 'a b c d e f g h', bad('a b c d e')],
    ['enough unlisted units', '', bad('x y z')],
    ['enough unlisted units beside a few listed ones', 'a b c d', bad('a x y z')],
    ['enough checks of the host program', 'a b c d', bad('x y z', custom)],
    ['enough checks of listed services', 'a b c d', bad('a b c', custom)],
  ])('is %s', (_what, listed, verdicts) => {
    const { look, ledger } = made(listed);
    look(verdicts);
    expect(ledger.state.storm).not.toBeNull();
  });

  it.each<[string, string, ComponentVerdict[]]>([
    ['half of the listed services', 'a b c d e f g h', bad('a b c d')],
    ['all of a list that is too short', 'a b c', bad('a b c')],
    ['too few unlisted units', '', bad('x y')],
    ['listed and unlisted units that are enough together', 'a b c d e f g h', bad('a b c x y')],
    ['a few listed services and one that is not', 'a b c d', bad('a b x')],
    ['units and checks that are enough together', '', [...bad('x y'), ...bad('z', custom)]],
    ['two checks of the same service', '', [...bad('x'), ...bad('x', custom), ...bad('y')]],
    ['resources', '', bad('x y z', { type: 'resource' })],
    ['mild issues, such as services that a person stopped', '', bad('x y z', { severity: 1 })],
  ])('is not %s', (_what, listed, verdicts) => {
    const { look, ledger, told } = made(listed);
    look(verdicts);
    expect([ledger.state.storm, told]).toEqual([null, []]);
  });

  it.each([
    [0.2, 'a', false],
    [0.2, 'a b', true],
    [0, 'a', true],
    [1, 'a b c d e f', false],
  ])('of six listed services, for a share of %d and failed services %j: %s', (share, down, isStorm) => {
    const { look, ledger } = made('a b c d e f', { share, services: 6, discovered: 10 });
    look(bad(down));
    expect(ledger.state.storm !== null).toBe(isStorm);
  });
});

describe('the events of a storm', () => {
  it('name what failed within the minute before its last failure', () => {
    const { look, clock, told } = made('');
    const ago = (component: string, ms: number) => bad(component, { since: clock.now() - ms });
    look([
      ...ago('long-ago', 5 * MINUTE),
      ...ago('a-minute-before', MINUTE + 1_000),
      ...ago('x', MINUTE),
      ...ago('y', 2_000),
      ...ago('z', 1_000),
    ]);
    expect(told).toEqual([['storm:began', { components: ['x', 'y', 'z'] }]]);
  });

  it('are one at its begin and one at its end, with its duration', async () => {
    const { look, clock, told } = made('');
    look(bad('x y z'));
    await clock.advance(MINUTE);
    look(bad('x y z'));
    expect(told).toHaveLength(1);
    await clock.advance(2 * MINUTE);
    look(bad('x'));
    expect(told).toHaveLength(1);
    look([]);
    expect(told.slice(1)).toEqual([['storm:ended', { lastedMs: 3 * MINUTE }]]);
    look([]);
    expect(told).toHaveLength(2);
  });

  it('tell the end also if the last services are still down, 10 min after the last failure', async () => {
    const { look, clock, ledger, told } = made('');
    look(bad('x y z'));
    await clock.advance(10 * MINUTE);
    look(bad('x'));
    expect(told.slice(1)).toEqual([['storm:ended', { lastedMs: 10 * MINUTE }]]);
    expect(ledger.state.storm).toBeNull();
  });
});
