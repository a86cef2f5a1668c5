import { allDrags } from './drags-along.js';
import { errorTextOf, runProgram } from './run-program.js';
import { showBlocks, shownProperties } from './show-output.js';
import { RELATION_PROPERTIES, parseUnitRelations } from './unit-relations.js';
import {
  DRAG_PROPERTIES,
  dragsOf,
  isFailing,
  merged,
  SERVICE_PROPERTIES,
  FAILING_STATES,
  UNIT_PROPERTIES,
  unitFacts,
  type UnitFacts,
  type UnitProperties,
  type UnitSource,
} from './unit-facts.js';

const TIMEOUTS = ['TimeoutStartUSec', 'TimeoutStopUSec', 'TimeoutUSec'];
const EVERYTHING = [...UNIT_PROPERTIES, ...SERVICE_PROPERTIES, ...TIMEOUTS, 'TasksCurrent'].join(',');
const TIMEOUT_MS = 10_000;
/** Limit of units that are read in addition to the requested ones. */
const MAX_OTHERS = 1_000;
const RELATIONS = [...RELATION_PROPERTIES, 'Type'].join(',');

/**
 * Reads units by `systemctl show`, for hosts without a bus: one process for all units, and further ones for related units
 * that are needed for the first time, for patterns, and while a job is running.
 */
export function createSystemctlUnits(systemctl = 'systemctl'): UnitSource {
  let knownTriggers: readonly string[] = [];
  /** Related units, read together with the requested ones from the next reading on. */
  const others = new Set<string>();
  let last: readonly UnitProperties[] = [];
  const drags = new Map<string, readonly string[]>();

  async function run(args: readonly string[], signal?: AbortSignal): Promise<string> {
    const output = await runProgram(systemctl, args, { timeoutMs: TIMEOUT_MS, signal });
    const errorText = errorTextOf(output);
    if (output.stdout === '' && errorText !== '') throw new Error(`${systemctl}: ${errorText}`);
    return output.stdout;
  }

  async function show(
    properties: string,
    patterns: readonly string[],
    signal?: AbortSignal,
    filter = [`--state=${FAILING_STATES.join(',')}`],
  ): Promise<UnitProperties[]> {
    if (patterns.length === 0) return [];
    const args = ['show', '--no-pager', `--property=${properties}`, ...filter, '--', ...patterns];
    return showBlocks(await run(args, signal)).map(shownProperties);
  }

  /** Returns related units from the last reading, or reads them; from then on they are part of each reading. */
  async function showBeside(
    names: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly UnitProperties[]> {
    const known = byName(last);
    const missing = names.filter((name) => !known.has(name));
    if (others.size > MAX_OTHERS) others.clear();
    for (const name of missing) others.add(name);
    return [...last, ...(await show(EVERYTHING, missing, signal))];
  }

  /** Returns the words of each line of a list. */
  async function list(args: readonly string[], signal?: AbortSignal): Promise<readonly string[][]> {
    const lines = await run([...args, '--no-pager', '--no-legend', '--plain', '--full'], signal);
    return lines.split('\n').map((line) => line.trim().split(/\s+/));
  }

  /** Returns the type of each job, by id. */
  const jobs = async (signal?: AbortSignal): Promise<ReadonlyMap<string, string>> =>
    new Map((await list(['list-jobs'], signal)).map(([id = '', , kind = '']) => [id, kind]));

  function find(units: ReadonlyMap<string, UnitProperties>, name: string): UnitProperties {
    const found = units.get(name);
    if (found === undefined) throw new Error(`${systemctl} returned no properties of ${name}`);
    return found;
  }

  return {
    async readUnits({ names, patterns = [], discover, beside = false, signal }) {
      const [bags, found] = await Promise.all([
        beside
          ? showBeside(names, signal)
          : show(EVERYTHING, merged(names, knownTriggers, [...others], discover ? ['*'] : []), signal),
        show(EVERYTHING, patterns, signal, []),
      ]);
      if (!beside) last = bags;
      const matched = found.filter((bag) => !bag.text('Id').endsWith('.target'));
      const units = byName(bags);
      const asked = names.map((name) => find(units, name));
      const isFirst = ({ text }: UnitProperties, index: number): boolean =>
        bags.findIndex((other) => other.text('Id') === text('Id')) === index;
      const troubled = bags.filter((bag, index) => discover && isFailingBag(bag) && isFirst(bag, index));

      const wanted = [...new Set([...asked, ...troubled, ...matched])];
      const triggers = merged(...wanted.map((bag) => bag.words('TriggeredBy')));
      const newTriggers = triggers.filter((name) => !units.has(name));
      // The indirect dependents change with unit files only, so they are cached by the direct ones.
      const keyOf = (bag: UnitProperties): string => [bag.text('Id'), ...dragsOf(bag)].join(' ');
      const uncached = wanted.filter((bag) => !drags.has(keyOf(bag)));
      const direct = new Map(uncached.map((bag) => [bag.text('Id'), dragsOf(bag)]));
      const readDrags = async (units: readonly string[]): Promise<Map<string, readonly string[]>> => {
        const read = await show(['Id', ...DRAG_PROPERTIES].join(','), units, signal);
        return new Map(read.map((bag) => [bag.text('Id'), dragsOf(bag)]));
      };
      const [around, kinds, followed] = await Promise.all([
        show('Id,ActiveState', newTriggers, signal),
        wanted.some((bag) => bag.text('Job') !== '') ? jobs(signal) : new Map<string, string>(),
        allDrags(direct, readDrags),
      ]);
      if (!beside) knownTriggers = triggers;
      if (drags.size > MAX_OTHERS) drags.clear();
      for (const bag of uncached) drags.set(keyOf(bag), followed.get(bag.text('Id')) ?? []);

      const states = new Map([...bags, ...around].map((bag) => [bag.text('Id'), bag.text('ActiveState')]));
      const facts = (name: string, bag: UnitProperties): UnitFacts =>
        unitFacts(name, bag, {
          job: kinds.get(bag.text('Job')) ?? '',
          stateOf: (unit) => states.get(unit) ?? '',
          dragsAlong: drags.get(keyOf(bag)) ?? [],
        });
      return {
        asked: names.map((name, index) => facts(name, asked[index]!)),
        troubled: troubled.map((bag) => facts(bag.text('Id'), bag)),
        matched: matched.map((bag) => facts(bag.text('Id'), bag)),
      };
    },

    async states(names, signal) {
      const units = byName(await showBeside(names, signal));
      return names.map((name) => units.get(name)?.text('ActiveState') ?? '');
    },

    async tasks(services, signal) {
      const units = byName(await showBeside(services, signal));
      // Without task accounting the value is `[not set]`, which counts as 0.
      return services.map((name) => units.get(name)?.count('TasksCurrent') ?? 0);
    },

    async readState(signal) {
      const [block] = showBlocks(await run(['show', '--no-pager', '--property=SystemState'], signal));
      const state = block?.get('SystemState');
      if (!state) throw new Error(`${systemctl} returned no system state`);
      return state;
    },

    async activeServices(signal) {
      const rows = await list(['list-units', '--type=service', '--state=active'], signal);
      return rows.map(([id = '']) => id).filter((id) => id.endsWith('.service'));
    },

    async relations(names, signal) {
      const units = byName(await show(RELATIONS, names, signal, []));
      return names.map((name) => parseUnitRelations(name, find(units, name)));
    },

    close() {
      others.clear();
      drags.clear();
      last = [];
      knownTriggers = [];
    },
  };
}

/** Indexes units by each of their names. */
function byName(bags: readonly UnitProperties[]): ReadonlyMap<string, UnitProperties> {
  const names = bags.flatMap((bag) => bag.words('Names').map((name) => [name, bag] as const));
  return new Map([...names, ...bags.map((bag) => [bag.text('Id'), bag] as const)]);
}

const isFailingBag = ({ text }: UnitProperties): boolean =>
  isFailing({ activeState: text('ActiveState'), subState: text('SubState') });
