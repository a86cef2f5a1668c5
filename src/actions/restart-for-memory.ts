import {
  isPattern,
  listedNames,
  listedPatterns,
  watchedAs,
  type WatchedUnit,
} from '../detect/watched-units.js';
import { isUnknown } from '../model/reading.js';
import { bytes } from '../base/format.js';
import type { PlanContext, PlanDraft } from './define.js';
import { noGain, unavailable } from './on-service.js';

/** Memory pressure in percent, as the default limit of systemd-oomd. */
const FULL_PRESSURE_PERCENT = 60;
/** Memory use above which the severity is HIGH. */
const HIGH_PERCENT = 95;

const OWN_GROUP =
  'What is full is the memory of this control group, and a restart of another service gives nothing back to it';

/** Returns the listed service with the most memory that only stopping it frees. */
export async function largestService({ services, unitMemory, read }: PlanContext) {
  let largest: { watched: WatchedUnit; held: number } | undefined;
  for (const watched of await listedUnits(services, read)) {
    const held = await unitMemory(watched.unit);
    if (!isUnknown(held) && held > (largest?.held ?? 0)) largest = { watched, held };
  }
  return largest;
}

/** Returns the services that a list covers: patterns and group units have no memory themselves. */
async function listedUnits(
  services: readonly WatchedUnit[],
  read: PlanContext['read'],
): Promise<readonly WatchedUnit[]> {
  if (services.length === 0) return [];
  const watched = new Map(services.map((one) => [one.unit, one]));
  const patterns = listedPatterns(watched);
  const { units } = await read({
    ...{ parts: ['units'], units: listedNames(watched) },
    ...(patterns.length > 0 ? { patterns } : {}),
  });
  if (isUnknown(units)) return services.filter(({ unit }) => !isPattern(unit));
  const { asked, matched = [], members = [] } = units;
  const found = [...asked, ...matched, ...members].map((unit): [string, WatchedUnit] => [
    unit.id,
    { ...watchedAs(unit, watched), unit: unit.id },
  ]);
  return [...new Map(found).values()];
}

/** Returns a plan that restarts a service to free memory, with the reasons why it needs approval. */
export async function forMemory(
  draft: PlanDraft,
  { watched, held }: { readonly watched: WatchedUnit; readonly held: number },
  { read }: Pick<PlanContext, 'read'>,
): Promise<PlanDraft> {
  const { memory, pressure } = await read({ parts: ['memory', 'pressure'] });
  if (isUnknown(memory))
    return { ...draft, steps: [], refusal: unavailable(`Memory is not known: ${memory.unknown}`) };
  if (memory.scope === 'cgroup') return { ...draft, steps: [], refusal: noGain(OWN_GROUP) };
  const full = isUnknown(pressure) || isUnknown(pressure.memory) ? undefined : pressure.memory.full;
  const doubts: string[] = [];
  if (!watched.restartForMemory) doubts.push(`\`restartForMemory\` is not set for ${watched.unit}`);
  if (!(memory.usedPercent > HIGH_PERCENT)) doubts.push(`memory is not over ${HIGH_PERCENT} % used`);
  if (full === undefined || !(full > FULL_PRESSURE_PERCENT)) {
    const words = full === undefined ? 'not known' : `${full.toFixed(1)} %`;
    doubts.push(`memory pressure is ${words}, not over ${FULL_PRESSURE_PERCENT} %`);
  }
  return {
    ...draft,
    effect: `${bytes(held)} that ${watched.unit} holds are freed by its restart`,
    ...(doubts.length === 0
      ? {}
      : { approval: `A restart for memory is for a person to decide: ${doubts.join('; ')}` }),
  };
}
