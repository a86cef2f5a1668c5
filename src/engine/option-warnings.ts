import { BUILT_IN_NAMES, isBuiltIn } from '../actions/registry.js';
import { healsOf } from '../detect/check.js';
import type { WatchedUnits } from '../detect/services.js';
import { nearest } from '../base/expect.js';
import { protectedBy } from '../gates/protected-units.js';
import { unitName } from '../model/unit-name.js';
import type { HealingOptions } from './options.js';

/** Returns one sentence for each option that is valid but has no effect. */
export function optionWarnings(options: HealingOptions, services?: WatchedUnits): string[] {
  const { checks = [], protect } = options;
  const shielded = [...(services?.keys() ?? [])].flatMap((unit) => {
    const rule = protectedBy(unit, protect);
    return rule === undefined
      ? []
      : [`\`services\` lists ${unit}, which is protected (${rule}): it is watched and never acted on`];
  });
  return [...shielded, ...idle(options), ...checks.flatMap((check) => useless(check, options, services))];
}

/** Returns warnings for options whose check is not enabled. */
function idle({ checks = [], enabledChecks, services, thresholds = {} }: HealingOptions): string[] {
  if (enabledChecks === undefined) return [];
  const isOff = (name: string): boolean => !enabledChecks.includes(name);
  const add = (name: string): string => `: add \`${name}\` there`;
  const levels = Object.keys(thresholds).filter((key) => isOff(checkOf(key)));
  return [
    ...(enabledChecks.length === 0 ? ['`enabledChecks` is empty, so nothing is watched'] : []),
    ...(services?.length && isOff('services')
      ? [`\`services\` is not watched, because the check is not in \`enabledChecks\`${add('services')}`]
      : []),
    ...levels.map(
      (key) =>
        `The threshold \`${key}\` is not used, because its check is not in \`enabledChecks\`${add(checkOf(key))}`,
    ),
    ...checks
      .filter(({ name }) => isOff(name))
      .map(
        ({ name }) => `The check \`${name}\` is not in \`enabledChecks\`, so it does not run: add it there`,
      ),
  ];
}

/** `cpuPercent` belongs to the check `cpu`. */
const checkOf = (threshold: string): string => threshold.replace(/[A-Z].*/, '');

/** Returns a warning when the `heals` of a check cannot repair anything. */
function useless(
  check: NonNullable<HealingOptions['checks']>[number],
  { actions = {}, protect }: HealingOptions,
  services: WatchedUnits | undefined,
): string[] {
  const { name, heals } = check;
  const about = `The check \`${name}\` heals`;
  if (typeof heals === 'string') {
    const unit = unitName(heals);
    const rule = protectedBy(unit, protect);
    if (rule !== undefined)
      return [`${about} ${unit}, which is protected (${rule}): its issues are only reported`];
    return services === undefined || services.has(unit)
      ? []
      : [`${about} ${unit}, which is not in \`services\`: its issues are only reported`];
  }
  if (typeof heals !== 'object') return [];
  const { action } = healsOf(check)!;
  if (action === 'none' || isBuiltIn(action) || Object.hasOwn(actions, action)) return [];
  const meant = nearest(action, [...BUILT_IN_NAMES, ...Object.keys(actions)]);
  const hint = meant === undefined ? 'register it in `actions`' : `did you mean \`${meant}\`?`;
  return [`${about} with \`${action}\`, which is not an action: ${hint}`];
}

/**
 * Returns a warning for custom actions when neither a check nor the default resolver picks any of them. One that is picked
 * is enough: the others may be there for its undo.
 */
export function unpickedWarning({ actions = {}, checks = [] }: HealingOptions): string | undefined {
  const names = Object.keys(actions);
  if (names.length === 0 || checks.some((check) => Object.hasOwn(actions, healsOf(check)?.action ?? '')))
    return undefined;
  const list = names.map((name) => `\`${name}\``).join(', ');
  return `Nothing picks ${list} of \`actions\`: name it in the \`heals\` of a check, or pick it in a \`resolver\``;
}
