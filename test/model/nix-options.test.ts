import { describe, expect, it } from 'vitest';
import { nixSettings } from '../../src/model/nix-options.js';

const HOUR = 3_600_000;

describe('the option `nix`', () => {
  it('allows no rollback and deletes no generation by default', () => {
    const settings = nixSettings();
    expect(settings).toEqual({
      ...{ allowRollback: false, deleteOlderThan: undefined },
      rebuild: { flake: undefined, flags: [] },
    });
    expect([settings, settings.rebuild].every(Object.isFrozen)).toBe(true);
  });

  it.each([
    ['1h', HOUR],
    ['30d', 30 * 24 * HOUR],
    ['2w', 14 * 24 * HOUR],
    ['99999h', 99_999 * HOUR],
  ])('takes %s as an age of generations', (words, ms) => {
    expect(nixSettings({ deleteOlderThan: words }).deleteOlderThan).toEqual({ words, ms });
  });

  it.each(['', '0d', '1', 'd', '1.5d', '-1d', '1m', '100000h', ' 1d', '1d ', 30, ['30d']])(
    'refuses %j as an age of generations',
    (deleteOlderThan) => {
      expect(() => nixSettings({ deleteOlderThan })).toThrow('Expected `nix.deleteOlderThan` to be');
    },
  );

  it('takes what nixos-rebuild is called with', () => {
    const rebuild = { flake: '/etc/nixos#host', flags: ['--show-trace'] };
    expect(nixSettings({ rebuild, allowRollback: true })).toMatchObject({ rebuild, allowRollback: true });
  });

  it.each([
    [{ rebuild: { flake: '' } }, 'Expected `nix.rebuild.flake` to be'],
    [{ rebuild: { flake: '--impure' } }, 'Expected `nix.rebuild.flake` to be'],
    [{ rebuild: { flake: 7 } }, 'Expected `nix.rebuild.flake` to be'],
    [{ rebuild: { flags: '--impure' } }, 'Expected `nix.rebuild.flags` to be'],
    [{ rebuild: { flag: [] } }, 'Unknown option `flag` in `nix.rebuild`'],
    [{ rebuild: 'now' }, 'Expected `nix.rebuild` to be'],
    [{ allowRollback: 'yes' }, 'Expected `nix.allowRollback` to be'],
    [{ rollback: true }, 'Unknown option `rollback` in `nix`'],
    ['yes', 'Expected `nix` to be'],
  ])('refuses %j', (given, message) => {
    expect(() => nixSettings(given)).toThrow(message);
  });
});
