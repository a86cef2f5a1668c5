import {
  failingUnits,
  runningOf,
  systemOf,
  unitOf,
  type Generations,
  type SystemRecord,
} from '../memory/generations.js';
import { generationEvidence, isUndecided, isProved, linesOf, missingOf, type Evidence } from './evidence.js';
import type { Intent } from '../memory/state.js';
import type { NixosReading } from '../model/nixos-reading.js';
import { isUnknown, type Reading } from '../model/reading.js';
import { componentOf } from '../model/unit-name.js';
import { IssueType, Severity, type ComponentVerdict, type Verdict } from '../model/issue.js';
import { count, span, utc } from '../base/format.js';
import type { WatchPorts } from './watch.js';

export interface GenerationInput {
  readonly nixos: Reading<NixosReading>;
  /** Units that differ between the previous and the running system. */
  readonly changes: Reading<readonly string[]>;
  readonly parts: Pick<WatchPorts, 'ledger' | 'clock' | 'guards' | 'acting'>;
  /** `true` if only this component was requested: unproved cases are then reported for a decision. */
  readonly asked: boolean;
}

/** Returns the verdict on `system`: whether the running generation broke a unit. */
export function judgeGeneration(facts: GenerationInput): ComponentVerdict {
  return { check: 'system', type: IssueType.SYSTEM, component: 'system', ...systemVerdict(facts) };
}

function systemVerdict({ nixos, changes, parts, asked }: GenerationInput): Verdict {
  if (isUnknown(nixos)) return { status: 'unknown', reason: nixos.unknown };
  if (isUnknown(nixos.running)) return { status: 'unknown', reason: nixos.running.unknown };
  const { ledger, clock, guards, acting } = parts;
  const { generations, intents } = ledger.state;
  const now = ledger.now();
  const intent = intents.find(({ component, generation }) => component === 'system' && generation);
  if (intent && !acting.has('system')) return judgeIntent(intent, generations);

  const facts = { generations, changes, evidence: guards.evidence, now, wallAheadMs: clock.now() - now };
  const failing = failingUnits(generations).map((unit) => generationEvidence(unit, facts));
  const proved = failing.filter(isProved);
  const heading = headingOf(nixos, generations, facts.wallAheadMs);
  const waiting = proved.filter(({ unit }) => !wasTried(unit, parts, now));
  if (proved.length > 0 && (asked || waiting.length < proved.length)) {
    const reason = `The generation that was switched to ${span(now - enteredAt(generations))} ago broke ${unitList(proved)}`;
    const evidence = [
      ...heading,
      ...proved.flatMap(linesOf),
      ...proved.map(({ unit }) => checkLine(unit, generations)),
    ];
    return bad(Severity.CRITICAL, proved.length, reason, evidence);
  }
  if (proved.length > 0) {
    return ok(
      `${unitList(waiting)} fails since the switch, and all evidence is against this generation; a restart comes first`,
    );
  }
  const open = failing.filter(isUndecided);
  if (open.length > 0) {
    const missing = open.flatMap(missingOf);
    const reason = `Whether this generation broke ${unitList(open)} is not proved: ${missing.join('; ')}`;
    if (!asked) return { status: 'unknown', reason };
    return bad(Severity.HIGH, open.length, reason, [...heading, ...open.flatMap(linesOf)]);
  }
  return judgeBad(nixos, generations, facts.wallAheadMs) ?? ok(healthyReason(failing));
}

const ok = (reason: string): Verdict => ({ status: 'ok', value: 0, threshold: 0, reason });

/** Returns a bad verdict; `value` is the number of bad units or systems. */
const bad = (severity: Severity, value: number, reason: string, evidence?: readonly string[]): Verdict => ({
  status: 'bad',
  severity,
  value,
  threshold: 0,
  reason,
  ...(evidence && { evidence }),
});

function healthyReason(failing: readonly Evidence[]): string {
  if (failing.length === 0) return 'Nothing that is on record fails in the running system';
  const innocent = failing.map(({ unit, conditions }) => {
    const against = conditions.find(({ holds }) => holds === false);
    return `${unit}: ${against?.words ?? ''}`;
  });
  return `What fails is not this generation's doing: ${innocent.join('; ')}`;
}

/** Returns a bad verdict if a system that was left as bad runs again, or would at the next boot. */
function judgeBad(
  { profile }: NixosReading,
  generations: Generations,
  wallAheadMs: number,
): Verdict | undefined {
  const badReason = (record: SystemRecord | undefined) =>
    record?.bad ? `${record.bad.why}, at ${utc(record.bad.at + wallAheadMs)}` : undefined;
  const running = badReason(runningOf(generations));
  if (running !== undefined) {
    const reason = `The system that runs is one that was left before: ${running}`;
    return bad(Severity.HIGH, 1, reason, [`${generations.running ?? ''} runs again`]);
  }
  const path = isUnknown(profile) ? null : profile.path;
  const next = badReason(systemOf(generations, path));
  if (next === undefined) return undefined;
  const reason = `The next boot would enter a system that was left before: ${next}`;
  return bad(Severity.LOW, 1, reason, [`/nix/var/nix/profiles/system is ${path ?? ''}`]);
}

/** Judges an interrupted change of generation. */
function judgeIntent({ generation, action }: Intent, generations: Generations): Verdict {
  const running = runningOf(generations);
  const units = generation?.units ?? [];
  const to = generation?.to ?? null;
  const what = `\`${action}\` was acting`;
  if (to !== null && generations.running !== to) {
    const reason = `${what}, and ${generations.running ?? 'another system'} runs, not ${to}`;
    return bad(Severity.CRITICAL, 1, reason);
  }
  const failing = units.filter((unit) => unitOf(running, unit)?.failing === true);
  if (failing.length > 0) {
    const reason = `${what}, and ${failing.join(', ')} still fails`;
    return bad(Severity.CRITICAL, failing.length, reason);
  }
  const unread = units.filter((unit) => (unitOf(running, unit)?.activeSince ?? null) === null);
  if (unread.length > 0)
    return { status: 'unknown', reason: `${what}, and ${unread.join(', ')} is not active yet` };
  return ok(`${what}, and ${units.join(', ')} is active in ${generations.running ?? ''}`);
}

/** Returns whether a restart was tried, or was not possible for a while: it is cheaper than a rollback, and comes first. */
function wasTried(unit: string, { ledger, guards }: GenerationInput['parts'], now: number): boolean {
  const { generations, acts } = ledger.state;
  const restarted = acts.some(
    ({ component, action, at }) =>
      component === componentOf(unit) && action === 'restart_service' && at >= enteredAt(generations),
  );
  const failedAt = unitOf(runningOf(generations), unit)?.failedAt ?? now;
  return restarted || now - failedAt >= guards.backoff.firstMs;
}

const enteredAt = (generations: Generations): number => runningOf(generations)?.enteredAt ?? 0;

const unitList = (evidence: readonly Evidence[]): string => evidence.map(({ unit }) => unit).join(', ');

function headingOf(
  { generations: kept }: NixosReading,
  generations: Generations,
  wallAheadMs: number,
): string[] {
  const running = runningOf(generations);
  const numbers = (path: string): string => {
    const same = isUnknown(kept) ? [] : kept.filter((one) => one.path === path);
    const all = same.map(({ number }) => count(number));
    return all.length === 0 ? path : `${path} (generation ${all.join(', ')})`;
  };
  if (generations.running === null || running === undefined) return [];
  const before =
    running.previous === null ? 'what ran before is not on record' : `before: ${numbers(running.previous)}`;
  return [`running: ${numbers(generations.running)}, since ${utc(running.enteredAt + wallAheadMs)}`, before];
}

/** Returns the command that shows the difference. */
function checkLine(unit: string, generations: Generations): string {
  const file = `etc/systemd/system/${unit}`;
  const previous = runningOf(generations)?.previous ?? '';
  return `to check: diff -ur ${previous}/${file} ${generations.running ?? ''}/${file}`;
}
