/** The checks that read numbers. The defaults have `services` and `system` besides, which read from systemd. */
export const CHECKS = ['cpu', 'memory', 'disk', 'load'];

/** Nothing is ever over these, however busy the machine is. */
export const HEALTHY = { cpuPercent: 100, memoryPercent: 100, diskPercent: 100, loadAverage: 1e6 };

/** Whatever is in use is over these: four issues on a host with one local file system. */
export const FOUR_ISSUES = { cpuPercent: 0, memoryPercent: 0, diskPercent: 0, loadAverage: 0 };
