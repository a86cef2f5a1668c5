/**
 * Returns the user who connected, from the name of the instance that systemd started for the connection: `N-PID-UID` on
 * systemd 252, with one more field since 258. The format is undocumented, so a last field that is no number is refused.
 */
export function peerOf(instance: string | undefined): number {
  const field = instance?.slice(instance.lastIndexOf('-') + 1) ?? '';
  if (!instance?.includes('-') || !/^\d{1,10}$/.test(field)) {
    throw new Error(
      `Expected the name of an instance that ends in the id of a user, got ${JSON.stringify(instance ?? null)}: this program is started by luminous-healing-helper.socket`,
    );
  }
  return Number(field);
}
