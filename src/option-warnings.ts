import type { WatchedUnits } from './detect/services.js';
import { protectedBy } from './guard/protected.js';
import type { HealingOptions } from './options.js';

/** Returns one sentence for each option that is valid and does not do what it seems to. */
export function optionWarnings(
  { checks = [], enabledChecks, protect }: HealingOptions,
  services: WatchedUnits = new Map(),
): string[] {
  const shielded = [...services.keys()].flatMap((unit) => {
    const rule = protectedBy(unit, protect);
    return rule === undefined
      ? []
      : [`\`services\` lists ${unit}, which is protected (${rule}): it is watched and never acted on`];
  });
  const idle = checks
    .filter(({ name }) => enabledChecks?.includes(name) === false)
    .map(({ name }) => `The check \`${name}\` is not in \`enabledChecks\`, so it does not run: add it there`);
  return [...shielded, ...idle];
}
