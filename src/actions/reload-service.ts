import { defineAction } from './define.js';
import {
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
    if ('sentence' in reading) return refusedDraft(unit, effect, reading);
    const { canReload, activeState } = reading;
    if (!canReload)
      return refusedDraft(unit, effect, unavailable(`${unit} cannot reload: it has no ExecReload=`));
    if (activeState !== 'active') {
      const sentence = `${unit} is ${activeState}: only an active unit can reload`;
      return refusedDraft(unit, effect, unavailable(sentence));
    }
    return { targets: [unit], effect, steps: [systemctl('reload', unit, reading.startTimeoutMs)] };
  },
  unavailable: withoutSystemd,
  verify: verifyService,
  scope: 'host',
  risk: 'reversible',
  timeoutMs: 10 * 60_000,
});
