/** Variables that fetching packages may need on this machine. */
const PROXY = /^(https?|ftp|no|all)_proxy$/i;

/**
 * Environment of every program that builds, boots or enters a test host: nothing of the caller's but its proxies. Its
 * `TMPDIR` names a folder that does not exist inside, and its `LANG`, `NODE_OPTIONS` or `SYSTEMD_LOG_LEVEL` would make
 * a host behave differently on each machine.
 */
export function hostEnvironment(
  caller: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const proxies = Object.entries(caller).filter(([name]) => PROXY.test(name));
  return {
    ...Object.fromEntries(proxies.map(([name, value]) => [name, value ?? ''])),
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LC_ALL: 'C.UTF-8',
  };
}
