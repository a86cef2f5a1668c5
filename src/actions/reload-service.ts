import { defineAction } from './define.js';
import {
  isRefusal,
  parseService,
  readUnit,
  refusedDraft,
  systemctl,
  unavailable,
  verifyService,
  withoutSystemd,
} from './on-service.js';

/** Reloads the configuration of a running service, if its unit can reload; never restarts it instead. */
export const reloadService = defineAction({
  parse: parseService,
  async plan({ unit }, context) {
    const effect = `${unit} has reloaded its configuration`;
    const reading = await readUnit(unit, context);
    if (isRefusal(reading)) return refusedDraft(unit, reading, effect);
    if (!reading.canReload)
      return refusedDraft(unit, unavailable(`${unit} cannot reload: it has no ExecReload=`), effect);
    if (reading.activeState !== 'active') {
      return refusedDraft(
        unit,
        unavailable(`${unit} is ${reading.activeState}: only an active unit can reload`),
        effect,
      );
    }
    return { targets: [unit], effect, steps: [systemctl('reload', unit, reading.startTimeoutMs)] };
  },
  unavailable: withoutSystemd,
  verify: verifyService,
  scope: 'host',
  risk: 'reversible',
  timeoutMs: 10 * 60_000,
});
