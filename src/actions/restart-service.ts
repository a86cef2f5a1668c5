import { watchedAs } from '../detect/watched-units.js';
import { causeWords, isOver } from '../detect/units/cause.js';
import { expectKnownKeys, refusal } from '../base/expect.js';
import type { UnitReading } from '../model/unit.js';
import type { CommandStep } from '../model/plan.js';
import { defineAction, verifyByCheck, type PlanContext, type PlanDraft } from './define.js';
import { forMemory, largestService } from './restart-for-memory.js';
import {
  parseUnit,
  readUnit,
  refusedDraft,
  systemctl,
  unavailable,
  verifyService,
  withoutSystemd,
  type ServiceParameters,
} from './on-service.js';

/** One service by name, or the one whose restart frees the most memory. */
type RestartParameters = ServiceParameters | { readonly freeing: 'memory' };

/**
 * Gets a service running by the smallest job: a start if it does not run, which affects none of its dependents, and a
 * restart only if it does. Waits for the job.
 */
export const restartService = defineAction<RestartParameters>({
  parse(parameters) {
    if (!('freeing' in parameters)) return parseUnit(parameters);
    expectKnownKeys('parameters', parameters, ['freeing']);
    if (parameters.freeing !== 'memory') throw refusal('freeing', '`memory`', parameters.freeing);
    return { freeing: 'memory' };
  },
  async plan(parameters, context) {
    if ('unit' in parameters) return restart(parameters.unit, context);
    const largest = await largestService(context);
    if (largest === undefined) {
      const effect = 'The listed service that holds the most memory is restarted';
      return refusedDraft('memory', effect, unavailable('No listed service is known to hold memory'));
    }
    const { unit } = largest.watched;
    return forMemory(await restart(unit, context), largest, context);
  },
  unavailable: withoutSystemd,
  async verify(parameters, context) {
    if ('unit' in parameters) return verifyService(parameters, context);
    const [unit] = context.plan.targets;
    const service = await verifyService({ unit: unit?.id ?? '' }, context);
    return service.status === 'fixed' ? verifyByCheck(parameters, context) : service;
  },
  scope: 'host',
  risk: 'disruptive',
  // The limit is the unit's own; a job that takes longer is `pending` and verified once it ends.
  timeoutMs: 60 * 60_000,
});

async function restart(unit: string, context: PlanContext): Promise<PlanDraft> {
  const effect = `${unit} is running again`;
  const reading = await readUnit(unit, context);
  if ('sentence' in reading) return refusedDraft(unit, effect, reading);
  const { cause } = reading;
  if (cause !== null && cause.kind !== 'conflict' && !isOver(cause)) {
    const sentence = `${unit} ${causeWords(cause)}: it is started once ${cause.unit} is active again`;
    return refusedDraft(unit, effect, unavailable(sentence));
  }
  const timeoutMs = reading.stopTimeoutMs + reading.startTimeoutMs;
  if (reading.activeState === 'active')
    return { targets: [unit], effect, steps: [systemctl('restart', unit, timeoutMs)] };
  const reset = systemctl('reset-failed', unit, 0);
  const start = systemctl('start', unit, timeoutMs);
  const sockets = failedSockets(reading, context);
  if (sockets.length > 0)
    return startSockets(reading, sockets, reset, isToRun(reading, context) ? [start] : []);
  if (reading.result === 'start-limit-hit' && !reading.transient) {
    const note = `${unit} hit its start limit: its start counter is reset first`;
    return { targets: [unit], effect, steps: [reset, start], notes: [note] };
  }
  // A transient unit would be gone after `reset-failed`.
  const again = reading.transient ? [] : [onlyAtStartLimit(reset), onlyAtStartLimit(start)];
  return { targets: [unit], effect, steps: [start, ...again] };
}

/** Returns the failed sockets of a listed service: while they are down, nothing starts it on demand. */
const failedSockets = ({ triggeredBy }: UnitReading, { services }: PlanContext): readonly string[] =>
  services.length === 0
    ? []
    : triggeredBy
        .filter(({ name, activeState }) => name.endsWith('.socket') && activeState === 'failed')
        .map(({ name }) => name);

/** Returns whether a service must run even without a connection. */
const isToRun = (unit: UnitReading, { services }: PlanContext): boolean =>
  unit.wantedBy.length > 0 ||
  watchedAs(unit, new Map(services.map((one) => [one.unit, one])))?.keepRunning === true;

/** A socket cannot be started while its service runs, so it comes first. */
function startSockets(
  unit: UnitReading,
  sockets: readonly string[],
  reset: CommandStep,
  start: readonly CommandStep[],
): PlanDraft {
  const names = sockets.join(', ');
  const jobs = sockets.map((socket) => systemctl('start', socket, 90_000));
  // At its start limit the service would make the socket fail again. If this step fails, the socket is failed as before.
  const before = unit.activeState === 'failed' && !unit.transient ? [reset] : [];
  // A service that only its socket starts is left to the socket.
  const effect =
    start.length > 0
      ? `${names} and ${unit.name} are running again`
      : `${names} starts ${unit.name} on demand again`;
  return {
    targets: [unit.name, ...sockets],
    effect,
    steps: [...before, ...jobs, ...start],
    notes: [`${names} failed: it is started first`],
  };
}

const onlyAtStartLimit = (step: CommandStep): CommandStep => ({ ...step, onlyIf: 'start-limit-hit' });
