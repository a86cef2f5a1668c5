import { existsSync } from 'node:fs';

const DEFAULT_ADDRESS = 'unix:path=/run/dbus/system_bus_socket';

/**
 * Finds the first socket that exists in a bus address, which may list several. Default: `DBUS_SYSTEM_BUS_ADDRESS`, or
 * the well-known socket. The path of an abstract socket begins with a zero.
 */
export function socketPath(given = process.env['DBUS_SYSTEM_BUS_ADDRESS']): string {
  const address = given === undefined || given === '' ? DEFAULT_ADDRESS : given;
  for (const entry of address.split(';')) {
    // Other kinds of addresses may start programs.
    const [, kind, escaped] = /^unix:(?:.*,)?(path|abstract)=([^,]+)/.exec(entry) ?? [];
    const name = escaped === undefined ? undefined : unescaped(escaped);
    if (name === undefined) continue;
    if (kind === 'abstract') return `\0${name}`;
    if (existsSync(name)) return name;
  }
  throw new Error(`there is no system bus at ${address}`);
}

/** Returns the value of an address, or `undefined` where it is invalid. */
function unescaped(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
