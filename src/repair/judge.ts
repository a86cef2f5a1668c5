import { isUnlisted } from '../detect/services.js';
import { approvalOf } from '../memory/approvals.js';
import { decide, type LateGateInput } from '../gates/decide.js';
import { EARLY_GATES, firstGate, LATE_GATES } from '../gates/pacing.js';
import type { Act, GuardState } from '../memory/state.js';
import type { Issue } from '../model/issue.js';
import type { Block, Plan } from '../model/plan.js';
import type { EnginePorts } from './ports.js';

/** A plan and its digest. */
export interface Planned {
  readonly plan: Plan;
  readonly digest: string;
}

/** `healingEnabled` is read each time, so that switching healing off also stops waiting repairs. */
type JudgePorts = Pick<EnginePorts, 'policy' | 'guards' | 'ledger' | 'healingEnabled' | 'acting'>;

/** Checks the gates. In a dry run the plans of the same call count as if they had been carried out. */
export class Judge {
  readonly #ports: JudgePorts;
  readonly #rehearsed: Act[] = [];

  constructor(ports: JudgePorts) {
    this.#ports = ports;
  }

  /** Checks the gates that need no plan. */
  early(issue: Issue): Block | undefined {
    const { healingEnabled } = this.#ports;
    const block = firstGate(EARLY_GATES, { issue, healingEnabled, state: this.#state });
    if (block?.reason !== 'monitor-only' || !isUnlisted(issue)) return block;
    const sentence = `${issue.component} is not among the listed services: add it to \`services\` to allow it`;
    return { reason: 'not-allowed', sentence };
  }

  /** Checks again, just before the act, whether healing is disabled or paused, or a storm has begun. */
  late(issue: Issue): Block | undefined {
    const { guards, ledger, healingEnabled } = this.#ports;
    return firstGate(LATE_GATES, { issue, guards, healingEnabled, now: ledger.now(), state: this.#state });
  }

  /** Checks every gate. */
  all(issue: Issue, { plan, digest }: Planned, moment: LateGateInput = {}): Block | undefined {
    const { policy, guards, ledger, healingEnabled } = this.#ports;
    return decide({
      ...{ issue, plan, policy, guards, healingEnabled },
      state: this.#state,
      now: ledger.now(),
      approved: this.isApproved(issue, digest),
      lockedBy: ledger.lockedBy,
      inFlight: this.#unsettled(issue),
      ...moment,
    });
  }

  /** Returns whether a person approved this plan for this component: another one may have the same plan. */
  isApproved({ component }: Issue, digest: string): boolean {
    const approval = approvalOf(this.#ports.ledger.state, digest);
    return approval?.answer === 'yes' && approval.component === component;
  }

  /** Counts a plan of a dry run against the budget. */
  rehearse({ component }: Issue, { action, scope }: Plan): void {
    const at = this.#ports.ledger.now();
    this.#rehearsed.push({ at, component, action, scope, outcome: 'fixed', words: 'planned' });
  }

  get #state(): GuardState {
    const { state } = this.#ports.ledger;
    return this.#rehearsed.length === 0 ? state : { ...state, acts: [...state.acts, ...this.#rehearsed] };
  }

  /** Returns the action of an interrupted act on this component that has not been verified yet. */
  #unsettled({ component }: Issue): string | undefined {
    const { ledger, acting } = this.#ports;
    if (acting.has(component)) return undefined;
    return ledger.state.intents.find((intent) => intent.component === component)?.action;
  }
}
