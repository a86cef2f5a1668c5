import type { Deed } from './chaos-host.js';
import type { Called, Told } from './engine-service.js';
import type { Forbidden, Interrupted } from './inject.js';
import type { Start } from './journal.js';
import { ALSO_STARTED, DISK, HEALED, OF_THE_HOST, PROTECTED, RESTARTING, UNLISTED } from './services.js';

/** Records of the engine, of the fault injection, and of systemd. */
export interface Records {
  readonly told: readonly Told[];
  readonly called: readonly Called[];
  readonly starts: readonly Start[];
  readonly deeds: readonly Deed[];
  readonly forbidden: readonly Forbidden[];
  readonly interrupted: readonly Interrupted[];
  readonly stateLost: readonly number[];
  /** Times of the injected faults. */
  readonly injectedAt: readonly number[];
  readonly calmMs: number;
}

/**
 * One repair from its start to its end; without an end if the engine was killed. A repair of a unit that systemd has a
 * job for by then ends with the gate that blocks it.
 */
export interface Repair {
  readonly started: Told;
  readonly done: Told | undefined;
  /** Time of its end, or of the last output of the engine that made it. */
  readonly until: number;
}

/** Engine log, call log and journal use the same clock, but are written with different delays. */
const SLACK_MS = 1_000;

/** Returns the repairs that the engines reported. */
export function repairsIn(told: readonly Told[]): Repair[] {
  return told.flatMap((started, index) => {
    if (started.event !== 'started') return [];
    const later = told.slice(index + 1).filter(({ pid }) => pid === started.pid);
    const done = later.find(
      ({ event, component }) => (event === 'done' || event === 'blocked') && component === started.component,
    );
    return [{ started, done, until: (done ?? later.at(-1) ?? started).at }];
  });
}

/** Violations, as sentences; empty if there are none. */
export function violationsIn(records: Records): string[] {
  const repairs = repairsIn(records.told);
  return [
    ...withoutIntent(repairs),
    ...withoutReason(records.told),
    ...withoutEnd(repairs, records.told),
    ...atOnce(repairs),
    ...besideInAStorm(records.told, repairs),
    ...onOthers(repairs),
    ...callsWithoutRepair(records.called, repairs),
    ...callsForbidden(records.called, records.forbidden),
    ...startsByNobody(records),
    ...startsForbidden(records.starts, records.forbidden),
    ...inAStorm(records, repairs),
    ...forgotten(records),
    ...goneWrong(records.told),
  ];
}

const on = ({ component = '', at }: Told): string => `${component} at ${new Date(at).toISOString()}`;

function withoutIntent(repairs: readonly Repair[]): string[] {
  return repairs
    .filter(({ started }) => !started.written?.includes(started.component ?? ''))
    .map(({ started }) => `No intent was on disk before the repair of ${on(started)}`);
}

function withoutReason(told: readonly Told[]): string[] {
  const silent = told.filter(({ event, component = '', why, description, explained }) => {
    const explains = explained?.some((text) => text.startsWith(`${component}: `) && text.includes('next: '));
    if (event === 'opened') return !explains || !description;
    if (event === 'started') return !description;
    // The last events of an issue may follow its end.
    if (event === 'blocked') return !why || (explained?.length !== 0 && !explains);
    return event === 'done' && !why;
  });
  return silent.map((line) => `No reason was given for "${line.event}" of ${on(line)}`);
}

function withoutEnd(repairs: readonly Repair[], told: readonly Told[]): string[] {
  return repairs
    .filter(
      ({ started, done }) =>
        !done && told.some(({ pid, event }) => pid === started.pid && event === 'closed'),
    )
    .map(({ started }) => `Nobody told how the repair of ${on(started)} ended`);
}

/** Maximum number of repairs at the same time, each of another component. */
const MOST_AT_ONCE = 4;

function atOnce(repairs: readonly Repair[]): string[] {
  return repairs.flatMap(({ started }, index) => {
    const before = repairs.slice(0, index).filter((other) => other.started.pid === started.pid);
    const open = before.filter(({ until, done }) => until > started.at || done === undefined);
    const same = open.find((other) => other.started.component === started.component);
    if (same) return [`${on(started)} was repaired while it still was since ${on(same.started)}`];
    if (open.length < MOST_AT_ONCE) return [];
    return [`${on(started)} was repaired beside ${open.length} others, though ${MOST_AT_ONCE} is the limit`];
  });
}

/** Until a storm has ended, services are repaired one at a time; earlier repairs continue. */
function besideInAStorm(told: readonly Told[], repairs: readonly Repair[]): string[] {
  const services = repairs.filter(({ started }) => started.component !== DISK.component);
  return told.flatMap((storm) => {
    if (storm.event !== 'storm') return [];
    const end = told.find(({ event, at, pid }) => event === 'calm' && pid === storm.pid && at > storm.at);
    const within = services.filter(
      ({ started: { pid, at } }) => pid === storm.pid && at > storm.at && at < (end?.at ?? Infinity),
    );
    return within.flatMap(({ started }, index) => {
      const open = within.slice(0, index).find(({ until }) => until > started.at);
      return open ? [`${on(started)} was repaired beside ${on(open.started)} in a storm`] : [];
    });
  });
}

function onOthers(repairs: readonly Repair[]): string[] {
  const allowed = new Set([...HEALED, RESTARTING].map((service) => `${service}.service`).concat(DISK.cache));
  return repairs
    .filter(({ started }) => !started.targets?.every((target) => allowed.has(target)))
    .map(({ started }) => `The repair of ${on(started)} acted on ${started.targets?.join(', ')}`);
}

function callsWithoutRepair(called: readonly Called[], repairs: readonly Repair[]): string[] {
  return called.flatMap(({ at, verb, service }) => {
    const repair = repairs.find(
      ({ started, until }) => started.component === service && started.at <= at + 1 && at <= until + SLACK_MS,
    );
    const known = ['start', 'restart', 'reset-failed'].includes(verb);
    return repair && known
      ? []
      : [`systemctl ${verb} ${service} was called at ${new Date(at).toISOString()} without a repair`];
  });
}

function callsForbidden(called: readonly Called[], forbidden: readonly Forbidden[]): string[] {
  return called.flatMap(({ at, verb, service }) => {
    const found = forbidden.find((span) => span.service === service && span.from < at && at < span.to);
    return found ? [`systemctl ${verb} ${service} was called though it was ${found.why}`] : [];
  });
}

/** Every start in the journal is the engine's, an injected one, or a dependency of one of them. */
function startsByNobody({ starts, called, deeds }: Records): string[] {
  const comesWith = (service: string) => [service, ...(ALSO_STARTED[service] ?? [])];
  const byEngine = called
    .filter(({ verb }) => verb === 'start' || verb === 'restart')
    .map(({ at, service }) => ({ from: at, to: at + 5_000, services: comesWith(service) }));
  const byChaos = deeds.map((deed) => ({ ...deed, services: deed.services.flatMap(comesWith) }));
  const sources = [...byEngine, ...byChaos];
  const ours = new Set<string>([...HEALED, ...PROTECTED, ...UNLISTED, ...OF_THE_HOST]);
  return starts
    .filter(({ service }) => ours.has(service))
    .filter(
      ({ service, at }) =>
        !sources.some(
          ({ services, from, to }) => services.includes(service) && from - 1 <= at && at <= to + SLACK_MS,
        ),
    )
    .map(
      ({ service, at, kind }) => `${service} was ${kind} at ${new Date(at).toISOString()}, by nobody known`,
    );
}

/** Not even as a dependency. */
function startsForbidden(starts: readonly Start[], forbidden: readonly Forbidden[]): string[] {
  return starts.flatMap(({ at, service, kind }) => {
    const found = forbidden.find((span) => span.service === service && span.from < at && at < span.to);
    return found
      ? [`${service} was ${kind} at ${new Date(at).toISOString()} though it was ${found.why}`]
      : [];
  });
}

/**
 * Until a storm is calm, no service is repaired, except one that was checked just before. The calm is counted from the
 * last failure, which is slightly earlier than the report of the storm.
 */
function inAStorm({ told, calmMs, injectedAt }: Records, repairs: readonly Repair[]): string[] {
  const storms = told.filter(({ event }) => event === 'storm');
  return storms.flatMap((storm) => {
    const end = told.find(({ event, at, pid }) => event === 'calm' && pid === storm.pid && at > storm.at);
    const last = injectedAt.findLast((at) => at < storm.at) ?? storm.at;
    const until = Math.min(last + calmMs, end?.at ?? Infinity);
    return repairs
      .map(({ started }) => started)
      .filter(({ pid, component }) => pid === storm.pid && component !== DISK.component)
      .filter(({ at }) => at > storm.at + 200 && at < until - 500)
      .map((started) => `${on(started)} was repaired in the storm of ${new Date(storm.at).toISOString()}`);
  });
}

/** A repair without a recorded end is verified by the next engine, and recorded. */
function forgotten({ interrupted, told, stateLost }: Records): string[] {
  return interrupted
    .filter(({ at }) => !stateLost.some((lost) => lost > at))
    .filter(
      ({ component, at }) =>
        !told.some(
          (line) =>
            line.event === 'log' &&
            line.at > at &&
            line.message?.startsWith(`${component}: the engine was interrupted while`),
        ),
    )
    .map(
      ({ component, at }) =>
        `The interrupted repair of ${component} at ${new Date(at).toISOString()} was forgotten`,
    );
}

function goneWrong(told: readonly Told[]): string[] {
  const bad = told.filter(({ event }) => ['cycle failed', 'not closed', 'reset refused'].includes(event));
  const closed = told.filter(({ event }) => event === 'closing');
  const unended = closed.filter((closing) => {
    const exit = told.find(({ pid, event }) => pid === closing.pid && event === 'exit');
    return exit?.code !== 0 || exit.at - closing.at > 5_000;
  });
  return [
    ...bad.map(({ event, why }) => `${event}: ${why}`),
    ...unended.map(
      ({ at }) => `The engine that was closed at ${new Date(at).toISOString()} did not end by itself`,
    ),
  ];
}
