/** The checks that read numbers. The defaults have `services` and `system` besides, which read from systemd. */
export const CHECKS = ['cpu', 'memory', 'disk', 'load'];

/** Nothing is ever over these, however busy the machine is. */
export const HEALTHY = { cpuPercent: 100, memoryPercent: 100, diskPercent: 100, loadAverage: 1e6 };

/** CPU, memory and one file system are over these, and a check is bad: four issues on a host that is well, and idle. */
export const FOUR_ISSUES = {
  thresholds: { cpuPercent: 0, memoryPercent: 0, diskPercent: 100, loadAverage: 1e6 },
  mounts: { levels: { '/': { percent: 0 } } },
  checks: [
    {
      name: 'queue',
      component: 'queue',
      type: 'resource',
      run: () => ({ status: 'bad', reason: 'It has 9 entries', value: 9, threshold: 5 }),
    },
  ],
};
