import { effectsOf, type PlannedJob, type Verb } from '../actions/effects.js';
import { NO_EFFECTS, type Effects } from '../model/effects.js';
import type { Host } from '../host/host.js';
import { isUnknown } from '../model/reading.js';
import { hasStartLimitAction, type UnitRelations } from '../model/unit-relations.js';
import { isUnitName } from '../model/unit-name.js';
import type { Block, Step } from '../model/plan.js';
import { span } from '../base/format.js';

/** Largest number of units that a plan may affect. */
const MAX_UNITS = 500;

/** Effects of a plan, with the notes and the refusal that follow from them. */
export interface PlannedEffects {
  readonly effects: Effects;
  readonly notes: readonly string[];
  readonly refusal?: Block | undefined;
}

/** Jobs with their effects, and the units that they reach by name. */
interface Reached {
  readonly jobs: readonly PlannedJob[];
  readonly effects: Effects;
  readonly facts: Map<string, UnitRelations>;
}

/** Returns the effects of the jobs of a plan; reads the units that they reach, level by level. */
export async function planEffects(
  jobs: readonly PlannedJob[],
  host: Pick<Host, 'read' | 'unitRelations'>,
  signal: AbortSignal,
): Promise<PlannedEffects> {
  const facts = new Map<string, UnitRelations>();
  for (;;) {
    const { effects, missing } = effectsOf(jobs, (unit) => facts.get(unit));
    if (missing.length === 0) {
      const reached = { jobs, effects, facts };
      await readRequisites(reached, host, signal);
      const planned = judged(reached);
      return { ...planned, refusal: planned.refusal ?? (await stoppedStart(reached, host, signal)) };
    }
    if (facts.size + missing.length > MAX_UNITS)
      return unavailable(`The effects reach more than ${MAX_UNITS} units, the limit`);
    const read = await host.unitRelations?.(missing, signal);
    if (read === undefined) return unavailable('This host cannot read which units a job affects');
    if (isUnknown(read)) return unavailable(`The effects on other units are not known: ${read.unknown}`);
    missing.forEach((name, index) => {
      const unit = read[index];
      if (unit !== undefined) facts.set(name, unit).set(unit.id, unit);
    });
    const unread = missing.find((name) => !facts.has(name));
    if (unread !== undefined) return unavailable(`The effects on other units are not known: ${unread}`);
  }
}

/** Returns the units of the jobs, and those that start with them. */
function startedIn({ jobs, effects, facts }: Reached): readonly UnitRelations[] {
  const names = new Set([...jobs.map(({ unit }) => unit), ...effects.starts.map(({ id }) => id)]);
  return [...names].flatMap((name) => facts.get(name) ?? []);
}

/** Reads the `Requisite=` units of the started ones, which no job reaches. They are for notes only. */
async function readRequisites(
  reached: Reached,
  host: Pick<Host, 'unitRelations'>,
  signal: AbortSignal,
): Promise<void> {
  const { facts } = reached;
  const requisites = new Set(startedIn(reached).flatMap(({ requisite }) => requisite));
  const names = [...requisites].filter((name) => !facts.has(name));
  if (names.length === 0) return;
  const read = (await host.unitRelations?.(names, signal)) ?? [];
  if (isUnknown(read)) return;
  for (const [index, name] of names.entries()) if (read[index]) facts.set(name, read[index]);
}

const isStart = ({ verb }: PlannedJob): boolean => verb === 'start' || verb === 'restart';

/** Kinds of units that a person starts and stops. */
const STOPPABLE = /\.(service|socket|timer|path)$/;

/**
 * Returns a block if systemd would start, along with the units of the jobs, one that a person has stopped, or would have
 * to start one that is masked. A unit with `StopWhenUnneeded=` is left out: systemd itself stops it.
 */
async function stoppedStart(
  { jobs, effects, facts }: Reached,
  host: Pick<Host, 'read'>,
  signal: AbortSignal,
): Promise<Block | undefined> {
  const isMasked = (name: string): boolean =>
    facts.get(name)?.loadState === 'masked' && facts.get(name)?.activeState === 'inactive';
  const starting = jobs.filter(isStart);
  const masked = startedIn({ jobs: starting, effects, facts })
    .flatMap(({ requires, bindsTo }) => [...requires, ...bindsTo])
    .find(isMasked);
  const others = effects.starts
    .map(({ id }) => id)
    .filter((id) => STOPPABLE.test(id) && facts.get(id)?.stopWhenUnneeded !== true);
  const kept = masked ?? (others.length === 0 ? undefined : await stoppedByPerson(others, host, signal));
  if (kept === undefined) return undefined;
  const sentence = `Starting ${starting[0]?.unit} would start ${kept}, which a person has stopped or masked`;
  return { reason: 'not-allowed', sentence };
}

async function stoppedByPerson(names: readonly string[], host: Pick<Host, 'read'>, signal: AbortSignal) {
  const { units } = await host.read({ parts: ['units'], units: names, signal });
  if (isUnknown(units)) return undefined;
  return units.asked.find(
    ({ activeState, stoppedByJob, cause }) =>
      (activeState === 'inactive' || activeState === 'failed') && stoppedByJob === true && cause === null,
  )?.name;
}

const unavailable = (sentence: string): PlannedEffects => ({
  effects: NO_EFFECTS,
  notes: [],
  refusal: { reason: 'unavailable', sentence },
});

function judged(reached: Reached): PlannedEffects {
  const { jobs, effects, facts } = reached;
  const targets = [...new Set(jobs.map(({ unit }) => unit))].flatMap((unit) => facts.get(unit) ?? []);
  const started = startedIn(reached);
  const stale = started.filter(({ needDaemonReload }) => needDaemonReload).map(({ id }) => id);
  const notes = stale.map(
    (id) => `The unit file of ${id} changed on disk; systemd starts the loaded version until daemon-reload`,
  );
  const missing = started.flatMap((unit) =>
    unit.requisite
      .map((name) => facts.get(name))
      .filter((other) => other && other.activeState !== 'active')
      .map((other) => `${unit.id} cannot start while ${other!.id} is ${other!.activeState} (Requisite=)`),
  );
  const refusesStart = targets.find(({ refuseManualStart }) => refuseManualStart);
  const limited = jobs.some(({ verb }) => verb === 'start' || verb === 'restart')
    ? started.flatMap((unit) => startLimit(unit) ?? [])[0]
    : undefined;
  const refusal: Block | undefined = refusesStart
    ? { reason: 'protected', sentence: `${refusesStart.id} is protected: it has RefuseManualStart=yes` }
    : limited;
  return { effects, notes: [...notes, ...missing], refusal };
}

/** Returns a block when one more start could trigger the unit's `StartLimitAction`. */
function startLimit(unit: UnitRelations): Block | undefined {
  if (!hasStartLimitAction(unit)) return undefined;
  const { id, startLimitAction, startLimitBurst, startLimitIntervalMs, recentStarts } = unit;
  const action = `StartLimitAction=${startLimitAction}`;
  if (isUnknown(recentStarts)) {
    const sentence = `How often ${id} (${action}) was started lately is not known: ${recentStarts.unknown}`;
    return { reason: 'unavailable', sentence };
  }
  const starts = recentStarts.length;
  if (starts + 1 < startLimitBurst) return undefined;
  const free = (recentStarts[0] ?? NaN) + startLimitIntervalMs;
  const when = Number.isFinite(free) ? `; possible from ${new Date(free).toISOString()} on` : '';
  const sentence =
    `${id} was started ${starts} ${starts === 1 ? 'time' : 'times'} within ${span(startLimitIntervalMs)} and has ${action} at ` +
    `${startLimitBurst} starts${when}`;
  return { reason: 'backoff', sentence };
}

/** Jobs of the verbs of `systemctl`; any other verb counts as a restart, which affects the most units. */
const VERBS: Readonly<Record<string, readonly Verb[]>> = {
  ...{ start: ['start'], stop: ['stop'], restart: ['restart'], 'try-restart': ['restart'] },
  ...{ reload: ['reload'], 'reload-or-restart': ['restart', 'reload'] },
  ...{ 'try-reload-or-restart': ['restart', 'reload'] },
  ...{ 'reset-failed': [], 'daemon-reload': [], show: [], status: [], 'is-active': [], 'is-failed': [] },
};

/** Returns the jobs that a `systemctl` step queues. */
export function jobsOf(step: Step): PlannedJob[] {
  const [verb = ''] = systemctlArguments(step);
  const verbs = Object.hasOwn(VERBS, verb) ? VERBS[verb]! : (['restart'] as const);
  return namedBy(step).flatMap((unit) => verbs.map((one) => ({ verb: one, unit })));
}

/** Returns the full names of the units of a `systemctl` step. */
export function namedBy(step: Step): string[] {
  const [_verb, ...named] = systemctlArguments(step);
  return named.map((word) => (isUnitName(word) ? word : `${word}.service`)).filter(isUnitName);
}

/** Returns verb and names of a `systemctl` step; an empty array for other steps. */
function systemctlArguments(step: Step): readonly string[] {
  if (step.kind !== 'command') return [];
  const program = step.argv.findIndex((word) => /(^|\/)systemctl$/.test(word));
  if (program === -1) return [];
  const words = step.argv.slice(program + 1);
  const options = words.includes('--') ? words.indexOf('--') : words.length;
  // After `--`, `-.mount` is the name of a unit.
  return words.filter((word, index) => index > options || !word.startsWith('-'));
}
