const RUNS = 'ExecStart=sleep infinity';
const NO_LIMIT = 'StartLimitIntervalSec=0';

const unit = (service: string, head = NO_LIMIT): string =>
  `[Unit]\n${head}\n[Service]\n${service}\n[Install]\nWantedBy=multi-user.target\n`;

/** Unit files of the services that chaos hits, besides nginx, which is there. */
export const UNIT_FILES: Readonly<Record<string, string>> = {
  'chaos-plain.service': unit(`Type=exec\n${RUNS}`),
  'chaos-slow.service': unit(`ExecStartPre=sleep 0.4\n${RUNS}`),
  'chaos-database.service': unit(`Type=exec\nExecStartPre=sleep 0.1\n${RUNS}`),
  'chaos-web.service': unit(
    RUNS,
    `${NO_LIMIT}\nRequires=chaos-database.service\nAfter=chaos-database.service`,
  ),
  // Goes down with the database, and is not started along with it.
  'chaos-bound.service': unit(
    RUNS,
    `${NO_LIMIT}\nBindsTo=chaos-database.service\nAfter=chaos-database.service`,
  ),
  // Exits with 143 on SIGTERM, like a JVM.
  'chaos-jvm.service': unit(`ExecStart=sh -c 'trap "exit 143" TERM; while :; do sleep 60 & wait $!; done'`),
  // While a person runs it, the plain one is stopped.
  'chaos-maintenance.service': unit(RUNS, `${NO_LIMIT}\nConflicts=chaos-plain.service`),
  'chaos-limited.service': unit(RUNS, 'StartLimitIntervalSec=30\nStartLimitBurst=3'),
  'chaos-many@.service': unit(RUNS),
  // While the file is there, it starts well and is dead a moment later.
  'chaos-flaky.service': unit(
    `ExecStart=sh -c 'test -e /run/chaos-flaky && { sleep 0.1; exit 1; }; exec sleep infinity'`,
  ),
  'chaos-restarting.service': unit(`${RUNS}\nRestart=always\nRestartSec=100ms`),
  // Its alias is that of the way into many a host.
  'chaos-remote.service': unit(RUNS).concat('Alias=sshd.service\n'),
  'chaos-stranger.service': unit(RUNS),
  'chaos-bystander.service': unit(RUNS),
};

/** Listed, and healed by the engine. */
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

/** Listed, and restarted by systemd itself. */
export const RESTARTING = 'chaos-restarting';
/** Listed, and protected: one by its name, one by its alias. */
export const PROTECTED = ['dbus', 'chaos-remote'] as const;
/** Options of the engine. */
export const LISTED = [...HEALED, RESTARTING, ...PROTECTED];

/** Not listed: one that fails, one that runs well. */
export const UNLISTED = ['chaos-stranger', 'chaos-bystander'] as const;
/** Units of the host itself, which nothing here has any business with; the second goes with the bus. */
export const OF_THE_HOST = ['systemd-journald', 'systemd-logind'] as const;

/** Units that are started together with a unit. */
export const ALSO_STARTED: Readonly<Record<string, readonly string[]>> = {
  'chaos-web': ['chaos-database'],
  'chaos-bound': ['chaos-database'],
  'chaos-database': ['chaos-web', 'chaos-bound'],
  // It ends with the bus, and systemd starts it again.
  dbus: ['systemd-logind'],
};

/** A unit that is not listed, and conflicts with one that is. */
export const MAINTENANCE = { service: 'chaos-maintenance', instead: 'chaos-plain' } as const;

/** Where something is mounted that never answers. */
export const SILENT = '/srv/silent';

/** A small file system, what in it may be deleted, and what the engine calls it. */
export const DISK = { path: '/srv/small', cache: '/srv/small/cache', component: 'disk:/srv/small' } as const;
