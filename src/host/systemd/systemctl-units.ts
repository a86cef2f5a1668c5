import { allDrags } from './drags-along.js';
import { complaintOf, runProgram } from './run-program.js';
import { showBlocks, shownProperties } from './show-output.js';
import { RELATION_PROPERTIES, unitRelations } from './unit-relations.js';
import {
  DRAG_PROPERTIES,
  merged,
  SERVICE_PROPERTIES,
  TROUBLED_STATES,
  UNIT_PROPERTIES,
  unitFacts,
  type UnitFacts,
  type UnitProperties,
  type UnitSource,
} from './unit-facts.js';

const TIMEOUTS = ['TimeoutStartUSec', 'TimeoutStopUSec', 'TimeoutUSec'];
const EVERYTHING = [...UNIT_PROPERTIES, ...SERVICE_PROPERTIES, ...TIMEOUTS].join(',');
const RELATIONS = [...RELATION_PROPERTIES, 'Type'].join(',');

/** How to run systemctl. */
export interface SystemctlOptions {
  /** The program. Default `systemctl`, found by `PATH`. */
  readonly systemctl?: string | undefined;
  /** How long one run may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Reads units by `systemctl show`, for hosts without a bus: one process for all units.
 *
 * There is another one where a unit has a trigger that was not known before, where a job is under way, and where a
 * unit drags others along.
 */
export function createSystemctlUnits(options: SystemctlOptions = {}): UnitSource {
  const { systemctl = 'systemctl', timeoutMs = 10_000 } = options;
  let knownTriggers: readonly string[] = [];

  async function run(args: readonly string[], signal?: AbortSignal): Promise<string> {
    const output = await runProgram(systemctl, args, { timeoutMs, signal });
    const complaint = complaintOf(output);
    if (output.stdout === '' && complaint !== '') throw new Error(`${systemctl}: ${complaint}`);
    return output.stdout;
  }

  async function show(
    properties: string,
    patterns: readonly string[],
    signal?: AbortSignal,
    filter = [`--state=${TROUBLED_STATES.join(',')}`],
  ): Promise<UnitProperties[]> {
    if (patterns.length === 0) return [];
    const args = ['show', '--no-pager', `--property=${properties}`, ...filter, '--', ...patterns];
    return showBlocks(await run(args, signal)).map(shownProperties);
  }

  async function jobs(signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const lines = (await run(['list-jobs', '--no-pager', '--no-legend', '--plain', '--full'], signal)).split(
      '\n',
    );
    return new Map(lines.map((line) => line.trim().split(/\s+/)).map(([id = '', , kind = '']) => [id, kind]));
  }

  return {
    async readUnits({ names, patterns = [], discover, signal }) {
      const [bags, found] = await Promise.all([
        show(EVERYTHING, merged(names, knownTriggers, discover ? ['*'] : []), signal),
        show(EVERYTHING, patterns, signal, []),
      ]);
      const matched = found.filter((bag) => !bag.text('Id').endsWith('.target'));
      const find = (name: string): UnitProperties => {
        const found = bags.find((bag) => bag.text('Id') === name || bag.words('Names').includes(name));
        if (found === undefined) throw new Error(`${systemctl} said nothing of ${name}`);
        return found;
      };
      const asked = names.map(find);
      const troubled = bags.filter(
        (bag, index) => discover && isTroubled(bag) && bags.findIndex(sameAs(bag)) === index,
      );

      const wanted = [...new Set([...asked, ...troubled, ...matched])];
      const triggers = merged(...wanted.map((bag) => bag.words('TriggeredBy')));
      const newTriggers = triggers.filter((name) => !knownTriggers.includes(name));
      const direct = new Map(wanted.map((bag) => [bag.text('Id'), dragsOf(bag)]));
      const readDrags = async (units: readonly string[]): Promise<Map<string, readonly string[]>> => {
        const read = await show(['Id', ...DRAG_PROPERTIES].join(','), units, signal);
        return new Map(read.map((bag) => [bag.text('Id'), dragsOf(bag)]));
      };
      const [others, kinds, drags] = await Promise.all([
        show('Id,ActiveState', newTriggers, signal),
        wanted.some((bag) => bag.text('Job') !== '') ? jobs(signal) : new Map<string, string>(),
        allDrags(direct, readDrags),
      ]);
      knownTriggers = triggers;

      const states = new Map([...bags, ...others].map((bag) => [bag.text('Id'), bag.text('ActiveState')]));
      const facts = (name: string, bag: UnitProperties): UnitFacts =>
        unitFacts(name, bag, {
          job: kinds.get(bag.text('Job')) ?? '',
          stateOf: (unit) => states.get(unit) ?? '',
          dragsAlong: drags.get(bag.text('Id')) ?? [],
        });
      return {
        asked: names.map((name, index) => facts(name, asked[index]!)),
        troubled: troubled.map((bag) => facts(bag.text('Id'), bag)),
        matched: matched.map((bag) => facts(bag.text('Id'), bag)),
      };
    },

    async states(names, signal) {
      const bags = await show('Id,Names,LoadState,ActiveState', names, signal);
      const find = (name: string): UnitProperties | undefined =>
        bags.find((bag) => bag.text('Id') === name || bag.words('Names').includes(name));
      return names.map((name) => find(name)?.text('ActiveState') ?? '');
    },

    async tasks(services, signal) {
      const bags = await show('Id,Names,TasksCurrent', services, signal);
      const find = (name: string): UnitProperties | undefined =>
        bags.find((bag) => bag.text('Id') === name || bag.words('Names').includes(name));
      return services.map((name) => {
        const tasks = find(name)?.count('TasksCurrent') ?? 0;
        return tasks < Number.MAX_SAFE_INTEGER ? tasks : 0;
      });
    },

    async readState({ signal } = {}) {
      const [block] = showBlocks(await run(['show', '--no-pager', '--property=SystemState'], signal));
      const state = block?.get('SystemState');
      if (!state) throw new Error(`${systemctl} said nothing of the system's state`);
      return state;
    },

    async activeServices(signal) {
      const args = ['list-units', '--type=service', '--state=active', '--no-pager', '--no-legend', '--plain'];
      const lines = (await run([...args, '--full'], signal)).split('\n');
      return lines.map((line) => line.trim().split(/\s+/)[0] ?? '').filter((id) => id.endsWith('.service'));
    },

    async relations(units, signal) {
      const args = ['show', '--no-pager', `--property=${RELATIONS}`, '--', ...units];
      const bags = units.length === 0 ? [] : showBlocks(await run(args, signal)).map(shownProperties);
      return units.map((name) => {
        const bag = bags.find((one) => one.text('Id') === name || one.words('Names').includes(name));
        if (bag === undefined) throw new Error(`${systemctl} returned no properties of ${name}`);
        return unitRelations(name, bag);
      });
    },

    close() {
      knownTriggers = [];
    },
  };
}

const dragsOf = (bag: UnitProperties): readonly string[] =>
  merged(...DRAG_PROPERTIES.map((name) => bag.words(name)));

const isTroubled = (bag: UnitProperties): boolean =>
  TROUBLED_STATES.includes(bag.text('ActiveState')) || TROUBLED_STATES.includes(bag.text('SubState'));

const sameAs = (bag: UnitProperties) => (other: UnitProperties) => other.text('Id') === bag.text('Id');
