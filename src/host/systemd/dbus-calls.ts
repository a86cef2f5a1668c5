import { MANAGER, type SystemBus } from './bus.js';
import type { UnitRelations } from '../../model/unit-relations.js';
import { dbusProperties, unitPath } from './dbus-properties.js';
import type { DirectDrags } from './drags-along.js';
import { DRAG_PROPERTIES, merged, SERVICE_PROPERTIES, timeoutProperties } from './unit-facts.js';
import { parseUnitRelations } from './unit-relations.js';

const INTERFACE = 'org.freedesktop.systemd1';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

/** An entry of systemd's unit lists. */
export interface ListedUnit {
  /** Primary name of the unit. */
  readonly id: string;
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  readonly path: string;
  /** Id and type of the current job; 0 and empty for none. */
  readonly jobId: number;
  readonly job: string;
}

export type UnitRef = Pick<ListedUnit, 'id' | 'path'>;

export type DbusCalls = ReturnType<typeof dbusCalls>;

/** Returns the calls to systemd over the bus. */
export function dbusCalls(bus: Pick<SystemBus, 'call'>, signal?: AbortSignal) {
  async function list(member: string, ...body: (readonly string[])[]): Promise<ListedUnit[]> {
    const answer = await bus.call({ ...MANAGER, member, body }, signal);
    if (!Array.isArray(answer)) throw new Error(`systemd returned no list from ${member}`);
    return answer.map(parseListedUnit);
  }

  const properties = (path: string, member: string, ...body: string[]): Promise<unknown> =>
    bus.call({ ...MANAGER, path, interface: PROPERTIES, member, body }, signal);
  const get = (path: string, kind: string, name: string): Promise<unknown> =>
    properties(path, 'Get', `${INTERFACE}.${kind}`, name);
  /** Returns the type of a job; empty if it has ended. */
  const jobType = async (path: string): Promise<string> =>
    String(await get(path, 'Job', 'JobType').catch(() => ''));

  return {
    jobType,

    /** Lists units by name, one entry per name and in that order, including names that do not exist. */
    async named(names: readonly string[]): Promise<readonly ListedUnit[]> {
      if (names.length === 0) return [];
      const units = await list('ListUnitsByNames', names);
      if (units.length !== names.length)
        throw new Error(`systemd listed ${units.length} of ${names.length} units`);
      return units;
    },

    /** Lists the loaded units whose name matches one of these patterns. */
    matching: (patterns: readonly string[]): Promise<readonly ListedUnit[]> =>
      list('ListUnitsByPatterns', [], patterns),

    /** Lists the loaded units that are in one of these states. */
    inState: (states: readonly string[]): Promise<readonly ListedUnit[]> => list('ListUnitsFiltered', states),

    /** Reads the properties of a unit that `unitFacts` needs. */
    async properties({ id, path }: UnitRef): Promise<Record<string, unknown>> {
      const suffix = id.slice(id.lastIndexOf('.') + 1);
      const kind = suffix.charAt(0).toUpperCase() + suffix.slice(1);
      // One by one, because `GetAll` of a service makes PID 1 read its control group.
      const names = merged(
        Object.values(timeoutProperties(id)),
        suffix === 'service' ? SERVICE_PROPERTIES : [],
      );
      const [common, ...own] = await Promise.all([
        properties(path, 'GetAll', `${INTERFACE}.Unit`),
        ...names.map((name) => get(path, kind, name)),
      ]);
      return { ...(common as object), ...Object.fromEntries(names.map((name, index) => [name, own[index]])) };
    },

    /** Returns the type of the job of a unit, or empty. */
    async job(unit: Partial<ListedUnit>, { Job: job }: Record<string, unknown>): Promise<string> {
      const [id, path] = Array.isArray(job) ? (job as [number, string]) : [0, ''];
      if (id === 0) return '';
      return id === unit.jobId && unit.job !== undefined ? unit.job : jobType(path);
    },

    /** Reads, for each unit, the units that are stopped with it directly. */
    async drags(units: readonly string[]): Promise<DirectDrags> {
      const read = async (unit: string): Promise<[string, readonly string[]]> => {
        const lists = await Promise.all(DRAG_PROPERTIES.map((name) => get(unitPath(unit), 'Unit', name)));
        return [unit, merged(...(lists as string[][]))];
      };
      return new Map(await Promise.all(units.map(read)));
    },

    /** Reads the number of tasks in the control group of each service; 0 without task accounting. */
    tasks: (units: readonly string[]): Promise<readonly number[]> =>
      Promise.all(
        units.map(async (unit) =>
          counted(await get(unitPath(unit), 'Service', 'TasksCurrent').catch(() => 0)),
        ),
      ),

    /** Reads `SystemState`. */
    state: async () => String(await get(MANAGER.path, 'Manager', 'SystemState')),

    /** Reads the relations of units. systemd loads a unit that is not loaded. */
    relations: (units: readonly string[]): Promise<readonly UnitRelations[]> =>
      Promise.all(
        units.map(async (unit) => {
          const [common, type] = await Promise.all([
            properties(unitPath(unit), 'GetAll', `${INTERFACE}.Unit`),
            unit.endsWith('.service') ? get(unitPath(unit), 'Service', 'Type') : '',
          ]);
          return parseUnitRelations(unit, dbusProperties({ ...(common as object), Type: type }));
        }),
      ),
  };
}

/** Without task accounting the property is the largest number of 64 bits. */
function counted(value: unknown): number {
  const number = Number(value);
  return number < Number.MAX_SAFE_INTEGER ? number : 0;
}

function parseListedUnit(entry: unknown): ListedUnit {
  const [id, , loadState, activeState, subState, , path, jobId, job] = entry as unknown[];
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    id: text(id),
    loadState: text(loadState),
    activeState: text(activeState),
    subState: text(subState),
    path: text(path),
    jobId: Number(jobId),
    job: text(job),
  };
}
