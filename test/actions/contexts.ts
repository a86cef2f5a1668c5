import {
  verifyByCheck,
  type ActionDefinition,
  type PlanContext,
  type VerifyContext,
} from '../../src/actions/define.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { NO_HISTORY } from '../../src/memory/generations.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { nixSettings } from '../../src/model/nix-options.js';
import { fakeHost, type FakeHostParts } from '../../src/testing/index.js';
import { issueOf, planOf, proofFrom } from '../make.js';

/** A complete definition of a custom action. */
export const DEFINITION: ActionDefinition<object> = {
  parse: () => ({}),
  plan: () => ({ targets: ['x'], steps: [], effect: 'x' }),
  verify: verifyByCheck,
  scope: 'process',
  risk: 'reversible',
  timeoutMs: 1_000,
};

const NOT_GIVEN = { unknown: 'not given' };

/** Creates the context in which an action plans on a host with these parts. */
export function planningOn(parts: FakeHostParts = {}, more: Partial<PlanContext> = {}): PlanContext {
  const host = fakeHost(parts);
  return {
    read: (request) => Promise.resolve(host.read(request)),
    unitMemory: async (unit) => (await host.unitMemory?.(unit)) ?? NOT_GIVEN,
    unitChanges: async (from, to) => (await host.unitChanges?.(from, to)) ?? NOT_GIVEN,
    systemIdentity: async (path) => (await host.systemIdentity?.(path)) ?? NOT_GIVEN,
    nixActivity: async () => (await host.nixActivity?.()) ?? NOT_GIVEN,
    preSwitchCheck: () => Promise.resolve(null),
    history: NO_HISTORY,
    ownUnit: null,
    thresholds: thresholdValues(),
    diskClearsAt: () => 85,
    guards: DEFAULT_GUARDS,
    nix: nixSettings(),
    keep: [],
    earlier: [],
    services: [],
    signal: new AbortController().signal,
    ...more,
  };
}

/** Creates the context in which a repair is verified. `later` is what the host reads after the settle time. */
export function verifyingOn(
  parts: FakeHostParts,
  { later = {}, ...more }: Partial<VerifyContext> & { readonly later?: FakeHostParts } = {},
): VerifyContext {
  const host = fakeHost(parts);
  return {
    issue: issueOf(),
    plan: planOf(),
    before: undefined,
    proof: () => proofFrom(more),
    inspect: () => Promise.resolve(undefined),
    read: (request) => Promise.resolve(host.read(request)),
    steps: [],
    guards: DEFAULT_GUARDS,
    settle: async () => {
      // What does not wait for it reads the host as it was before.
      await Promise.resolve();
      host.set(later);
    },
    signal: new AbortController().signal,
    ...more,
  };
}
