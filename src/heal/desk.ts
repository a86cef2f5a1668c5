import type { SimpleDetector } from '../detect/detector.js';
import { listedNames } from '../detect/watched-units.js';
import { SelfHealingError } from '../errors.js';
import { expectText, nearest, refusal } from '../expect.js';
import { approve, reject } from '../guard/approvals.js';
import { resetComponent, undoReset } from '../guard/record.js';
import type { Approval } from '../guard/state.js';
import { componentOf } from '../host/systemd/unit-name.js';
import type { HealingResult } from '../result.js';
import type { Cycle } from '../watch/cycle.js';
import { explain, type Explanation } from './explain.js';
import { noteLapses } from '../watch/record-health.js';
import type { EnginePorts } from '../repair/ports.js';
import { statusOf, type EngineStatus, type StatusFacts } from './status.js';

/** Where a person has a say: approvals, pauses, resets. Everything said is written down before it counts. */
export class Desk {
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
    const { open } = this.#cycle;
    const asked = component === undefined ? undefined : componentOf(component);
    const now = ledger.now();
    return open.issues
      .filter((issue) => asked === undefined || issue.component === asked)
      .map((issue) => {
        const openForMs = now - (open.about(issue.component)[0]?.since ?? now);
        const result = this.#cycle.lastResult(issue.component);
        const inHand = acting.has(issue.component);
        const queued = inHand ? undefined : this.#cycle.waitsFor(issue.component);
        const since = queued?.since === undefined ? undefined : ledger.at(queued.since);
        const waits = queued && { ...queued, since };
        return explain({ issue, openForMs, result, inHand, waits, state: ledger.state, guards, now });
      });
  }

  /** How the engine stands. */
  status({ monitoring, closed }: Pick<StatusFacts, 'monitoring' | 'closed'>): EngineStatus {
    const { ledger, guards, clock, detector, policy, actions, dryRun, healingEnabled } = this.#ports;
    const { open, chronicle, tally, lost } = this.#cycle;
    const { enabledChecks = [] } = detector as Partial<SimpleDetector>;
    return statusOf({
      ...{ monitoring, closed, dryRun, healingEnabled, guards, chronicle },
      lockedBy: ledger.lockedBy,
      issues: open.issues,
      lost: lost.now,
      times: tally.distributions(),
      state: ledger.state,
      watched: [
        ...['cpu', 'memory', 'load'].filter((check) => enabledChecks.includes(check)),
        ...listedNames(policy.services ?? new Map()).map(componentOf),
      ],
      actions: actions.names,
      inHand: (component) => this.#cycle.inRepair(component),
      lastResult: (component) => this.#cycle.lastResult(component),
      now: ledger.now(),
      wall: clock.now(),
    });
  }

  /** Questions that wait for an answer. */
  get waiting(): readonly Approval[] {
    return this.#ports.ledger.state.approvals.filter(({ answer }) => answer === 'waiting');
  }

  /** Says yes to a plan: all gates again, and then it is carried out at once. */
  async approve(id: string, signal: AbortSignal): Promise<HealingResult | undefined> {
    const { component } = await this.#asked(id);
    await this.#ports.ledger.write((state) => approve(state, id));
    const issue = this.#cycle.open.issues.find((open) => open.component === component);
    if (issue === undefined || this.#cycle.inRepair(component)) return undefined;
    const [result] = await this.#cycle.heal([issue], { signal });
    return result;
  }

  /** Says no to a plan: it is asked about again only after the backoff. */
  async reject(id: string): Promise<void> {
    await this.#asked(id);
    const { guards, clock, ledger } = this.#ports;
    await ledger.write((state, now) => reject(state, id, now, guards, clock.random()));
  }

  /** Stops all acting, for a reason, until it is taken back. Looking goes on. */
  async pause(reason: string): Promise<void> {
    if (typeof reason !== 'string' || reason.trim() === '')
      throw refusal('reason', 'a non-empty string', reason);
    await this.#opened();
    await this.#ports.ledger.write((state, now) =>
      Object.hasOwn(state.pauses, reason) ? state : { ...state, pauses: { ...state.pauses, [reason]: now } },
    );
  }

  /** Takes one reason for pausing back; acting goes on when none is left. */
  async resume(reason: string): Promise<void> {
    expectText('reason', reason);
    await this.#opened();
    const reasons = Object.keys(this.#ports.ledger.state.pauses);
    if (!reasons.includes(reason)) {
      const known = reasons.length === 0 ? 'nothing is paused' : `paused are: ${reasons.join('; ')}`;
      throw new SelfHealingError('invalid-argument', `Not paused for \`${reason}\`; ${known}`);
    }
    await this.#ports.ledger.write((state) => {
      const pauses = { ...state.pauses };
      delete pauses[reason];
      return { ...state, pauses };
    });
  }

  /** Forgets what went wrong with a component: backoff, breaker and `needs-human` are back at their start. */
  async reset(component: string): Promise<void> {
    expectText('component', component);
    await this.#opened();
    this.#expectKnown(componentOf(component));
    const { ledger } = this.#ports;
    const before = ledger.state;
    await ledger
      .write((state) => resetComponent(state, componentOf(component)))
      .catch((error: unknown) => {
        // What the caller is told has failed is not done.
        ledger.note((state) => undoReset(state, before, componentOf(component)));
        throw error;
      });
  }

  /** Refuses a component that nothing is known of, and names the one that was probably meant. */
  #expectKnown(component: string): void {
    const { components } = this.status({ monitoring: undefined, closed: false });
    const known = components.map((one) => one.component);
    if (known.includes(component)) return;
    const meant = nearest(component, known);
    const hint = meant === undefined ? '' : `: did you mean \`${meant}\`?`;
    throw new SelfHealingError(
      'invalid-argument',
      `Nothing is known of the component \`${component}\`${hint}`,
    );
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
    throw new SelfHealingError('invalid-argument', `No approval is waiting under \`${id}\`; ${rest}`);
  }

  async #opened(): Promise<void> {
    const { ledger, dryRun } = this.#ports;
    await ledger.open(dryRun);
    if (dryRun)
      throw new SelfHealingError(
        'invalid-argument',
        'A dry run changes no state: set `dryRun` to false first',
      );
    if (ledger.lockedBy !== undefined) throw new SelfHealingError('locked', ledger.lockedBy);
  }
}
