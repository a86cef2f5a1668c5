import type { EngineStatus } from '../report/status.js';
import { span } from '../base/format.js';

/** Answer of `/health`: whether the engine works. */
export interface Health {
  readonly status: 'ok' | 'failing';
  /** Problems of the engine itself, as sentences; empty when it is `ok`. Issues of the host do not count. */
  readonly reasons: readonly string[];
  readonly monitoring: boolean;
  /** When the host was last looked at; `null` before the first time. */
  readonly lastCheck: string | null;
  readonly dryRun: boolean;
  readonly healingEnabled: boolean;
  /** Reasons for which repairs are paused. */
  readonly paused: readonly string[];
  readonly openIssues: number;
  /** Readings that are relied on and unknown: listed units, checks of the host program and of the library. */
  readonly lostReadings: readonly string[];
  readonly approvalsWaiting: number;
  readonly needsHuman: readonly string[];
}

/** How often an engine that does not monitor is expected to be called, in milliseconds. */
const USUAL_INTERVAL_MS = 60_000;
/** Under this nothing is late: a look may wait that long for a slow file system. */
const PATIENCE_MS = 10_000;

/** Returns the health of an engine. Pure. */
export function healthOf(status: EngineStatus): Health {
  const reasons = [...problemsOf(status)];
  return {
    status: reasons.length === 0 ? 'ok' : 'failing',
    reasons,
    monitoring: status.monitoring !== undefined,
    lastCheck: status.lastLook?.timestamp.toISOString() ?? null,
    dryRun: status.dryRun,
    healingEnabled: status.healingEnabled,
    paused: status.pauses.map(({ reason }) => reason),
    openIssues: status.issues.length,
    lostReadings: status.lostReadings.map(({ component }) => component),
    approvalsWaiting: status.approvals.length,
    needsHuman: status.components.filter(({ needsHuman }) => needsHuman).map(({ component }) => component),
  };
}

function* problemsOf(status: EngineStatus): Generator<string> {
  const { closed, monitoring, lastLook, lastFailure, lockedBy } = status;
  if (closed) {
    yield 'The engine has been closed';
    return;
  }
  const late = Math.max(PATIENCE_MS, 3 * (monitoring?.intervalMs ?? USUAL_INTERVAL_MS));
  const silentFor = lastLook?.agoMs ?? monitoring?.forMs ?? Infinity;
  if (silentFor > late) {
    const since =
      lastLook === undefined
        ? 'not looked at the host yet'
        : `last looked at the host ${span(lastLook.agoMs)} ago`;
    const rhythm =
      monitoring === undefined ? 'does not monitor' : `should look every ${span(monitoring.intervalMs)}`;
    yield `The engine ${rhythm} and has ${since}`;
  }
  if (lastFailure)
    yield `The last look at the host failed ${span(lastFailure.agoMs)} ago: ${lastFailure.error}`;
  if (lockedBy !== undefined) yield lockedBy;
  // What nobody listed may well be missing here: a container has no systemd.
  for (const { component, reason, forMs } of status.lostReadings.filter(({ listed }) => listed))
    yield `${component} has been unreadable for ${span(forMs)}: ${reason}`;
}
