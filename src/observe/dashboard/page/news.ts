import type { View } from '../view/view.js';
import { keyOf, spoken } from './sections/banners.js';

/** Returns what is announced when a view follows another: requests for approval first. Empty without news. */
export function newsOf(before: View | undefined, after: View): string {
  const asked = new Set(before?.approvals.map(({ id }) => id));
  const requests = after.approvals
    .filter(({ id }) => !asked.has(id))
    .map(({ action, component }) => `Approval requested: ${action} for ${component}.`);
  const shown = new Set(before?.banners.map(keyOf));
  const banners = before === undefined ? [] : after.banners.filter((one) => !shown.has(keyOf(one)));
  const isPaused = after.banners.some(({ kind }) => kind === 'paused');
  const wasPaused = before?.banners.some(({ kind }) => kind === 'paused') ?? false;
  const { sentence } = after.headline;
  return [
    ...requests,
    ...banners.map(spoken),
    wasPaused && !isPaused && 'Repairs are no longer paused.',
    requests.length === 0 && before?.headline.sentence !== sentence && sentence,
  ]
    .filter(Boolean)
    .join(' ');
}
