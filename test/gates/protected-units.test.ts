import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { protectedBy, PROTECTED_UNITS } from '../../src/gates/protected-units.js';

describe('the list of protected units', () => {
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
      'the units of this library',
      [
        'luminous-healing.service',
        'luminous-healing-helper@1.service',
        'luminous-healing.socket',
        'luminous-healing-dashboard.service',
      ],
    ],
  ])('includes %s', (_row, units) => {
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
  ])('does not include %s, which has a similar name', (unit) => {
    expect(protectedBy(unit)).toBeUndefined();
  });
});

/** One literal name for each entry, so that no entry can be removed unnoticed. */
const EACH: Readonly<Record<(typeof PROTECTED_UNITS)[number], string>> = {
  init: 'init.scope',
  'systemd-*': 'systemd-x.service',
  dbus: 'dbus.service',
  'dbus-broker': 'dbus-broker.service',
  'dbus-org.freedesktop.*': 'dbus-org.freedesktop.x.service',
  polkit: 'polkit.service',
  polkitd: 'polkitd.service',
  'user@*': 'user@x.service',
  'user-runtime-dir@*': 'user-runtime-dir@x.service',
  'session-*': 'session-x.service',
  'getty@*': 'getty@x.service',
  'serial-getty@*': 'serial-getty@x.service',
  'console-getty': 'console-getty.service',
  'container-getty@*': 'container-getty@x.service',
  'autovt@*': 'autovt@x.service',
  ssh: 'ssh.service',
  sshd: 'sshd.service',
  'sshd-*': 'sshd-x.service',
  NetworkManager: 'NetworkManager.service',
  'NetworkManager-*': 'NetworkManager-x.service',
  'networkd-dispatcher': 'networkd-dispatcher.service',
  networking: 'networking.service',
  'network-setup': 'network-setup.service',
  'network-addresses-*': 'network-addresses-x.service',
  dhcpcd: 'dhcpcd.service',
  iwd: 'iwd.service',
  wpa_supplicant: 'wpa_supplicant.service',
  'wpa_supplicant-*': 'wpa_supplicant-x.service',
  firewall: 'firewall.service',
  firewalld: 'firewalld.service',
  nftables: 'nftables.service',
  iptables: 'iptables.service',
  ip6tables: 'ip6tables.service',
  ufw: 'ufw.service',
  openvpn: 'openvpn.service',
  'openvpn-*': 'openvpn-x.service',
  'wg-quick@*': 'wg-quick@x.service',
  'wg-quick-*': 'wg-quick-x.service',
  'wireguard-*': 'wireguard-x.service',
  strongswan: 'strongswan.service',
  'strongswan-*': 'strongswan-x.service',
  ipsec: 'ipsec.service',
  tailscaled: 'tailscaled.service',
  zerotierone: 'zerotierone.service',
  'zerotier-one': 'zerotier-one.service',
  nebula: 'nebula.service',
  tinc: 'tinc.service',
  'tinc.*': 'tinc.x.service',
  ocserv: 'ocserv.service',
  openconnect: 'openconnect.service',
  'mullvad-daemon': 'mullvad-daemon.service',
  netbird: 'netbird.service',
  'netbird-*': 'netbird-x.service',
  auditd: 'auditd.service',
  nscd: 'nscd.service',
  nsncd: 'nsncd.service',
  'display-manager': 'display-manager.service',
  gdm: 'gdm.service',
  gdm3: 'gdm3.service',
  sddm: 'sddm.service',
  lightdm: 'lightdm.service',
  'nix-daemon': 'nix-daemon.service',
  'luminous-healing*': 'luminous-healingx.service',
  reboot: 'reboot.service',
  poweroff: 'poweroff.service',
  halt: 'halt.service',
  kexec: 'kexec.service',
  'soft-reboot': 'soft-reboot.service',
  exit: 'exit.service',
  'suspend*': 'suspendx.service',
  hibernate: 'hibernate.service',
  'hybrid-sleep': 'hybrid-sleep.service',
  sleep: 'sleep.service',
  emergency: 'emergency.service',
  rescue: 'rescue.service',
  shutdown: 'shutdown.service',
  umount: 'umount.service',
  final: 'final.service',
  'ctrl-alt-del': 'ctrl-alt-del.service',
  'initrd-*': 'initrd-x.service',
};

describe('an entry of the list of protected units', () => {
  it('is one of the literal names of this test', () => {
    expect(Object.keys(EACH).sort()).toEqual([...PROTECTED_UNITS].sort());
  });

  it.each(Object.entries(EACH))('matches as expected: %s protects %s', (entry, unit) => {
    expect(protectedBy(unit)).toBeDefined();
    expect(protectedBy(unit.replace(/\.\w+$/, '.target'))).toBeDefined();
    expect(PROTECTED_UNITS).toContain(entry);
  });

  it.each([
    ...['reboot', 'poweroff', 'halt', 'kexec', 'soft-reboot', 'exit', 'suspend', 'suspend-then-hibernate'],
    ...['hibernate', 'hybrid-sleep', 'sleep', 'emergency', 'rescue', 'shutdown', 'umount', 'final'],
    ...['ctrl-alt-del', 'initrd-switch-root', 'initrd-cleanup'],
  ])('matches a target that stops or changes the whole host: %s.target', (name) => {
    expect(protectedBy(`${name}.target`)).toBeDefined();
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

  it('is protected for every unit type, and for every text in place of the star', () => {
    fc.assert(
      fc.property(names, suffix, tail, (pattern, kind, rest) => {
        const name = pattern.endsWith('*') ? `${pattern.slice(0, -1)}${rest}` : pattern;
        expect(protectedBy(`${name}${kind}`)).toBeDefined();
      }),
    );
  });
});

describe('the option protect', () => {
  it('adds to the fixed list, by name or prefix, with or without suffix', () => {
    expect(protectedBy('pg.service', ['pg'])).toBe('pg');
    expect(protectedBy('pg.service', ['pg.service'])).toBe('pg.service');
    expect(protectedBy('pg@15.service', ['pg@*'])).toBe('pg@*');
    expect(protectedBy('pgbouncer.service', ['pg'])).toBeUndefined();
  });

  it('can add entries, and never remove one', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (more) => {
        expect(protectedBy('sshd.service', more)).toBeDefined();
      }),
    );
  });

  it('is matched literally, without patterns but the star at the end', () => {
    expect(protectedBy('nginx.service', ['ngin.'])).toBeUndefined();
    expect(protectedBy('nginx.service', ['n.*x'])).toBeUndefined();
  });
});
