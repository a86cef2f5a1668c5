import { setMaxListeners } from 'node:events';
import type { CapabilityContext } from '../actions/define.js';
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

export interface CapabilitySources {
  readonly host: Host;
  readonly actions: ActionRegistry;
  readonly readsThisMachine: () => boolean;
  readonly permissions: () => Promise<PermissionStatus>;
  /** Returns whether the root helper allows an action, or the reason why not. */
  readonly askHelper: (action: string, signal: AbortSignal) => Promise<Reading<true | string>>;
  readonly clock: Clock;
}

/** Time limit for one action, in milliseconds; its capability is unknown after that. */
const LIMIT_MS = 5_000;

const WAYS: Readonly<Record<Exclude<PermissionStatus['way'], 'none'>, string>> = {
  'in-process': 'by this process, which is root',
  sudo: 'through sudo -n',
  helper: 'through the root helper',
};

/** Returns whether each action can be carried out here, by the conditions of its plan and by how it gets root. */
export async function capabilitiesOf(
  sources: CapabilitySources,
  signal: AbortSignal,
): Promise<readonly Capability[]> {
  const { actions, clock } = sources;
  const permissions = sources.permissions();
  permissions.catch(() => undefined);
  // One listener per action is not a leak.
  const ended = AbortSignal.any([signal]);
  setMaxListeners(0, ended);
  const late = `No answer within ${span(LIMIT_MS)}`;
  const limit = { ms: LIMIT_MS, clock, signal: ended, late };
  const capabilities = actions.names.map(async (action): Promise<Capability> => {
    try {
      const judged = (inner: () => AbortSignal) => capabilityOf(action, permissions, sources, inner());
      const [status, reason] = await within(limit, judged);
      return Object.freeze({ action, status, reason });
    } catch (error) {
      return Object.freeze({ action, status: 'unknown', reason: messageOf(error) });
    }
  });
  return Object.freeze(await Promise.all(capabilities));
}

async function capabilityOf(
  action: string,
  permissions: Promise<PermissionStatus>,
  { actions, host, readsThisMachine, askHelper }: CapabilitySources,
  signal: AbortSignal,
): Promise<readonly [Capability['status'], string]> {
  const definition = await actionNamed(action, actions);
  if (definition.scope === 'host' && !readsThisMachine()) return ['unavailable', OTHER_MACHINE.sentence];
  const context: CapabilityContext = { read: async (request) => host.read({ ...request, signal }), signal };
  const lacking = await definition.unavailable?.(context);
  if (lacking !== undefined) return ['unavailable', lacking];
  if (definition.scope === 'process') return ['available', 'It would be carried out within this process'];
  const needsRoot = (await definition.needsRoot?.(context)) ?? (isBuiltIn(action) ? true : undefined);
  if (needsRoot === undefined)
    return ['available', 'Its plan shows whether it needs root, and how it gets it'];
  if (!needsRoot) return ['available', 'It would be carried out without root'];
  const status = await permissions;
  const { way } = status;
  if (way === 'none' || (way === 'helper' && !isBuiltIn(action))) return ['unavailable', lackOf(status)];
  if (way === 'helper') {
    const answer = await askHelper(action, signal);
    if (isUnknown(answer)) return ['unknown', answer.unknown];
    if (answer !== true) return ['unavailable', answer];
  }
  return ['available', `It would be carried out ${WAYS[way]}`];
}
