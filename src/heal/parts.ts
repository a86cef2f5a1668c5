import type { ActionRegistry } from '../actions/registry.js';
import type { Clock } from '../clock.js';
import type { Detector } from '../detect/detector.js';
import type { EngineEvents, EventName } from '../events.js';
import type { Executor } from '../execute/executor.js';
import type { ApprovalRequest } from '../guard/approvals.js';
import type { Guards } from '../guard/guards.js';
import type { Ledger } from '../guard/ledger.js';
import type { Policy } from '../guard/safety.js';
import type { Host } from '../host/host.js';
import type { Logger } from '../logger.js';
import type { Resolver } from '../resolve/resolver.js';

/** Asks a person whether a plan may be carried out. */
export type Approve = (request: ApprovalRequest) => boolean | Promise<boolean>;

/** What healing is done with. The engine hands it out anew each time, for its parts may be replaced. */
export interface Parts {
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
  /** Components of which this engine itself has an act under way. */
  readonly begun: Set<string>;
  /** Whether a component is being healed by this engine now. */
  readonly inHand: (component: string) => boolean;
  readonly healingEnabled: boolean;
  readonly dryRun: boolean;
  /** Whether anybody listens to an event. */
  readonly hears: (name: EventName) => boolean;
  readonly emit: <Name extends EventName>(name: Name, event: EngineEvents[Name]) => void;
}

/** What of the parts is needed to watch generations. */
export type WatchParts = Pick<
  Parts,
  'host' | 'policy' | 'guards' | 'ledger' | 'clock' | 'logger' | 'bootId' | 'begun' | 'dryRun'
>;

/** Returns the same parts for a call that is a dry run, whatever the engine itself is set to. */
export const dryRunOf = (parts: Parts): Parts => ({ ...parts, dryRun: true });
