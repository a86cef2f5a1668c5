import { NIX_STORE } from '../model/built-in-checks.js';
import { mountOf } from '../detect/disk.js';
import { clearingLevel, percent } from '../detect/percent.js';
import { expectKnownKeys, expectNumber, expectOneOf } from '../base/expect.js';
import { isUnknown } from '../model/reading.js';
import type { NixControls } from '../model/controls-reading.js';
import type { MountReading } from '../model/snapshot.js';
import type { Block } from '../model/plan.js';
import { bytes, count } from '../base/format.js';
import {
  defineAction,
  type PlanContext,
  type PlanDraft,
  verifyByCheck,
  type Verification,
  type VerifyContext,
} from './define.js';
import { controlsOf } from './controls.js';
import { collectedBy, collectGarbage, nixProgram } from './nix-gc.js';
import { deleteGenerations, generationsToDelete, nextAfterGarbage } from './old-generations.js';
import { pathParameter } from './parameters.js';
import { noGain, refusedDraft, unavailable } from './on-service.js';
import { goneMount, storeMount } from './store-mount.js';

interface Parameters {
  readonly path: string;
  readonly freeing: 'space' | 'inodes';
  /** Amount to delete as decided by an earlier plan, in bytes. */
  readonly maxFreed?: number | undefined;
}

/** File systems that release freed space with a delay. */
const LATE: readonly string[] = ['zfs', 'btrfs'];

/** Collects garbage in the Nix store, down to the clearing level of its file system and no further. */
export const cleanNixStore = defineAction<Parameters>({
  parse(parameters) {
    expectKnownKeys('parameters', parameters, ['path', 'freeing', 'maxFreed']);
    const { freeing = 'space', maxFreed } = parameters;
    if (maxFreed !== undefined) expectNumber('maxFreed', maxFreed, 1, Number.MAX_SAFE_INTEGER);
    return {
      path: pathParameter('path', parameters.path, NIX_STORE),
      freeing: expectOneOf('freeing', freeing, ['space', 'inodes'], 'kind') as Parameters['freeing'],
      maxFreed: maxFreed as number | undefined,
    };
  },
  async plan(parameters, context) {
    const target = `${wordOf(parameters)}:${parameters.path}`;
    const refused = (refusal: Block) =>
      refusedDraft(target, 'Store paths that nothing refers to are deleted', refusal);
    const { mounts } = await context.read({ parts: ['mounts'] });
    const gone = goneMount(parameters.path, mounts);
    if (gone) return refused(gone);
    const nix = await storeControls(context);
    if ('sentence' in nix) return refused(nix);
    const mount = storeMount(parameters.path, mounts);
    if ('sentence' in mount) return refused(mount);
    const inTheWay = await activity(context);
    if (inTheWay) return refused(inTheWay);
    const surplus = surplusOf(mount, parameters, context);
    return 'sentence' in surplus ? refused(surplus) : draft(parameters, mount, surplus, nix, context);
  },
  unavailable: async (context) => {
    const nix = await storeControls(context);
    return 'sentence' in nix ? nix.sentence : undefined;
  },
  needsRoot: async (context) => {
    const nix = await storeControls(context);
    return 'sentence' in nix || nix.daemon !== 'granted';
  },
  verify,
  scope: 'host',
  risk: 'reversible',
  timeoutMs: 30 * 60_000,
  // The file system may gain less than Nix counts as freed, so it is read again after each run.
  runs: 4,
});

/** Reads the access to the Nix store, or returns a block for a host without one. */
async function storeControls(context: Pick<PlanContext, 'read'>): Promise<NixControls | Block> {
  const controls = await controlsOf(context);
  if (isUnknown(controls)) return unavailable(`The Nix store is not known: ${controls.unknown}`);
  const { nix } = controls;
  return nix.hasStore ? nix : unavailable('This host has no Nix store');
}

const wordOf = ({ freeing }: Parameters): string => (freeing === 'space' ? 'disk' : 'inodes');

/** Returns a block during a build or a switch, which may need what is garbage now. */
async function activity({ nixActivity }: PlanContext): Promise<Block | undefined> {
  const now = await nixActivity();
  if (isUnknown(now)) return unavailable(`Whether Nix is at work is not known: ${now.unknown}`);
  const busy = now.switching ?? now.building;
  if (busy === null) return undefined;
  return { reason: 'in-transition', sentence: `${busy}: nothing is deleted until it ends` };
}

interface Surplus {
  /** Amount to free, in bytes. */
  readonly bytes: number;
  /** The same amount as text. */
  readonly words: string;
  readonly available: number;
  readonly baseline: Readonly<Record<string, number>>;
}

/** Returns the percentage to reach. Inodes have no threshold per mount. */
const clearsAt = (
  mount: MountReading,
  freeing: Parameters['freeing'],
  { thresholds, diskClearsAt }: PlanContext,
): number => (freeing === 'space' ? diskClearsAt(mount) : clearingLevel(thresholds.diskPercent));

/** Returns the amount in use above the clearing level; for inodes, converted by their average size. */
function surplusOf(mount: MountReading, { freeing }: Parameters, context: PlanContext): Surplus | Block {
  const { mountPoint, space, inodes } = mount;
  const usage = freeing === 'space' ? space : inodes;
  const unread = (reason: string): Block => unavailable(`How full ${mountPoint} is, is not known: ${reason}`);
  if (isUnknown(space)) return unread(space.unknown);
  if (isUnknown(usage)) return unread(usage.unknown);
  const level = clearsAt(mount, freeing, context);
  const amount = Math.max(0, Math.ceil(usage.used - (level / 100) * (usage.used + usage.available)));
  if (amount === 0) {
    const sentence = `${mountPoint} is ${percent(usage.percent)} full, which is under ${percent(level)} already`;
    return noGain(sentence);
  }
  const inBytes = freeing === 'space' ? amount : Math.ceil((amount * space.used) / Math.max(1, usage.used));
  const words = freeing === 'space' ? bytes(amount) : `${count(amount)} inodes (about ${bytes(inBytes)})`;
  const baseline = { usedBytes: space.used, ...(isUnknown(inodes) ? {} : { usedInodes: inodes.used }) };
  return { bytes: inBytes, words, available: space.available, baseline };
}

/** Plans to collect garbage; generations are deleted only after a run that left no garbage and was not enough. */
async function draft(
  parameters: Parameters,
  mount: MountReading,
  surplus: Surplus,
  controls: NixControls,
  context: PlanContext,
): Promise<PlanDraft> {
  const { earlier, nix } = context;
  const { mountPoint, fsType } = mount;
  const level = percent(clearsAt(mount, parameters.freeing, context));
  const before = collectedBy(earlier);
  const usedUp = before !== undefined && before.last.freedBytes < 0.99 * before.last.asked;
  const old = await generationsToDelete(context);
  const deleting = usedUp && !isUnknown(old) && old.length > 0;
  const late = LATE.includes(fsType) && before !== undefined;
  const wanted = late ? before.last.asked - before.last.freedBytes : surplus.bytes;
  const about = {
    targets: [`${wordOf(parameters)}:${mountPoint}`],
    effect: `Up to ${surplus.words} of store paths that nothing refers to are deleted, until ${mountPoint} is under ${level}`,
    baseline: surplus.baseline,
  };
  const own = Math.max(1, Math.ceil(wanted));
  const amount = decided(parameters, own, mount, earlier.length);
  const gainless = (sentence: string) => ({ ...about, steps: [], refusal: noGain(sentence) });
  if (amount === undefined)
    return gainless(`${mountPoint} needs less freed by now than was planned: plan it again`);
  const { steps, notes } = collectGarbage(amount, surplus.available, controls);
  if (usedUp && !deleting) return gainless('Nix has nothing more to delete');
  if (!usedUp && late) return gainless(`${fsType} gives space back later`);
  const again = `Looked at again after each run, up to 4 runs: Nix counts files with several links, small and compressed ones in another way than ${fsType} does`;
  const further = nix.deleteOlderThan ? [nextAfterGarbage(old, nix.deleteOlderThan.words)] : [];
  return {
    ...about,
    parameters: { path: parameters.path, freeing: parameters.freeing, maxFreed: amount },
    steps: [...(deleting ? deleteGenerations(old, nixProgram('nix-env')) : []), ...steps],
    notes: [...notes, again, ...further],
  };
}

/** Tolerance, as a part of the file system, within which the engine and the root helper plan the same amount. */
const STILL_NEEDED = 0.03;

/** Returns the amount decided before, unless much less is needed now. Further runs of the same act use the need. */
function decided({ maxFreed }: Parameters, need: number, { space }: MountReading, runsBefore: number) {
  if (maxFreed === undefined || runsBefore > 0) return need;
  const size = isUnknown(space) ? 0 : space.used + space.available;
  return need >= maxFreed - STILL_NEEDED * size ? maxFreed : undefined;
}

/** Verifies by the check, and adds the freed amount as counted by Nix and by the file system. */
async function verify(parameters: Parameters, context: VerifyContext): Promise<Verification> {
  let verification = await verifyByCheck(parameters, context);
  const { mounts } = await context.read({ parts: ['mounts'] });
  const mount = isUnknown(mounts) ? undefined : mountOf(parameters.path, mounts);
  if (verification.status === 'ineffective' && LATE.includes(mount?.fsType ?? '')) {
    await context.settle(context.guards.settleMs.lateDisk);
    verification = await verifyByCheck(parameters, context);
  }
  const words = await freedWords(parameters, context);
  return { ...verification, reason: [verification.reason, ...words].join('; ') };
}

async function freedWords({ path }: Parameters, { steps, plan, read }: VerifyContext): Promise<string[]> {
  const words: string[] = [];
  const collected = collectedBy(steps);
  if (collected) {
    const { paths, freedBytes } = collected;
    words.push(`Nix deleted ${count(paths)} store paths and counts ${bytes(freedBytes)} as freed`);
  }
  const { mounts } = await read({ parts: ['mounts'] });
  const space = isUnknown(mounts) ? undefined : mountOf(path, mounts)?.space;
  const before = plan.baseline?.usedBytes;
  if (before !== undefined && space !== undefined && !isUnknown(space))
    words.push(`${bytes(Math.max(0, before - space.used))} less are in use`);
  return words;
}
