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
  const add = (kind: Banner['kind'], tone: Banner['tone'], sentence: string): void =>
    void banners.push({ kind, tone, sentence });
  const blind = notMonitoring(status);
  if (blind !== undefined) add('not-looking', 'bad', blind);
  else if (!monitoring)
    add('not-looking', 'note', 'Monitoring has not been started; this is the last known state.');
  const lost = lostReadings.filter(({ listed }) => listed);
  for (const { component, reason, forMs } of lost.slice(0, LOST))
    add('reading-lost', 'note', cut(`${component}, for ${span(forMs)}: ${reason}.`));
  if (lost.length > LOST) add('reading-lost', 'note', `And ${lost.length - LOST} more.`);
  if (storm)
    add(
      'storm',
      'bad',
      `For ${span(storm.forMs)}. Repairs restart, one at a time, if no further service fails for ${span(storm.calmInMs)}.`,
    );
  if (lockedBy !== undefined) add('locked', 'note', cut(`${lockedBy}.`));
  for (const { reason, forMs, by } of pauses) {
    const who = by === undefined ? '' : ` (by ${by})`;
    const sentence = cut(`For ${span(forMs)}${who}: ${reason}`);
    banners.push({ kind: 'paused', tone: 'note', sentence, reason });
  }
  if (!healingEnabled) add('healing-disabled', 'note', 'Issues are reported, but not repaired.');
  if (dryRun) add('dry-run', 'note', 'Repairs are planned and checked, but not run.');
  return banners;
}
