import { existsSync } from 'node:fs';
import { failingUnits, runningOf, systemOf } from '../memory/generations.js';
import { whyVolatile } from '../memory/volatile-store.js';
import { generationEvidence, isProved, missingOf } from '../generations/evidence.js';
import { expectKnownKeys, refusal } from '../base/expect.js';
import { systemHasUnit } from '../host/own-unit.js';
import { isUnknown, unknown, type Reading } from '../model/reading.js';
import type { Block, CommandStep } from '../model/plan.js';
import { span } from '../base/format.js';
import { defineAction, type PlanContext, type PlanDraft } from './define.js';
import {
  failingNow,
  needsBoot,
  numberBefore,
  profileBefore,
  readSystems,
  setProfile,
  changeBlock,
  undoChange,
  verifyGeneration,
  withoutSystems,
  type KnownSystems,
} from './on-generation.js';
import { refusedDraft, unavailable } from './on-service.js';
import { inTransientUnit, wordOf } from './transient-unit.js';

const SWITCH_MS = 20 * 60_000;
const EFFECT = 'The system runs the generation that ran before this one';

const NONE = 'There is no generation to go back to';

/** Destination of a rollback, the units to repair, and the reasons why it needs approval. */
interface Goal {
  readonly to: Reading<string>;
  readonly units: readonly string[];
  readonly doubts: readonly string[];
}

/**
 * Rolls back to the previous NixOS system by this library's own record; with `undo`, to the system before this library's
 * last change. Without evidence, and whenever something is unusual, it needs approval.
 */
export const rollbackGeneration = defineAction<{ readonly undo: boolean }>({
  parse(parameters) {
    expectKnownKeys('parameters', parameters, ['undo']);
    if (parameters.undo !== undefined && parameters.undo !== true)
      throw refusal('undo', '`true`', parameters.undo);
    return { undo: parameters.undo === true };
  },
  async plan({ undo }, context) {
    const refused = (refusal: Block) => refusedDraft('system', EFFECT, refusal);
    const systems = await readSystems(context);
    if (isUnknown(systems)) return refused(unavailable(`${NONE}: ${systems.unknown}`));
    const failing = await failingNow(failingUnits(context.history.generations), context);
    if (isUnknown(failing)) return refused(unavailable(`What fails now is not known: ${failing.unknown}`));
    const goal = undo ? undoGoal(systems, context) : await rollbackGoal(systems, failing, context);
    if (isUnknown(goal.to)) return refused(unavailable(`There is nowhere to go back to: ${goal.to.unknown}`));
    const unusable = whyUnusable(goal.to, systems);
    if (unusable !== undefined) return refused(unavailable(unusable));
    const busy = await changeBlock(context);
    if (busy) return refused(busy);
    return change(goal.to, { ...goal, failing }, systems, context);
  },
  unavailable: withoutSystems(NONE),
  verify: (_parameters, context) => verifyGeneration(context),
  undo: (_parameters, context) => undoChange(context),
  scope: 'host',
  risk: 'disruptive',
  timeoutMs: 30 * 60_000,
});

async function change(
  to: string,
  { units, doubts, failing }: Omit<Goal, 'to'> & { readonly failing: readonly string[] },
  systems: KnownSystems,
  context: PlanContext,
): Promise<PlanDraft> {
  const from = systems.running.path;
  const boot = await needsBoot(to, systems, context);
  const verb = boot.why === undefined ? 'switch' : 'boot';
  const why = [
    ...doubts,
    ...unusual(to, systems, context),
    ...(boot.why === undefined ? [] : [`it takes effect only when the host is restarted: ${boot.why}`]),
  ];
  const running = (how: 'switch' | 'boot' | 'test'): CommandStep =>
    inTransientUnit({
      unit: `luminous-healing-${how === 'test' ? 'test' : 'switch'}-${wordOf(to)}`,
      argv: [`${to}/bin/switch-to-configuration`, how],
      timeoutMs: SWITCH_MS,
    });
  const steps: CommandStep[] = [
    setProfile(to),
    running(verb),
    { ...setProfile(profileBefore(to, systems)), onlyIf: 'not-activated' },
    // Repairs the running system; the next boot stays as it was.
    ...(verb === 'switch' ? [{ ...running('test'), onlyIf: 'boot-loader-failed' } as const] : []),
  ];
  return {
    targets: ['system'],
    steps,
    effect: verb === 'boot' ? `${to} is what boots next` : `The system runs ${to} instead of ${from}`,
    undo: `The same with ${from}, which runs now; done by itself when more units fail afterwards than before`,
    generation: { from, to, verb, units, failing },
    notes: boot.note === undefined ? [] : [boot.note],
    ...(why.length === 0
      ? {}
      : { approval: `A change of the generation is for a person to decide: ${why.join('; ')}` }),
  };
}

/** Returns the previous system by our own record, and the evidence for rolling back to it. */
async function rollbackGoal(
  systems: KnownSystems,
  failing: readonly string[],
  { history, unitChanges, nix, guards }: PlanContext,
): Promise<Goal> {
  const { generations, now, wallAheadMs } = history;
  const doubts = nix.allowRollback ? [] : ['`nix.allowRollback` is not set'];
  const from = systems.running.path;
  const previous = generations.running === from ? (runningOf(generations)?.previous ?? null) : null;
  if (previous === null) {
    const because = history.missing ?? whyVolatile(history.path);
    const why = because === undefined ? '' : ` (${because})`;
    const missing = `which system ran before this one is not on record${why}, so it is the one before it by number`;
    return { to: numberBefore(systems), units: failing.filter(isService), doubts: [...doubts, missing] };
  }
  const changes = await unitChanges(previous, from);
  const facts = { generations, changes, evidence: guards.evidence, now, wallAheadMs };
  const weighed = failing.filter(isService).map((unit) => generationEvidence(unit, facts));
  const proved = weighed.filter(isProved).map(({ unit }) => unit);
  if (proved.length > 0) return { to: previous, units: proved, doubts };
  const missing = weighed.length === 0 ? ['no service fails'] : weighed.flatMap(missingOf);
  return { to: previous, units: weighed.map(({ unit }) => unit), doubts: [...doubts, ...missing] };
}

const isService = (unit: string): boolean => unit.endsWith('.service');

/** Returns the system before our own last change. Soon after the change its undo needs no approval, later it does. */
function undoGoal({ running }: KnownSystems, { history, guards }: PlanContext): Goal {
  const { lastChange } = history.generations;
  if (lastChange === null)
    return { to: unknown('no change of this library is on record'), units: [], doubts: [] };
  if (lastChange.from === running.path)
    return { to: unknown(`${running.path}, where the last change began, runs`), units: [], doubts: [] };
  const ago = history.now - lastChange.at;
  const doubts =
    ago <= guards.evidence.withinMs ? [] : [`the change that is to be undone was made ${span(ago)} ago`];
  return { to: lastChange.from, units: [], doubts };
}

/** Refuses a path that is no system, or that the profile does not keep: it may be garbage collected at any time. */
function whyUnusable(to: string, { running, generations }: KnownSystems): string | undefined {
  if (to === running.path) return `${to} runs already`;
  if (isUnknown(generations)) return `Which generations are kept is not known: ${generations.unknown}`;
  if (!generations.some(({ path }) => path === to)) return `${to} is not a kept generation any more`;
  return existsSync(`${to}/bin/switch-to-configuration`) ? undefined : `${to} cannot be switched to`;
}

/** Returns the reasons why a rollback is unusual and needs approval. */
function unusual(to: string, systems: KnownSystems, { history, ownUnit }: PlanContext): string[] {
  const { running, profile, specialisation } = systems;
  const { generations } = history;
  const doubts: string[] = [];
  if (isUnknown(specialisation))
    doubts.push(`whether a specialisation runs is not known: ${specialisation.unknown}`);
  else if (specialisation !== null) doubts.push(`the specialisation \`${specialisation}\` runs`);
  // An interrupted change of our own leaves the profile ahead, which is not unusual.
  if (isUnknown(profile)) doubts.push(`what boots next is not known: ${profile.unknown}`);
  else if (profile.path !== running.path && profile.path !== generations.repeat)
    doubts.push(`what boots next is ${profile.path}, which does not run`);
  const bad = systemOf(generations, to)?.bad;
  if (bad) doubts.push(`it was left before: ${bad.why}`);
  if (ownUnit !== null && !systemHasUnit(to, ownUnit)) doubts.push(`${ownUnit}, which this is, is not in it`);
  return doubts;
}
