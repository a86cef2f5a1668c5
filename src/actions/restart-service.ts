import { defineAction } from './define.js';
import { isRefusal, parseService, readUnit, refusedDraft, systemctl, verifyService } from './service.js';

/** Restarts a service, after `reset-failed` where its start limit was hit, and waits for the job. */
export const restartService = defineAction({
  parse: parseService,
  async plan({ unit }, context) {
    const effect = `${unit} is running again`;
    const reading = await readUnit(unit, context);
    if (isRefusal(reading)) return refusedDraft(unit, reading, effect);
    const limitHit = reading.result === 'start-limit-hit';
    return {
      targets: [unit],
      effect,
      steps: [
        ...(limitHit ? [systemctl('reset-failed', unit, 0)] : []),
        systemctl('restart', unit, reading.stopTimeoutMs + reading.startTimeoutMs),
      ],
      notes: limitHit ? [`${unit} hit its start limit, so its counter is reset first`] : [],
    };
  },
  verify: verifyService,
  scope: 'host',
  risk: 'disruptive',
  timeoutMs: 10 * 60_000,
});
