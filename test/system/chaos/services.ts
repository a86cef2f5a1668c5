const RUNS = 'ExecStart=sleep infinity';
const NO_LIMIT = 'StartLimitIntervalSec=0';

const unit = (service: string, head = NO_LIMIT): string =>
  `[Unit]\n${head}\n[Service]\n${service}\n[Install]\nWantedBy=multi-user.target\n`;

/** Unit files of the services that faults affect, besides nginx, which is installed. */
export const UNIT_FILES: Readonly<Record<string, string>> = {
  'chaos-plain.service': unit(`Type=exec\n${RUNS}`),
  'chaos-slow.service': unit(`ExecStartPre=sleep 0.4\n${RUNS}`),
  'chaos-database.service': unit(`Type=exec\nExecStartPre=sleep 0.1\n${RUNS}`),
  'chaos-web.service': unit(
    RUNS,
    `${NO_LIMIT}\nRequires=chaos-database.service\nAfter=chaos-database.service`,
  ),
  // Stops with the database, and is not started with it.
  'chaos-bound.service': unit(
    RUNS,
    `${NO_LIMIT}\nBindsTo=chaos-database.service\nAfter=chaos-database.service`,
  ),
  // Exits with 143 on SIGTERM, like a JVM.
  'chaos-jvm.service': unit(`ExecStart=sh -c 'trap "exit 143" TERM; while :; do sleep 60 & wait $!; done'`),
  // While the operator runs it, the plain one is stopped.
  'chaos-maintenance.service': unit(RUNS, `${NO_LIMIT}\nConflicts=chaos-plain.service`),
  'chaos-limited.service': unit(RUNS, 'StartLimitIntervalSec=30\nStartLimitBurst=3'),
  'chaos-many@.service': unit(RUNS),
  // While the file exists, it starts well and dies a moment later.
  'chaos-flaky.service': unit(
    `ExecStart=sh -c 'test -e /run/chaos-flaky && { sleep 0.1; exit 1; }; exec sleep infinity'`,
  ),
  'chaos-restarting.service': unit(`${RUNS}\nRestart=always\nRestartSec=100ms`),
  // Its alias is that of sshd, the remote access to many hosts.
  'chaos-remote.service': unit(RUNS).concat('Alias=sshd.service\n'),
  'chaos-stranger.service': unit(RUNS),
  'chaos-bystander.service': unit(RUNS),
};

/** Listed services that the engine heals. */
export const HEALED = [
  'nginx',
  'chaos-plain',
  'chaos-slow',
  'chaos-database',
  'chaos-web',
  'chaos-bound',
  'chaos-jvm',
  'chaos-limited',
  'chaos-many@one',
  'chaos-many@two',
  'chaos-flaky',
] as const;
export type Healed = (typeof HEALED)[number];

/** Listed services that systemd itself restarts. */
export const RESTARTING = 'chaos-restarting';
/** Listed and protected services: one by its name, one by its alias. */
export const PROTECTED = ['dbus', 'chaos-remote'] as const;
/** Options of the engine. */
export const LISTED = [...HEALED, RESTARTING, ...PROTECTED];

/** Unlisted services: one that fails, one that is healthy. */
export const UNLISTED = ['chaos-stranger', 'chaos-bystander'] as const;
/** Units of the host itself, which must not be affected; the second stops with the bus. */
export const OF_THE_HOST = ['systemd-journald', 'systemd-logind'] as const;

/** Units that are started together with a unit. */
export const ALSO_STARTED: Readonly<Record<string, readonly string[]>> = {
  'chaos-web': ['chaos-database'],
  'chaos-bound': ['chaos-database'],
  'chaos-database': ['chaos-web', 'chaos-bound'],
  // It stops with the bus, and systemd starts it again.
  dbus: ['systemd-logind'],
};

/** Unlisted unit that conflicts with a listed one. */
export const MAINTENANCE = { service: 'chaos-maintenance', instead: 'chaos-plain' } as const;

/** Mount point of a file system that never answers. */
export const SILENT = '/srv/silent';

/** Small file system, the folder in it that may be emptied, and its component. */
export const DISK = { path: '/srv/small', cache: '/srv/small/cache', component: 'disk:/srv/small' } as const;
