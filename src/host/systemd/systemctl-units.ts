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
const EVERYTHING = [...UNIT_PROPERTIES, ...SERVICE_PROPERTIES, ...TIMEOUTS, 'TasksCurrent'].join(',');
/** Units that one process tells of beside those that were asked for. */
const MOST_OTHERS = 1_000;
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
 * There is another one for what was not known to be needed before (triggers, units that it drags along, units around one
 * that is down), for patterns, and while a job is under way.
 */
export function createSystemctlUnits(options: SystemctlOptions = {}): UnitSource {
  const { systemctl = 'systemctl', timeoutMs = 10_000 } = options;
  let knownTriggers: readonly string[] = [];
  /** Units around those that were asked for: they are shown along from the next reading on. */
  const others = new Set<string>();
  let last: readonly UnitProperties[] = [];
  const drags = new Map<string, readonly string[]>();

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

  /** Units that belong to the last reading; what it does not have is shown, and from now on with each reading. */
  async function showBeside(
    names: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly UnitProperties[]> {
    const known = byName(last);
    const missing = names.filter((name) => !known.has(name));
    if (others.size > MOST_OTHERS) others.clear();
    for (const name of missing) others.add(name);
    return [...last, ...(await show(EVERYTHING, missing, signal))];
  }

  async function jobs(signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const lines = (await run(['list-jobs', '--no-pager', '--no-legend', '--plain', '--full'], signal)).split(
      '\n',
    );
    return new Map(lines.map((line) => line.trim().split(/\s+/)).map(([id = '', , kind = '']) => [id, kind]));
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
      const find = (name: string): UnitProperties => {
        const found = units.get(name);
        if (found === undefined) throw new Error(`${systemctl} said nothing of ${name}`);
        return found;
      };
      const asked = names.map(find);
      const troubled = bags.filter(
        (bag, index) => discover && isTroubled(bag) && bags.findIndex(sameAs(bag)) === index,
      );

      const wanted = [...new Set([...asked, ...troubled, ...matched])];
      const triggers = merged(...wanted.map((bag) => bag.words('TriggeredBy')));
      const newTriggers = triggers.filter((name) => !units.has(name));
      // What goes down with a unit changes with unit files only: the same lists lead to the same units.
      const keyOf = (bag: UnitProperties): string => [bag.text('Id'), ...dragsOf(bag)].join(' ');
      const strange = wanted.filter((bag) => !drags.has(keyOf(bag)));
      const direct = new Map(strange.map((bag) => [bag.text('Id'), dragsOf(bag)]));
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
      if (drags.size > MOST_OTHERS) drags.clear();
      for (const bag of strange) drags.set(keyOf(bag), followed.get(bag.text('Id')) ?? []);

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
      // What is not counted is `[not set]`, which is no number.
      return services.map((name) => units.get(name)?.count('TasksCurrent') ?? 0);
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
      others.clear();
      drags.clear();
      last = [];
      knownTriggers = [];
    },
  };
}

/** Finds units by any of their names: looked for one by one, many take long. */
function byName(bags: readonly UnitProperties[]): ReadonlyMap<string, UnitProperties> {
  const names = bags.flatMap((bag) => bag.words('Names').map((name) => [name, bag] as const));
  return new Map([...names, ...bags.map((bag) => [bag.text('Id'), bag] as const)]);
}

const dragsOf = (bag: UnitProperties): readonly string[] =>
  merged(...DRAG_PROPERTIES.map((name) => bag.words(name)));

const isTroubled = (bag: UnitProperties): boolean =>
  TROUBLED_STATES.includes(bag.text('ActiveState')) || TROUBLED_STATES.includes(bag.text('SubState'));

const sameAs = (bag: UnitProperties) => (other: UnitProperties) => other.text('Id') === bag.text('Id');
