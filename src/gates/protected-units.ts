import { UNIT_SUFFIX } from '../model/unit-name.js';

/**
 * Units that are never acted on, because the host, or access to it, depends on them. Each entry is a name without
 * suffix, which also covers its template instances (`sshd@…`), or a prefix that ends in `*`.
 */
export const PROTECTED_UNITS = [
  'init',
  'systemd-*',
  'dbus',
  'dbus-broker',
  'dbus-org.freedesktop.*',
  'polkit',
  'polkitd',
  'user@*',
  'user-runtime-dir@*',
  'session-*',
  'getty@*',
  'serial-getty@*',
  'console-getty',
  'container-getty@*',
  'autovt@*',
  'ssh',
  'sshd',
  'sshd-*',
  'NetworkManager',
  'NetworkManager-*',
  'networkd-dispatcher',
  'networking',
  'network-setup',
  'network-addresses-*',
  'dhcpcd',
  'iwd',
  'wpa_supplicant',
  'wpa_supplicant-*',
  'firewall',
  'firewalld',
  'nftables',
  'iptables',
  'ip6tables',
  'ufw',
  'openvpn',
  'openvpn-*',
  'wg-quick@*',
  'wg-quick-*',
  'wireguard-*',
  'strongswan',
  'strongswan-*',
  'ipsec',
  'tailscaled',
  'zerotierone',
  'zerotier-one',
  'nebula',
  'tinc',
  'tinc.*',
  'ocserv',
  'openconnect',
  'mullvad-daemon',
  'netbird',
  'netbird-*',
  'auditd',
  'nscd',
  'nsncd',
  'display-manager',
  'gdm',
  'gdm3',
  'sddm',
  'lightdm',
  'nix-daemon',
  'luminous-healing*',
  'reboot',
  'poweroff',
  'halt',
  'kexec',
  'soft-reboot',
  'exit',
  'suspend*',
  'hibernate',
  'hybrid-sleep',
  'sleep',
  'emergency',
  'rescue',
  'shutdown',
  'umount',
  'final',
  'ctrl-alt-del',
  'initrd-*',
] as const;

/** Returns the entry that protects a unit name, if any. `more`: additional entries of the host program. */
export function protectedBy(name: string, more: readonly string[] = []): string | undefined {
  const bare = name.replace(UNIT_SUFFIX, '');
  const covers = (pattern: string): boolean => {
    const plain = pattern.replace(UNIT_SUFFIX, '');
    return plain.endsWith('*')
      ? bare.startsWith(plain.slice(0, -1))
      : bare === plain || bare.startsWith(`${plain}@`);
  };
  return [...PROTECTED_UNITS, ...more].find(covers);
}
