import { GAUGES } from '../model/built-in-checks.js';
import type { SimpleDetector } from '../detect/detector.js';
import { listedNames } from '../detect/watched-units.js';
import { invalid, SelfHealingError } from '../base/errors.js';
import type { Capability } from '../execute/executor.js';
import { expectText, nearest, refusal } from '../base/expect.js';
import { approve, reject } from '../memory/approvals.js';
import { resetComponent, undoReset } from '../memory/component-record.js';
import { expectReason, MOST_PAUSES, setPause, withCommand, withoutCommand } from '../memory/commands.js';
import type { Approval, GuardState } from '../memory/state.js';
import { componentOf } from '../model/unit-name.js';
import type { HealingResult } from '../model/result.js';
import { lazy } from '../base/lazy.js';
import { printable } from '../base/printable.js';
import type { Cycle } from '../watch/cycle.js';
import { explain, type Explanation } from '../report/explain.js';
import { noteLapses } from '../watch/record-health.js';
import type { EnginePorts } from '../repair/ports.js';
import { statusOf, type EngineStatus, type StatusSources } from '../report/status.js';
import type { OperatorCommand } from '../model/operator-command.js';

const capabilities = lazy(() => import('./capabilities.js'));

/** Commands and views of operators: approvals, pauses, resets. A command is saved before it takes effect. */
export class Operator {
  readonly #ports: EnginePorts;
  readonly #cycle: Cycle;

  constructor(ports: EnginePorts, cycle: Cycle) {
    this.#ports = ports;
    this.#cycle = cycle;
  }

  /** Explains the open issues, or those of one component. */
  explain(component: string | undefined): Explanation[] {
    if (component !== undefined && typeof component !== 'string')
      throw refusal('component', 'a string', component);
    const { ledger, guards, acting } = this.#ports;
    const { looks, reports, slots } = this.#cycle;
    const asked = component === undefined ? undefined : componentOf(component);
    const now = ledger.now();
    return looks.open.issues
      .filter((issue) => asked === undefined || issue.component === asked)
      .map((issue) => {
        const openForMs = now - (looks.open.about(issue.component)[0]?.since ?? now);
        const result = reports.last(issue.component);
        const inHand = acting.has(issue.component);
        const queued = inHand ? undefined : slots.waitsFor(issue.component);
        const since = queued?.since === undefined ? undefined : ledger.at(queued.since);
        const waits = queued && { ...queued, since };
        return explain({ issue, openForMs, result, inHand, waits, state: ledger.state, guards, now });
      });
  }

  /** Returns whether each action can be carried out. */
  async capabilities(signal: AbortSignal): Promise<readonly Capability[]> {
    const { executor, actions } = this.#ports;
    return (await capabilities()).capabilitiesBy(executor, actions, signal);
  }

  /** Returns the state of the engine. */
  status({ monitoring, closed }: Pick<StatusSources, 'monitoring' | 'closed'>): EngineStatus {
    const { ledger, guards, clock, detector, policy, actions, dryRun, healingEnabled } = this.#ports;
    const { open, recent, counts, lost } = this.#cycle.looks;
    const { enabledChecks = [] } = detector as Partial<SimpleDetector>;
    return statusOf({
      ...{ monitoring, closed, dryRun, healingEnabled, guards, recent },
      lockedBy: ledger.lockedBy,
      issues: open.issues,
      lost: lost.now,
      times: counts.distributions(),
      state: ledger.state,
      watched: [
        ...GAUGES.filter((check) => enabledChecks.includes(check)),
        ...listedNames(policy.services ?? new Map()).map(componentOf),
      ],
      actions: actions.names,
      inHand: (component) => this.#cycle.inRepair(component),
      now: ledger.now(),
      wall: clock.now(),
    });
  }

  /** Pending approvals. */
  get waiting(): readonly Approval[] {
    return this.#ports.ledger.state.approvals.filter(({ answer }) => answer === 'waiting');
  }

  /** Approves a plan: checks all gates again, and carries it out at once. */
  async approve(id: string, by: string, signal: AbortSignal): Promise<HealingResult | undefined> {
    const asked = await this.#asked(id);
    this.#expectActing(id);
    await this.#write(
      { command: 'approve', of: `${asked.action} for ${asked.component}`, by },
      (state) => approve(state, id),
      (state) => ({ ...state, approvals: state.approvals.map((one) => (one.id === id ? asked : one)) }),
    );
    const issue = this.#cycle.looks.open.issues.find((open) => open.component === asked.component);
    if (issue === undefined || this.#cycle.inRepair(asked.component)) return undefined;
    const [result] = await this.#cycle.heal([issue], { signal });
    return result;
  }

  /** Rejects a plan: it is requested again only after the backoff. */
  async reject(id: string, by: string): Promise<void> {
    const asked = await this.#asked(id);
    const { guards, clock } = this.#ports;
    await this.#write(
      { command: 'reject', of: `${asked.action} for ${asked.component}`, by },
      (state, now) => reject(state, id, now, guards, clock.random()),
      (state, before) =>
        undoReset({ ...state, approvals: [...state.approvals, asked] }, before, asked.component),
    );
  }

  /** Pauses repairs for a reason, until it is removed. */
  async pause(given: string, by: string): Promise<void> {
    const reason = expectReason(given);
    await this.#opened();
    const { pauses } = this.#ports.ledger.state;
    if (Object.hasOwn(pauses, reason)) return;
    if (Object.keys(pauses).length >= MOST_PAUSES)
      throw invalid(
        `Not paused for \`${reason}\`: there are ${MOST_PAUSES} reasons already, and each of them holds; resume one first`,
      );
    await this.#write(
      { command: 'pause', of: reason, by },
      (state, now) => setPause(state, reason, now),
      (state) => setPause(state, reason, undefined),
    );
  }

  /** Removes one reason for pausing; repairs resume when none is left. */
  async resume(given: string, by: string): Promise<void> {
    expectText('reason', given);
    await this.#opened();
    const reasons = Object.keys(this.#ports.ledger.state.pauses);
    const reason = asShown(given, reasons);
    if (reason === undefined) {
      const known = reasons.length === 0 ? 'nothing is paused' : `paused are: ${reasons.join('; ')}`;
      throw invalid(`Not paused for \`${given}\`; ${known}`);
    }
    await this.#write(
      { command: 'resume', of: reason, by },
      (state) => setPause(state, reason, undefined),
      (state, before) => setPause(state, reason, before.pauses[reason]),
    );
  }

  /** Resets backoff, breaker and `needs-human` of a component. */
  async reset(given: string, by: string): Promise<void> {
    expectText('component', given);
    await this.#opened();
    const component = this.#expectKnown(componentOf(given));
    await this.#write(
      { command: 'reset', of: component, by },
      (state) => resetComponent(state, component),
      (state, before) => undoReset(state, before, component),
    );
  }

  /** Saves and logs a command. One that cannot be saved has no effect, and is not on record. */
  async #write(
    command: Omit<OperatorCommand, 'at'>,
    change: (state: GuardState, now: number) => GuardState,
    undo: (state: GuardState, before: GuardState) => GuardState,
  ): Promise<void> {
    const { ledger, logger } = this.#ports;
    const before = ledger.state;
    try {
      await ledger.write((state, now) => withCommand(change(state, now), { at: now, ...command }));
    } catch (error) {
      ledger.note((state) => withoutCommand(undo(state, before), before, command));
      throw error;
    }
    logger.info(`Command of ${command.by}: ${command.command}: ${command.of}`);
  }

  /** Throws for an unknown component, with the closest known one. */
  #expectKnown(component: string): string {
    const { components } = this.status({ monitoring: undefined, closed: false });
    const known = components.map((one) => one.component);
    const found = asShown(component, known);
    if (found !== undefined) return found;
    const meant = nearest(component, known);
    const hint = meant === undefined ? '' : `: did you mean \`${meant}\`?`;
    throw invalid(`Nothing is known of the component \`${component}\`${hint}`);
  }

  async #asked(id: string): Promise<Approval> {
    expectText('id', id);
    await this.#opened();
    noteLapses(this.#ports);
    const asked = this.waiting.find((approval) => approval.id === id);
    if (asked) return asked;
    const known = this.waiting.map(
      (approval) => `${approval.id} (${approval.action} for ${approval.component})`,
    );
    const rest = known.length === 0 ? 'none is waiting' : `waiting are: ${known.join(', ')}`;
    throw invalid(`No approval is waiting under \`${id}\`; ${rest}`);
  }

  /** Throws when an approval would have no effect now. */
  #expectActing(id: string): void {
    const { ledger, healingEnabled } = this.#ports;
    const reasons = Object.keys(ledger.state.pauses);
    const why =
      reasons.length > 0
        ? `repairs are paused (${reasons.join('; ')}): resume them first`
        : healingEnabled
          ? undefined
          : 'healing is switched off: set `healingEnabled` to true first';
    if (why === undefined) return;
    throw invalid(`\`${id}\` was not approved, because ${why}`);
  }

  async #opened(): Promise<void> {
    const { ledger, dryRun } = this.#ports;
    await ledger.open(dryRun);
    if (dryRun) throw invalid('A dry run changes no state: set `dryRun` to false first');
    if (ledger.lockedBy !== undefined) throw new SelfHealingError('locked', ledger.lockedBy);
  }
}

/** Finds a name, also by its printable form when it has unprintable characters. */
const asShown = (given: string, known: readonly string[]): string | undefined =>
  known.includes(given) ? given : known.find((name) => printable(name) === given);
