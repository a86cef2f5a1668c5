import type { ActionRegistry } from '../actions/registry.js';
import type { Clock } from '../base/clock.js';
import type { Detector } from '../detect/detector.js';
import type { EngineEvents, EventName } from '../report/events.js';
import type { Executor } from '../execute/executor.js';
import type { Guards } from '../model/guards.js';
import type { Ledger } from '../memory/ledger.js';
import type { Policy } from '../gates/safety.js';
import type { Host } from '../host/host.js';
import type { Logger } from '../base/logger.js';
import type { Resolver } from '../resolve/resolver.js';
import type { ApprovalRequest } from '../memory/approvals.js';

/** Asks a person whether a plan may be carried out. */
export type Approve = (request: ApprovalRequest) => boolean | Promise<boolean>;

/**
 * Current ports and settings of one engine; some may be replaced at any time. Only the entry points (monitoring, cycle,
 * repairs, operator) take it; functions behind them get what they need.
 */
export interface EnginePorts {
  readonly host: Host;
  readonly detector: Detector;
  readonly resolver: Resolver;
  readonly executor: Executor;
  readonly actions: ActionRegistry;
  readonly policy: Policy;
  readonly guards: Guards;
  readonly ledger: Ledger;
  /** Identifies the boot of the host. */
  readonly bootId: string;
  readonly approve: Approve | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Components on which this engine has a running act. */
  readonly acting: Set<string>;
  readonly healingEnabled: boolean;
  readonly dryRun: boolean;
  /** Returns whether an event has listeners. */
  readonly hasListeners: (name: EventName) => boolean;
  readonly emit: <Name extends EventName>(name: Name, event: EngineEvents[Name]) => void;
}
