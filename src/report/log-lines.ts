import { messageOf } from '../base/errors.js';
import type { Emitter } from './events.js';
import type { Logger } from '../base/logger.js';
import { span } from '../base/format.js';

/** Logs the verdicts of each cycle as debug lines. Returns the function that ends it. */
export function logCycles(events: Emitter, logger: Logger): () => void {
  return events.on('cycle:done', ({ verdicts, issues, detectionMs }) => {
    logger.debug(
      `Checked ${verdicts.length} components in ${detectionMs.toFixed(2)} ms: ${issues.length} with issues`,
    );
    for (const { component, status, reason } of verdicts) logger.debug(`${component}: ${status}: ${reason}`);
  });
}

/** Logs all other events. `lastLook` returns the time of the last successful cycle. */
export function logEvents(events: Emitter, logger: Logger, lastLook: () => number): void {
  let failed: string | undefined;
  events.on('cycle:failed', ({ error }) => {
    // The same error is logged again only after a cycle has succeeded.
    const before = failed;
    failed = `${lastLook()} ${messageOf(error)}`;
    if (failed !== before) logger.error(`A cycle failed: ${messageOf(error)}`);
  });
  events.on('issue:opened', ({ issue }) =>
    logger.warn(`Issue with ${issue.component}: ${issue.description}`),
  );
  events.on('issue:cleared', ({ issue }) => logger.info(`${issue.component} is healthy again`));
  events.on('issue:gone', ({ issue: { component } }) =>
    logger.warn(`${component} is gone: it can no longer be read, and its issue is closed without proof`),
  );
  events.on('issue:relapsed', ({ issue, action, afterMs }) =>
    logger.warn(`${issue.component}: the repair by \`${action}\` lasted only ${span(afterMs)}`),
  );
  events.on('heal:started', ({ issue, plan }) => logger.info(`Repairing ${issue.component}: ${plan.action}`));
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
