import type { EventName } from '../../report/events.js';
import type { ObservedEngine } from '../../report/observer.js';
import type { Logger } from '../../base/logger.js';
import { printable } from '../../base/printable.js';
import type { HealingResult } from '../../model/result.js';

/** Priorities of syslog, as in sd-daemon(3), at the beginning of a line. */
const PRIORITY = { debug: 7, info: 6, warn: 4, error: 3 } as const;

/** Creates a logger whose lines carry their priority for the journal; elsewhere they are plain. */
export function journalLogger(write: (line: string) => void, toJournal: boolean): Logger {
  const say = (level: keyof typeof PRIORITY) => (message: string) => {
    const prefix = toJournal ? `<${PRIORITY[level]}>` : '';
    write(`${prefix}${printable(message)}`);
  };
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
}

/** Logs one line of JSON for each event, after the word `event`. */
export function logJsonEvents(engine: Pick<ObservedEngine, 'on'>, logger: Logger): void {
  const tell = (event: EventName, facts: object): void =>
    logger.info(`event ${JSON.stringify({ event, ...facts })}`);
  engine.on('issue:opened', ({ issue: { component, severity, description } }) =>
    tell('issue:opened', { component, severity, description }),
  );
  for (const name of ['issue:cleared', 'issue:gone'] as const)
    engine.on(name, ({ issue: { component } }) => tell(name, { component }));
  engine.on('heal:done', ({ result }) => tell('heal:done', factsOf(result)));
  engine.on('heal:blocked', ({ issue: { component }, blockedBy, error }) =>
    tell('heal:blocked', { component, blockedBy, error }),
  );
  engine.on('approval:asked', ({ request: { id, issue, plan, reason, lapsesAt } }) =>
    tell('approval:asked', { id, component: issue.component, action: plan.action, reason, lapsesAt }),
  );
  for (const name of ['issue:recurring', 'storm:began', 'storm:ended'] as const)
    engine.on(name, (event) => tell(name, event));
}

function factsOf(result: HealingResult): object {
  const { issue, actionTaken, outcome, durationMs, attempts, error } = result;
  const proof = result.outcome === 'fixed' ? result.proof : undefined;
  return {
    component: issue.component,
    action: actionTaken,
    outcome,
    durationMs: Math.round(durationMs),
    attempts: attempts.length,
    error,
    proof,
  };
}
