import { isCleared, percent } from '../detect/percent.js';
import { expectKnownKeys, expectObject, refusal } from '../base/expect.js';
import { isUnknown, unknown, type Reading } from '../model/reading.js';
import type { Block, WriteStep } from '../model/plan.js';
import { meanFrequency } from '../host/linux/cpu-policies.js';
import type { CpuPolicies, CpuPolicy, UnreadablePolicy } from '../model/controls-reading.js';
import { controlsOf } from './controls.js';
import { defineAction, type PlanContext, type Verification, type VerifyContext } from './define.js';
import { wordParameter } from './parameters.js';
import { noGain, refusedDraft, unavailable } from './on-service.js';

const GOVERNOR = 'performance';
const OWN_GROUP =
  'What is used up is the CPU time that this control group may have, and a faster clock gives it no more of it';

/** One governor for every policy, or, for an undo, one per policy. */
type Parameters = { readonly governor: string } | { readonly governors: ReadonlyMap<string, string> };

interface Wish {
  readonly policy: CpuPolicy;
  readonly governor: string;
}

/** Sets a frequency governor in each CPU policy until the CPU has been ok for long enough, or the engine stops. */
export const setCpuGovernor = defineAction<Parameters>({
  parse,
  async plan(parameters, { read, thresholds }) {
    const effect =
      'governor' in parameters
        ? `The frequency governor of every CPU is \`${parameters.governor}\``
        : 'The frequency governor of every CPU is what it was before';
    const refused = (refusal: Block) => refusedDraft('cpu', effect, refusal);
    const policies = await policiesOf({ read }, 'governors' in parameters);
    if (isUnknown(policies)) return refused(unavailable(policies.unknown));
    const { wishes, later } = wishesOf(parameters, policies);
    const needed = wishes.filter(({ policy, governor }) => policy.current !== governor);
    const changes = needed.filter(({ policy, governor }) => policy.offered.includes(governor));
    const [lacking] = needed.filter((wish) => !changes.includes(wish));
    const notes = later.map(({ name, unreadable }) => `${name} cannot be read now: ${unreadable}`);
    if (changes.length === 0) return refused(whyNothing(wishes, lacking, notes));
    const steps = changes.map(toStep);
    if ('governors' in parameters) return { targets: ['cpu'], steps, effect, notes };
    const { cpu } = await read({ parts: ['cpu'] });
    if (!isUnknown(cpu) && cpu.limitCpus !== undefined) return refused(noGain(OWN_GROUP));
    const { percent: used, stealPercent: steal = 0 } = isUnknown(cpu) ? { percent: 100 } : cpu;
    if (steal > 0 && used - steal <= thresholds.cpuPercent) {
      const sentence = `${percent(steal)} of the CPUs are taken by the hypervisor for other machines, and a faster clock does not bring them back`;
      return refused(noGain(sentence));
    }
    const mean = meanFrequency(wishes.map(({ policy }) => policy));
    const governors = Object.fromEntries(changes.map(({ policy }) => [policy.name, policy.current]));
    return {
      targets: ['cpu'],
      steps,
      effect,
      notes: lacking ? [...notes, whyLacking(lacking)] : notes,
      undo: `Back to ${changes.map(({ policy }) => `${policy.current} in ${policy.path}`).join(', ')}`,
      restore: { action: 'set_cpu_governor', parameters: { governors } },
      ...(mean === undefined ? {} : { baseline: { frequency: mean } }),
    };
  },
  unavailable: async (context) => {
    const policies = await policiesOf(context);
    if (isUnknown(policies)) return policies.unknown;
    const { wishes } = wishesOf({ governor: GOVERNOR }, policies);
    const isOffered = wishes.some(({ policy }) => policy.offered.includes(GOVERNOR));
    return isOffered || wishes[0] === undefined ? undefined : whyLacking(wishes[0]);
  },
  verify,
  scope: 'host',
  risk: 'reversible',
  timeoutMs: 60_000,
});

/** Reads the policies; unknown if there are none, except for an undo: missing policies need none. */
async function policiesOf(context: Pick<PlanContext, 'read'>, undoes = false): Promise<Reading<CpuPolicies>> {
  const controls = await controlsOf(context);
  const policies = isUnknown(controls) ? controls : controls.cpuPolicies;
  if (isUnknown(policies)) return unknown(`The governors of the CPUs cannot be read: ${policies.unknown}`);
  const isNone = policies.readable.length + policies.unreadable.length === 0;
  return isNone && !undoes ? unknown('This machine has no cpufreq to govern') : policies;
}

function parse(parameters: Readonly<Record<string, unknown>>): Parameters {
  if (!('governors' in parameters)) {
    expectKnownKeys('parameters', parameters, ['governor']);
    return { governor: wordParameter('governor', parameters.governor, GOVERNOR) };
  }
  expectKnownKeys('parameters', parameters, ['governors']);
  const governors = Object.entries(expectObject('governors', parameters.governors));
  if (governors.length === 0) throw refusal('governors', 'a governor for at least one policy', {});
  for (const [name, governor] of governors) {
    if (!/^policy\d+$/.test(name)) throw refusal('governors', 'named by policies, as `policy0`', name);
    if (governor === undefined) throw refusal(`governors.${name}`, 'a lower-case word', governor);
  }
  return {
    governors: new Map(
      governors.map(([name, governor]) => [name, wordParameter(`governors.${name}`, governor, '')]),
    ),
  };
}

interface Wishes {
  readonly wishes: readonly Wish[];
  /** Policies that cannot be changed now. */
  readonly later: readonly UnreadablePolicy[];
}

/** Returns the governor to set for each policy. Policies that are gone need no undo. */
function wishesOf(parameters: Parameters, { readable, unreadable }: CpuPolicies): Wishes {
  if ('governor' in parameters) {
    const { governor } = parameters;
    return { wishes: readable.map((policy) => ({ policy, governor })), later: unreadable };
  }
  const { governors } = parameters;
  const wishes = readable.flatMap((policy) => {
    const governor = governors.get(policy.name);
    return governor === undefined ? [] : [{ policy, governor }];
  });
  return { wishes, later: unreadable.filter(({ name }) => governors.has(name)) };
}

/** Returns why no policy can be changed: none offers the governor, none can be read, or each has it already. */
function whyNothing(wishes: readonly Wish[], lacking: Wish | undefined, notes: readonly string[]): Block {
  if (lacking) return unavailable(whyLacking(lacking));
  if (notes.length > 0) return unavailable(notes.join('; '));
  return noGain(`Every CPU has the governor already: ${wishes.map(asWords).join(', ') || 'none is left'}`);
}

const whyLacking = ({ policy: { path, offered }, governor }: Wish): string =>
  `${path} offers ${offered.join(', ') || 'nothing'}, not \`${governor}\``;

const asWords = ({ policy, governor }: Wish): string => `${governor} in ${policy.name}`;

const toStep = ({ policy, governor }: Wish): WriteStep => ({
  kind: 'write',
  path: `${policy.path}/scaling_governor`,
  content: governor,
  needsRoot: true,
  timeoutMs: 5_000,
  interruptible: false,
});

/** Verifies that the governor reads back, and that the CPU is ok or faster than before. */
async function verify(parameters: Parameters, context: VerifyContext): Promise<Verification> {
  await context.settle();
  const policies = await policiesOf(context, 'governors' in parameters);
  if (isUnknown(policies)) return { status: 'unknown', reason: policies.unknown };
  const wishes = wishesOf(parameters, policies).wishes.filter(({ policy, governor }) =>
    policy.offered.includes(governor),
  );
  const other = wishes.find(({ policy, governor }) => policy.current !== governor);
  if (other) {
    const { name, current } = other.policy;
    return { status: 'ineffective', reason: `${name} reads back as ${current}, not ${other.governor}` };
  }
  const verdict = await context.inspect();
  const mean = meanFrequency(wishes.map(({ policy }) => policy));
  const gained = fasterBy(context.plan.baseline?.frequency, mean, context.guards.useless.gainPercent);
  const words = [wishes.map(asWords).join(', '), gained?.words, verdict?.reason];
  const reason = words.filter(Boolean).join('; ');
  if ((verdict !== undefined && isCleared(verdict)) || gained?.enough) return { status: 'fixed', reason };
  const known = verdict !== undefined && verdict.status !== 'unknown';
  return { status: known ? 'ineffective' : 'unknown', reason };
}

function fasterBy(before: number | undefined, after: number | undefined, gainPercent: number) {
  if (before === undefined || after === undefined) return undefined;
  const mega = (kHz: number): string => `${Math.round(kHz / 1_000)} MHz`;
  return {
    enough: after > before && after - before >= (gainPercent / 100) * before,
    words: `mean frequency ${mega(before)} before, ${mega(after)} after`,
  };
}
