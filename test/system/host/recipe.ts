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
  /** Unpacked by debootstrap, which cannot choose between alternatives. */
  base: ['systemd', 'systemd-sysv', 'dbus'],
  /** Installed by apt-get, without what they recommend. */
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
  /** Run inside the image after the packages are there. */
  commands: [
    ['apt-get', 'clean'],
    ['rm', '-rf', '/var/lib/apt/lists', '/etc/resolv.conf'],
    // As on NixOS: the daemon starts when somebody asks for it.
    ['systemctl', 'disable', 'nix-daemon.service'],
    // One test starts it; the others have no need of a server.
    ['systemctl', 'disable', 'ssh.service'],
    [
      'systemctl',
      'disable',
      'monit.service',
      'postgresql.service',
      'prometheus-node-exporter.service',
      'redis-server.service',
    ],
    // The timers would wake up in the middle of a test, and the console has no reader to log in.
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
    // As on NixOS: the journal outlives a reboot.
    ['mkdir', '-p', '/var/log/journal'],
    ['nix-store', '--init'],
  ],
  files: {
    '/etc/hostname': 'testhost\n',
    '/etc/hosts': '127.0.0.1 localhost testhost\n::1 localhost\n',
  },
};

/** The image of each suite. Debian 12 has systemd 252; Debian 13 has 257, for what differs, without Nix. */
export const recipes = {
  bookworm,
  trixie: {
    ...bookworm,
    suite: 'trixie',
    packages: bookworm.packages.filter((name) => !name.startsWith('nix-')),
    commands: bookworm.commands.filter((argv) => !argv.join(' ').includes('nix-')),
  },
} as const satisfies Readonly<Record<string, Recipe>>;
/** A Debian suite that a test host can have. */
export type Suite = keyof typeof recipes;
