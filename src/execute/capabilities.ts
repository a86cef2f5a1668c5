import { setMaxListeners } from 'node:events';
import type { ActionDefinition } from '../actions/define.js';
import { actionNamed, isBuiltIn, type ActionRegistry } from '../actions/registry.js';
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Host } from '../host/host.js';
import { isUnknown, type Reading } from '../model/reading.js';
import { within } from '../base/within.js';
import { span } from '../base/format.js';
import { lackOf, OTHER_MACHINE } from './elevate.js';
import type { Capability } from './executor.js';
import type { PermissionStatus } from './permission-status.js';

/** By what capabilities are told. */
export interface CapabilitySources {
  readonly host: Host;
  readonly actions: ActionRegistry;
  readonly readsThisMachine: () => boolean;
  readonly permissions: () => Promise<PermissionStatus>;
  /** Whether the root helper would carry out an action; the sentence why it refuses to. */
  readonly askHelper: (action: string, signal: AbortSignal) => Promise<Reading<true | string>>;
  readonly clock: Clock;
}

/** An action, or the root helper, that takes longer to tell is unknown, in milliseconds. */
const TELL_WITHIN_MS = 5_000;

const WAYS: Readonly<Record<Exclude<PermissionStatus['way'], 'none'>, string>> = {
  'in-process': 'by this process, which is root',
  sudo: 'through sudo -n',
  helper: 'through the root helper',
};

/** Tells of each action whether it can be carried out here: by the conditions that its plan has, and the way to root. */
export async function capabilitiesOf(
  parts: CapabilitySources,
  signal: AbortSignal,
): Promise<readonly Capability[]> {
  const { actions, clock } = parts;
  const permissions = parts.permissions();
  permissions.catch(() => undefined);
  // One listener for each action, which is no leak.
  const ended = AbortSignal.any([signal]);
  setMaxListeners(0, ended);
  const tellings = actions.names.map(async (action): Promise<Capability> => {
    try {
      const limit = {
        ms: TELL_WITHIN_MS,
        clock,
        signal: ended,
        late: `It could not be found out within ${span(TELL_WITHIN_MS)}`,
      };
      return await within(limit, (inner) => capabilityOf(action, permissions, { parts, signal: inner }));
    } catch (error) {
      return told(action, 'unknown', messageOf(error));
    }
  });
  return Object.freeze(await Promise.all(tellings));
}

interface Telling {
  readonly parts: CapabilitySources;
  readonly signal: AbortSignal;
}

async function capabilityOf(
  action: string,
  permissions: Promise<PermissionStatus>,
  { parts, signal }: Telling,
): Promise<Capability> {
  const definition = await actionNamed(action, parts.actions);
  if (definition.scope === 'host' && !parts.readsThisMachine())
    return told(action, 'unavailable', OTHER_MACHINE.sentence);
  const read = async (request: Parameters<Host['read']>[0]) => parts.host.read({ ...request, signal });
  const lacking = await definition.unavailable?.({ read, signal });
  if (lacking !== undefined) return told(action, 'unavailable', lacking);
  if (definition.scope === 'process')
    return told(action, 'available', 'It would be carried out within this process');
  const needsRoot = rootOf(action, definition);
  if (needsRoot === undefined)
    return told(action, 'available', 'Its plan shows whether it needs root, and the way to it');
  if (!needsRoot) return told(action, 'available', 'It would be carried out without root');
  const status = await permissions;
  const { way } = status;
  if (way === 'none' || (way === 'helper' && !isBuiltIn(action)))
    return told(action, 'unavailable', lackOf(status));
  if (way === 'helper') {
    const answer = await parts.askHelper(action, signal);
    if (isUnknown(answer)) return told(action, 'unknown', answer.unknown);
    if (answer !== true) return told(action, 'unavailable', answer);
  }
  return told(action, 'available', `It would be carried out ${WAYS[way]}`);
}

/** What an action of somebody's own needs is known by its plan, unless it says so. */
const rootOf = (action: string, definition: ActionDefinition): boolean | undefined =>
  definition.needsRoot?.() ?? (isBuiltIn(action) ? true : undefined);

const told = (action: string, status: Capability['status'], reason: string): Capability =>
  Object.freeze({ action, status, reason });
