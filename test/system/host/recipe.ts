/** Contents of the image of a test host; its hash is the name of the image in the cache. */
interface Recipe {
  readonly suite: string;
  readonly architecture: string;
  readonly base: readonly string[];
  readonly packages: readonly string[];
  readonly commands: readonly (readonly string[])[];
  readonly files: Readonly<Record<string, string>>;
}

const bookworm: Recipe = {
  suite: 'bookworm',
  architecture: process.arch,
  /** Packages for debootstrap, which cannot choose between alternatives. */
  base: ['systemd', 'systemd-sysv', 'dbus'],
  /** Packages for apt-get, without recommended ones. */
  packages: [
    'ca-certificates',
    'curl',
    'e2fsprogs',
    'iproute2',
    'monit',
    'nginx-light',
    'nix-bin',
    'nix-setup-systemd',
    'openssh-server',
    'openssl',
    'postgresql',
    'procps',
    'prometheus-node-exporter',
    'python3-psutil',
    'redis-server',
    'strace',
    'sudo',
    'util-linux',
  ],
  /** Script that runs inside the image after the packages are installed. */
  commands: [
    ['apt-get', 'clean'],
    ['rm', '-rf', '/var/lib/apt/lists', '/etc/resolv.conf'],
    // As on NixOS: the daemon is started by its socket.
    ['systemctl', 'disable', 'nix-daemon.service'],
    // One test starts it; the others need no server.
    ['systemctl', 'disable', 'ssh.service'],
    [
      'systemctl',
      'disable',
      'monit.service',
      'postgresql.service',
      'prometheus-node-exporter.service',
      'redis-server.service',
    ],
    // The timers would fire during a test, and the console needs no login.
    [
      'systemctl',
      'mask',
      'apt-daily.timer',
      'apt-daily-upgrade.timer',
      'console-getty.service',
      'dpkg-db-backup.timer',
      'e2scrub_all.timer',
      'e2scrub_reap.service',
      'fstrim.timer',
    ],
    // As on NixOS: the journal survives a reboot.
    ['mkdir', '-p', '/var/log/journal'],
    ['nix-store', '--init'],
  ],
  files: {
    '/etc/hostname': 'testhost\n',
    '/etc/hosts': '127.0.0.1 localhost testhost\n::1 localhost\n',
  },
};

/** Image of each suite. Debian 12 has systemd 252; Debian 13 has 257, for the differences, without Nix. */
export const recipes = {
  bookworm,
  trixie: {
    ...bookworm,
    suite: 'trixie',
    packages: bookworm.packages.filter((name) => !name.startsWith('nix-')),
    commands: bookworm.commands.filter((argv) => !argv.join(' ').includes('nix-')),
  },
} as const satisfies Readonly<Record<string, Recipe>>;
/** Debian suite of a test host. */
export type Suite = keyof typeof recipes;
