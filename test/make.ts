import type { Issue, ComponentVerdict } from '../src/model/issue.js';
import type { Verification, VerifyContext } from '../src/actions/define.js';
import type { Plan, UnitTarget } from '../src/model/plan.js';
import { proofOf } from '../src/repair/proof.js';

export const NOW = new Date(Date.UTC(2025, 0, 1));

/** Change of generation from B back to A. */
export const SWITCH_BACK = {
  from: '/nix/store/b',
  to: '/nix/store/a',
  verb: 'switch',
  units: [],
  failing: [],
} as const;

/** Creates an issue for tests that need one or two of its fields. */
export const issueOf = (overrides: Partial<Issue> = {}): Issue => ({
  type: 'service',
  severity: 3,
  description: 'nginx.service has failed (exit-code)',
  component: 'nginx',
  metricValue: 0,
  threshold: 1,
  timestamp: NOW,
  ...overrides,
});

/** Creates a verdict for tests that need one or two of its fields. */
export const verdictOf = (overrides: Partial<ComponentVerdict> = {}): ComponentVerdict => ({
  status: 'bad',
  reason: 'It is bad',
  check: 'cpu',
  component: 'cpu',
  type: 'resource',
  ...overrides,
});

/** Creates a unit that may be healed: failed, loaded, wanted by another one. */
export const unitTargetOf = (overrides: Partial<UnitTarget> = {}): UnitTarget => {
  const id = overrides.id ?? 'nginx.service';
  return {
    kind: 'unit',
    id,
    names: [id],
    loadState: 'loaded',
    activeState: 'failed',
    subState: 'failed',
    type: 'notify',
    transient: false,
    job: '',
    recentRestarts: 0,
    wantedBy: ['multi-user.target'],
    dragsAlong: [],
    needs: [],
    ...overrides,
  };
};

/** Creates a plan for tests that need one or two of its fields. */
export const planOf = (overrides: Partial<Plan> = {}): Plan => ({
  action: 'restart_service',
  parameters: { service: 'nginx' },
  scope: 'host',
  risk: 'disruptive',
  targets: [unitTargetOf()],
  steps: [],
  effect: 'nginx.service is running again',
  notes: [],
  ...overrides,
});

/** Returns the proof by the checks as an engine makes it: after the settle time, by the reading of `inspect`. */
export async function proofFrom({
  inspect,
  settle,
}: Partial<Pick<VerifyContext, 'inspect' | 'settle'>>): Promise<Verification> {
  await settle?.();
  const verdict = await inspect?.();
  const component = verdict?.component ?? 'nginx';
  const { status, reason } = proofOf({ component }, [], verdict ? [verdict] : []);
  return { status: status === 'ok' ? 'fixed' : status === 'bad' ? 'ineffective' : 'unknown', reason };
}
