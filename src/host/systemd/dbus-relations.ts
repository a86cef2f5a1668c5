import type { UnitRelations } from '../../model/unit-relations.js';
import { MANAGER, type SystemBus } from './bus.js';
import { dbusProperties, unitPath } from './dbus-properties.js';
import { unitRelations } from './unit-relations.js';

const INTERFACE = 'org.freedesktop.systemd1';

/** Reads over the bus how units relate to others. A unit that is not loaded is loaded by the question. */
export function dbusRelations(
  bus: SystemBus,
  units: readonly string[],
  signal?: AbortSignal,
): Promise<readonly UnitRelations[]> {
  const ask = (unit: string, member: string, ...body: string[]): Promise<unknown> =>
    bus.call(
      {
        ...MANAGER,
        ...{ path: unitPath(unit), interface: 'org.freedesktop.DBus.Properties', member },
        ...{ signature: 's'.repeat(body.length), body },
      },
      signal,
    );
  return Promise.all(
    units.map(async (unit) => {
      const isService = unit.endsWith('.service');
      const [common, type] = await Promise.all([
        ask(unit, 'GetAll', `${INTERFACE}.Unit`),
        isService ? ask(unit, 'Get', `${INTERFACE}.Service`, 'Type') : '',
      ]);
      return unitRelations(unit, dbusProperties({ ...(common as object), Type: type }));
    }),
  );
}
