import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { protectedBy, PROTECTED_UNITS } from '../../src/guard/protected.js';

describe('always protected', () => {
  it.each([
    ['PID 1', ['init.scope']],
    [
      'systemd-*',
      [
        'systemd-journald.service',
        'systemd-networkd.service',
        'systemd-udevd.service',
        'systemd-logind.service',
        'systemd-resolved.service',
        'systemd-networkd.socket',
      ],
    ],
    ['dbus', ['dbus.service', 'dbus.socket', 'dbus-broker.service']],
    ['polkit', ['polkit.service']],
    ['user@*', ['user@1000.service', 'user@0.service']],
    ['getty@*', ['getty@tty1.service', 'serial-getty@ttyS0.service']],
    ['ssh and sshd', ['ssh.service', 'sshd.service', 'ssh.socket', 'sshd@1-10.0.0.1:22.service']],
    ['NetworkManager', ['NetworkManager.service', 'NetworkManager-wait-online.service']],
    ['dhcpcd', ['dhcpcd.service', 'dhcpcd@eth0.service']],
    ['iwd', ['iwd.service']],
    [
      'wpa_supplicant',
      ['wpa_supplicant.service', 'wpa_supplicant-wlan0.service', 'wpa_supplicant@wlan0.service'],
    ],
    ['firewalls', ['firewalld.service', 'nftables.service', 'firewall.service']],
    [
      'VPN daemons of NixOS',
      [
        'openvpn-work.service',
        'wg-quick-wg0.service',
        'wireguard-wg0.service',
        'tailscaled.service',
        'zerotierone.service',
        'strongswan.service',
        'nebula@mesh.service',
        'tinc.mesh.service',
      ],
    ],
    [
      'VPN daemons of Debian',
      [
        'openvpn.service',
        'openvpn@work.service',
        'openvpn-client@work.service',
        'openvpn-server@work.service',
        'wg-quick@wg0.service',
        'ipsec.service',
        'strongswan-starter.service',
        'zerotier-one.service',
        'tinc@mesh.service',
        'ocserv.service',
        'mullvad-daemon.service',
        'netbird.service',
        'nebula.service',
      ],
    ],
    ['auditd', ['auditd.service']],
    ['nscd', ['nscd.service']],
    ['display-manager', ['display-manager.service', 'gdm.service', 'sddm.service', 'lightdm.service']],
    ['nix-daemon', ['nix-daemon.service', 'nix-daemon.socket']],
    [
      'everything of our own',
      [
        'luminous-healing.service',
        'luminous-healing-helper@1.service',
        'luminous-healing.socket',
        'luminous-healing-dashboard.service',
      ],
    ],
  ])('%s', (_row, units) => {
    const free = units.filter((unit) => protectedBy(unit) === undefined);
    expect(free).toEqual([]);
  });

  it.each([
    'nginx.service',
    'postgresql.service',
    'sshguard.service',
    'mydbus.service',
    'userd.service',
    'initd.service',
    'my-systemd.service',
    'gettyx.service',
  ])('but not %s, which only sounds like one', (unit) => {
    expect(protectedBy(unit)).toBeUndefined();
  });
});

describe('a protected name', () => {
  const names = fc.constantFrom(...PROTECTED_UNITS);
  const suffix = fc.constantFrom(
    '',
    '.service',
    '.socket',
    '.timer',
    '.target',
    '.path',
    '.mount',
    '.scope',
    '.slice',
  );
  const tail = fc.stringMatching(/^[a-z0-9:_-]{0,12}$/);

  it('is protected whatever kind of unit it is, and whatever stands for the star', () => {
    fc.assert(
      fc.property(names, suffix, tail, (pattern, kind, rest) => {
        const name = pattern.endsWith('*') ? `${pattern.slice(0, -1)}${rest}` : pattern;
        expect(protectedBy(`${name}${kind}`)).toBeDefined();
      }),
    );
  });
});

describe("the host program's own list", () => {
  it('is added to the fixed one, by name or prefix, with or without suffix', () => {
    expect(protectedBy('pg.service', ['pg'])).toBe('pg');
    expect(protectedBy('pg.service', ['pg.service'])).toBe('pg.service');
    expect(protectedBy('pg@15.service', ['pg@*'])).toBe('pg@*');
    expect(protectedBy('pgbouncer.service', ['pg'])).toBeUndefined();
  });

  it('can add, never take away', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (more) => {
        expect(protectedBy('sshd.service', more)).toBeDefined();
      }),
    );
  });

  it('is taken literally: it holds no patterns but the star at the end', () => {
    expect(protectedBy('nginx.service', ['ngin.'])).toBeUndefined();
    expect(protectedBy('nginx.service', ['n.*x'])).toBeUndefined();
  });
});
