import { MANAGER, type SystemBus } from './bus.js';
import { unitPath } from './dbus-properties.js';
import { DRAG_PROPERTIES, merged, SERVICE_PROPERTIES, timeoutProperties } from './unit-facts.js';

const INTERFACE = 'org.freedesktop.systemd1';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

/** One line of systemd's lists of units. */
export interface Listed {
  /** Primary name of the unit. */
  readonly id: string;
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  readonly path: string;
  /** Number and kind of the job under way; 0 and empty where there is none. */
  readonly jobId: number;
  readonly job: string;
}

/** The questions that are put to systemd over the bus. */
export interface DbusCalls {
  /** Units by name, one line for each name and in that order. Names that nobody knows are listed too. */
  named(names: readonly string[]): Promise<readonly Listed[]>;
  /** Loaded units whose name matches one of these patterns. */
  matching(patterns: readonly string[]): Promise<readonly Listed[]>;
  /** Loaded units that are in one of these states. */
  inState(states: readonly string[]): Promise<readonly Listed[]>;
  /** The properties of a unit that matter. */
  properties(unit: Pick<Listed, 'id' | 'path'>): Promise<Record<string, unknown>>;
  /** Kind of the job that the properties tell of, or empty. */
  job(unit: Partial<Listed>, properties: Record<string, unknown>): Promise<string>;
  /** For each unit, the units that go down with it directly. */
  drags(units: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** How many tasks the control group of each service holds; 0 where that is not counted. */
  tasks(units: readonly string[]): Promise<readonly number[]>;
  /** systemd's word for the whole system. */
  state(): Promise<string>;
}

/** Makes the questions of one reading. */
export function dbusCalls(bus: SystemBus, signal?: AbortSignal): DbusCalls {
  async function list(member: string, ...body: (readonly string[])[]): Promise<Listed[]> {
    const answer = await bus.call({ ...MANAGER, member, body }, signal);
    if (!Array.isArray(answer)) throw new Error(`systemd answered ${member} with no list`);
    return answer.map(listed);
  }

  const properties = (path: string, member: string, ...body: string[]): Promise<unknown> =>
    bus.call({ ...MANAGER, path, interface: PROPERTIES, member, body }, signal);
  const get = (path: string, kind: string, name: string): Promise<unknown> =>
    properties(path, 'Get', `${INTERFACE}.${kind}`, name);

  return {
    async named(names) {
      if (names.length === 0) return [];
      const units = await list('ListUnitsByNames', names);
      if (units.length !== names.length)
        throw new Error(`systemd listed ${units.length} of ${names.length} units`);
      return units;
    },

    matching: (patterns) => list('ListUnitsByPatterns', [], patterns),

    inState: (states) => list('ListUnitsFiltered', states),

    async properties({ id, path }) {
      const suffix = id.slice(id.lastIndexOf('.') + 1);
      const kind = suffix.charAt(0).toUpperCase() + suffix.slice(1);
      // One by one, because asking for all properties of a service makes PID 1 read its control group.
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

    async job(unit, { Job: job }) {
      const [id, path] = Array.isArray(job) ? (job as [number, string]) : [0, ''];
      if (id === 0) return '';
      if (id === unit.jobId && unit.job !== undefined) return unit.job;
      // A job may be gone before it can be asked for.
      return String(await get(path, 'Job', 'JobType').catch(() => ''));
    },

    async drags(units) {
      const read = async (unit: string): Promise<[string, readonly string[]]> => {
        const lists = await Promise.all(DRAG_PROPERTIES.map((name) => get(unitPath(unit), 'Unit', name)));
        return [unit, merged(...(lists as string[][]))];
      };
      return new Map(await Promise.all(units.map(read)));
    },

    tasks: (units) =>
      Promise.all(
        units.map(async (unit) =>
          counted(await get(unitPath(unit), 'Service', 'TasksCurrent').catch(() => 0)),
        ),
      ),

    state: async () => String(await get(MANAGER.path, 'Manager', 'SystemState')),
  };
}

/** What is not counted is the largest number of 64 bits. */
function counted(value: unknown): number {
  const number = Number(value);
  return number < Number.MAX_SAFE_INTEGER ? number : 0;
}

function listed(entry: unknown): Listed {
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
