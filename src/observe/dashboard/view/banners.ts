import type { EngineStatus } from '../../../report/status.js';
import { span } from '../../../base/format.js';
import { notMonitoring } from './headline.js';
import { cut } from './bounds.js';
import type { Banner } from './view.js';

/** Limit of banners for lost readings. */
const LOST = 3;

/** Returns the states of the engine that affect everything else, the most severe first. */
export function bannersOf(status: EngineStatus): Banner[] {
  const { dryRun, healingEnabled, pauses, lockedBy, storm, monitoring, lostReadings } = status;
  const banners: Banner[] = [];
  const blind = notMonitoring(status);
  if (blind !== undefined) banners.push({ kind: 'not-looking', tone: 'bad', sentence: blind });
  else if (!monitoring)
    banners.push({
      kind: 'not-looking',
      tone: 'note',
      sentence: 'Monitoring has not been started; this is the last known state.',
    });
  const lost = lostReadings.filter(({ listed }) => listed);
  for (const { component, reason, forMs } of lost.slice(0, LOST))
    banners.push({
      ...{ kind: 'reading-lost', tone: 'note' },
      sentence: cut(`${component}, for ${span(forMs)}: ${reason}.`),
    });
  if (lost.length > LOST)
    banners.push({ kind: 'reading-lost', tone: 'note', sentence: `And ${lost.length - LOST} more.` });
  if (storm)
    banners.push({
      kind: 'storm',
      tone: 'bad',
      sentence: `For ${span(storm.forMs)}. Repairs restart, one at a time, if no further service fails for ${span(storm.calmInMs)}.`,
    });
  if (lockedBy !== undefined) banners.push({ kind: 'locked', tone: 'note', sentence: cut(`${lockedBy}.`) });
  for (const { reason, forMs, by } of pauses) {
    const who = by === undefined ? '' : ` (by ${by})`;
    const sentence = cut(`For ${span(forMs)}${who}: ${reason}`);
    banners.push({ kind: 'paused', tone: 'note', sentence, reason });
  }
  if (!healingEnabled)
    banners.push({
      kind: 'healing-disabled',
      tone: 'note',
      sentence: 'Issues are reported, but not repaired.',
    });
  if (dryRun)
    banners.push({
      kind: 'dry-run',
      tone: 'note',
      sentence: 'Repairs are planned and checked, but not run.',
    });
  return banners;
}
