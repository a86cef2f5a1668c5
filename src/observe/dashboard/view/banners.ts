import type { EngineStatus } from '../../../report/status.js';
import { span } from '../../../base/format.js';
import { notLooking } from './headline.js';
import type { Banner } from './view.js';

/** Lost readings that have a banner each. */
const LOST = 3;

/** States of the whole engine that everything else has to be read with, the gravest first. */
export function bannersOf(status: EngineStatus): Banner[] {
  const { dryRun, healingEnabled, pauses, lockedBy, storm, monitoring, lostReadings } = status;
  const banners: Banner[] = [];
  const blind = notLooking(status);
  if (blind !== undefined) banners.push({ kind: 'not-looking', tone: 'bad', sentence: blind });
  else if (!monitoring)
    banners.push({
      kind: 'not-looking',
      tone: 'note',
      sentence: 'Nobody has started the monitoring: this is how it was at the last look.',
    });
  const lost = lostReadings.filter(({ listed }) => listed);
  for (const { component, reason, forMs } of lost.slice(0, LOST))
    banners.push({
      ...{ kind: 'reading-lost', tone: 'note' },
      sentence: `${component}, for ${span(forMs)}: ${reason}.`,
    });
  if (lost.length > LOST)
    banners.push({ kind: 'reading-lost', tone: 'note', sentence: `And ${lost.length - LOST} more.` });
  if (storm)
    banners.push({
      kind: 'storm',
      tone: 'bad',
      sentence: `For ${span(storm.forMs)}. Nothing is repaired before it has been calm for ${span(storm.calmInMs)} more; then one repair at a time.`,
    });
  if (lockedBy !== undefined) banners.push({ kind: 'locked', tone: 'note', sentence: `${lockedBy}.` });
  for (const { reason, forMs, by } of pauses) {
    const who = by === undefined ? '' : ` (by ${by})`;
    banners.push({ kind: 'paused', tone: 'note', sentence: `For ${span(forMs)}: ${reason}${who}`, reason });
  }
  if (!healingEnabled)
    banners.push({
      kind: 'healing-disabled',
      tone: 'note',
      sentence: 'Issues are found and shown, and nothing is repaired.',
    });
  if (dryRun)
    banners.push({
      kind: 'dry-run',
      tone: 'note',
      sentence: 'Everything is planned and judged, and nothing is changed.',
    });
  return banners;
}
