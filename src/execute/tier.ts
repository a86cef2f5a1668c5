/** How the host is changed: in production through systemd, in development directly. */
export type Tier = 'service' | 'development';

/** The socket of the helper that runs as root. */
export const HELPER_SOCKET = '/run/luminous-healing.sock';

/** The tier that the environment asks for: `LUMINOUS_DEV_MODE` set to `1` or `true` means development. */
export function tierOf(environment: Readonly<Record<string, string | undefined>>): Tier {
  return ['1', 'true'].includes(environment.LUMINOUS_DEV_MODE?.toLowerCase() ?? '')
    ? 'development'
    : 'service';
}
