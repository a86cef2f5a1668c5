import { messageOf } from '../base/errors.js';
import type { Emitter } from './events.js';
import type { Logger } from '../base/logger.js';
import { span } from '../base/format.js';

/** Puts what each look found into words for the log, until the function that it gives is called. */
export function narrateCycles(events: Emitter, logger: Logger): () => void {
  return events.on('cycle:done', ({ verdicts, issues, detectionMs }) => {
    logger.debug(
      `Looked at ${verdicts.length} components in ${detectionMs.toFixed(2)} ms: ${issues.length} in trouble`,
    );
    for (const { component, status, reason } of verdicts) logger.debug(`${component}: ${status}: ${reason}`);
  });
}

/** Puts everything else that happens into words for the log; `lastLook` is the time of the last look that succeeded. */
export function narrate(events: Emitter, logger: Logger, lastLook: () => number): void {
  let failed: string | undefined;
  events.on('cycle:failed', ({ error }) => {
    // The same failure in the next cycle is no news, until a look succeeded in between.
    const before = failed;
    failed = `${lastLook()} ${messageOf(error)}`;
    if (failed !== before) logger.error(`A cycle failed: ${messageOf(error)}`);
  });
  events.on('issue:opened', ({ issue }) =>
    logger.warn(`Trouble with ${issue.component}: ${issue.description}`),
  );
  events.on('issue:cleared', ({ issue }) => logger.info(`${issue.component} reads well again`));
  events.on('issue:gone', ({ issue: { component } }) =>
    logger.warn(
      `${component} is gone: nothing is read of it any more, and its issue is closed without a proof`,
    ),
  );
  events.on('issue:relapsed', ({ issue, action, afterMs }) =>
    logger.warn(`${issue.component}: the repair by \`${action}\` lasted only ${span(afterMs)}`),
  );
  events.on('heal:started', ({ issue, plan }) => logger.info(`Healing ${issue.component}: ${plan.action}`));
  events.on('heal:blocked', ({ issue, blockedBy, error }) => {
    logger.info(`Not acting on ${issue.component} (${blockedBy}): ${error}`);
  });
  events.on('heal:done', ({ result }) => {
    const { issue, actionTaken, durationMs } = result;
    const words = `${actionTaken} for ${issue.component}: ${result.outcome} after ${span(durationMs)}`;
    if (result.outcome === 'fixed') logger.info(`${words}: ${result.proof}`);
    else if (!result.success) logger.error(`${words}: ${result.error}`);
  });
}
