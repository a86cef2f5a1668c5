/** Way in which the host is changed: in production through systemd, in development directly. */
export type Tier = 'service' | 'development';

/** Returns the tier that the environment selects: `LUMINOUS_DEV_MODE` set to `1` or `true` means development. */
export function tierOf(environment: Readonly<Record<string, string | undefined>>): Tier {
  return ['1', 'true'].includes(environment.LUMINOUS_DEV_MODE?.toLowerCase() ?? '')
    ? 'development'
    : 'service';
}
