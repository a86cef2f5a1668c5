/** What every subject looks at. `services` and `system` are off: they ask systemd, over D-Bus. */
export const CHECKS = ['cpu', 'memory', 'disk', 'load'];

/** Nothing is ever over these, however busy the machine is. */
export const HEALTHY = { cpuPercent: 100, memoryPercent: 100, diskPercent: 100, loadAverage: 1e6 };

/** Whatever is not at rest is over these. */
export const TROUBLED = { cpuPercent: 0, memoryPercent: 0, diskPercent: 0, loadAverage: 0 };
