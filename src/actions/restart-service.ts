import { defineAction } from './define.js';
import { isRefusal, parseService, readUnit, refusedDraft, systemctl, verifyService } from './service.js';

/** Restarts a service, after `reset-failed` where it has failed, and waits for the job. */
export const restartService = defineAction({
  parse: parseService,
  async plan({ unit }, context) {
    const effect = `${unit} is running again`;
    const reading = await readUnit(unit, context);
    if (isRefusal(reading)) return refusedDraft(unit, reading, effect);
    // systemd does not reliably say that a start limit was hit, and a start would then be refused.
    const failed = reading.activeState === 'failed';
    return {
      targets: [unit],
      effect,
      steps: [
        ...(failed ? [systemctl('reset-failed', unit, 0)] : []),
        systemctl('restart', unit, reading.stopTimeoutMs + reading.startTimeoutMs),
      ],
      notes: failed
        ? [`${unit} has failed: its start counter is reset first, in case its start limit was hit`]
        : [],
    };
  },
  verify: verifyService,
  scope: 'host',
  risk: 'disruptive',
  timeoutMs: 10 * 60_000,
});
