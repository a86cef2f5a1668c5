import { CRASH_LOOP_RESTARTS } from '../detect/services.js';
import { expectKnownKeys, refusal } from '../base/expect.js';
import { isUnknown } from '../model/reading.js';
import { unitName } from '../model/unit-name.js';
import type { UnitReading } from '../model/unit.js';
import type { Block, CommandStep } from '../model/plan.js';
import type { CapabilityContext, PlanContext, PlanDraft, Verification, VerifyContext } from './define.js';

/** Additional time over systemd's own limits for stopping and starting, to queue the job and to answer. */
const SLACK_MS = 10_000;
/** Time limit of the job of a unit without a timeout, in milliseconds. */
const LONGEST_JOB_MS = 5 * 60_000;

/** Kinds of units that a job can start; devices, slices and scopes are created in other ways. */
const STARTED = /\.(service|socket|timer|path|mount|automount|swap|target)$/;

export interface ServiceParameters {
  /** Full unit name. */
  readonly unit: string;
}

/** Reads `{ service: 'nginx' }`. */
export function parseService(parameters: Readonly<Record<string, unknown>>): ServiceParameters {
  const { unit } = parseUnit(parameters);
  if (!unit.endsWith('.service')) throw refusal('service', 'the name of a service', parameters.service);
  return { unit };
}

/** Reads `{ service: 'nginx' }` or `{ service: 'nginx.socket' }`: a unit of any kind that can be started. */
export function parseUnit(parameters: Readonly<Record<string, unknown>>): ServiceParameters {
  expectKnownKeys('parameters', parameters, ['service']);
  const unit = unitName(parameters.service as string, 'service');
  if (!STARTED.test(unit))
    throw refusal('service', 'a unit that can be started (not a device, slice or scope)', parameters.service);
  return { unit };
}

/** Reads a unit. Returns a block when nothing can be done with it. */
export async function readUnit(
  unit: string,
  context: Pick<PlanContext, 'read'>,
): Promise<UnitReading | Block> {
  const { units } = await context.read({ parts: ['units'], units: [unit] });
  if (isUnknown(units)) return unavailable(`The state of ${unit} is not known: ${units.unknown}`);
  const [reading] = units.asked;
  if (reading === undefined || reading.loadState === 'not-found')
    return unavailable(`systemd does not know ${unit}`);
  if (reading.loadState === 'bad-setting' || reading.loadState === 'error') {
    const why = reading.loadError === '' ? '' : `: ${reading.loadError}`;
    return unavailable(`${unit} cannot be started: its unit file has an error${why}`);
  }
  if (reading.loadState !== 'loaded')
    return unavailable(`${unit} cannot be started: it is ${reading.loadState}`);
  return reading;
}

/** Returns why no unit can be read, as one sentence; `undefined` when systemd answers. */
export async function withoutSystemd({ read }: CapabilityContext): Promise<string | undefined> {
  // Every systemd has this unit.
  const { units } = await read({ parts: ['units'], units: ['init.scope'] });
  return isUnknown(units) ? `No unit can be read: ${units.unknown}` : undefined;
}

export function refusedDraft(target: string, effect: string, refusal: Block): PlanDraft {
  return { targets: [target], steps: [], effect, refusal };
}

export const unavailable = (sentence: string): Block => ({ reason: 'unavailable', sentence });

export const noGain = (sentence: string): Block => ({ reason: 'no-expected-gain', sentence });

/** Returns a `systemctl` call that waits for its job. Ending it early does not end the job. */
export function systemctl(verb: string, unit: string, timeoutMs: number): CommandStep {
  return {
    kind: 'command',
    argv: ['systemctl', '--no-ask-password', verb, '--', unit],
    needsRoot: true,
    timeoutMs: Number.isFinite(timeoutMs) ? timeoutMs + SLACK_MS : LONGEST_JOB_MS,
    interruptible: true,
  };
}

/** Verifies that a unit is active and stays in the same run for the settle time, or that a oneshot has succeeded. */
export async function verifyService(
  { unit }: ServiceParameters,
  context: VerifyContext,
): Promise<Verification> {
  const judged = (status: Verification['status'], words: string) => ({ status, reason: `${unit} ${words}` });
  const first = await readUnit(unit, context);
  if ('sentence' in first) return { status: 'unknown', reason: first.sentence };
  const { activeState, subState, type, result } = first;
  if (isStarting(first))
    return judged('pending', `is still ${activeState} (${subState}), with its job under way`);
  if (type === 'oneshot') {
    const stays = !first.remainsAfterExit || activeState === 'active';
    const ended = activeState !== 'failed' && activeState !== 'activating';
    const well = stays && ended && result === 'success';
    return judged(well ? 'fixed' : 'ineffective', `is a oneshot; its last start: ${result}`);
  }
  const trigger = first.triggeredBy.find((one) => one.activeState === 'active');
  if (activeState === 'inactive' && trigger && context.plan.targets.some(({ id }) => id === trigger.name))
    return { status: 'fixed', reason: `${trigger.name} is active, and starts ${unit} when it is needed` };
  if (activeState !== 'active') return judged('ineffective', `is ${stateOf(first)}`);
  await context.settle();
  const second = await readUnit(unit, context);
  if ('sentence' in second) return { status: 'unknown', reason: second.sentence };
  if (second.activeState !== 'active')
    return judged('ineffective', `became active, and was ${stateOf(second)} when read again`);
  if (second.invocationId !== first.invocationId)
    return judged('ineffective', 'died and was started again within the settle time');
  if (second.recentRestarts >= CRASH_LOOP_RESTARTS)
    return judged('ineffective', 'is active, and in a crash loop all the same');
  return judged('fixed', `is active, and in the same run (${second.invocationId}) after the settle time`);
}

/** Returns whether its job still runs. A unit that waits for its automatic restart has none. */
const isStarting = ({ activeState, subState, job }: UnitReading): boolean =>
  job !== '' || (activeState === 'activating' && subState.startsWith('start')) || activeState === 'reloading';

const stateOf = (unit: UnitReading): string =>
  `${unit.activeState} (${unit.activeState === 'failed' ? unit.result : unit.subState})`;
