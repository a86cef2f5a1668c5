import { describe, expect, it } from 'vitest';
import type { EngineEvents, EventName } from '../../src/report/events.js';
import { Emitter } from '../../src/report/events.js';
import { logCycles, logEvents } from '../../src/report/log-lines.js';
import type { HealingResult } from '../../src/model/result.js';
import { recordingLogger } from '../../src/testing/index.js';
import { issueOf, NOW, planOf, verdictOf } from '../make.js';

/** Returns the lines that are logged for one event after the other. */
function logging(lastLook = () => 0) {
  const logger = recordingLogger();
  const emitter = new Emitter();
  logEvents(emitter, logger, lastLook);
  const lines = <Name extends EventName>(name: Name, event: EngineEvents[Name]) => {
    const before = logger.lines.length;
    emitter.emit(name, event, logger);
    return logger.lines.slice(before).map(({ level, message }) => `${level}: ${message}`);
  };
  return { lines, emitter, logger };
}
const issue = issueOf();
const resultOf = (more: object) =>
  ({ issue, actionTaken: 'restart_service', durationMs: 3_000, ...more }) as HealingResult;

describe('an event is logged as one line:', () => {
  it.each<[EventName, object, readonly string[]]>([
    ['issue:opened', { issue }, ['warn: Issue with nginx: nginx.service has failed (exit-code)']],
    ['issue:cleared', { issue }, ['info: nginx is healthy again']],
    [
      'issue:gone',
      { issue },
      ['warn: nginx is gone: it can no longer be read, and its issue is closed without proof'],
    ],
    [
      'issue:relapsed',
      { issue, action: 'restart_service', afterMs: 60_000 },
      ['warn: nginx: the repair by `restart_service` lasted only 1 min'],
    ],
    ['heal:started', { issue, plan: planOf() }, ['info: Repairing nginx: restart_service']],
    [
      'heal:blocked',
      { issue, blockedBy: 'backoff', error: '3 min left' },
      ['info: Not acting on nginx (backoff): 3 min left'],
    ],
    [
      'heal:done',
      { result: resultOf({ outcome: 'fixed', success: true, proof: 'It is well' }) },
      ['info: restart_service for nginx: fixed after 3 s: It is well'],
    ],
    [
      'heal:done',
      { result: resultOf({ outcome: 'failed', success: false, error: 'No bus' }) },
      ['error: restart_service for nginx: failed after 3 s: No bus'],
    ],
    ['heal:done', { result: resultOf({ outcome: 'planned', success: true }) }, []],
    ['cycle:done', { verdicts: [], issues: [], results: [], timestamp: NOW, detectionMs: 1 }, []],
  ])('%s %#', (name, event, lines) => {
    expect(logging().lines(name, event as never)).toEqual(lines);
  });
});

describe('a failed cycle', () => {
  it('is logged once for the same error, and again after a cycle that succeeded', () => {
    let last = 1;
    const { lines } = logging(() => last);
    const fail = (text: string) => lines('cycle:failed', { error: new Error(text) });
    expect(fail('no bus')).toEqual(['error: A cycle failed: no bus']);
    expect(fail('no bus')).toEqual([]);
    expect(fail('no disk')).toEqual(['error: A cycle failed: no disk']);
    last = 2;
    expect(fail('no disk')).toEqual(['error: A cycle failed: no disk']);
  });
});

describe('the verdicts of a cycle', () => {
  it('are logged for debugging until that is switched off', () => {
    const logger = recordingLogger();
    const emitter = new Emitter();
    const end = logCycles(emitter, logger);
    const verdicts = [verdictOf({ status: 'ok', reason: '5 %' }), verdictOf({ component: 'load' })];
    const report = { verdicts, issues: [issue], results: [], timestamp: NOW, detectionMs: 1.234 };
    emitter.emit('cycle:done', report, logger);
    end();
    emitter.emit('cycle:done', report, logger);
    expect(logger.of('debug')).toEqual([
      ...['Checked 2 components in 1.23 ms: 1 with issues', 'cpu: ok: 5 %', 'load: bad: It is bad'],
    ]);
  });
});
