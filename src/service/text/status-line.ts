import { counted } from '../../report/counted.js';
import type { EngineStatus } from '../../report/status.js';

/** Returns the state of an engine in one line, for `systemctl status`. */
export function statusLine(status: EngineStatus): string {
  const { issues, approvals, pauses, verdicts, storm, lockedBy, lastFailure } = status;
  const lost = status.lostReadings.filter((reading) => reading.listed).map(({ component }) => component);
  const notes = [
    lost.length > 0 && `cannot read ${listed(lost)}`,
    status.dryRun && 'dry run',
    pauses.length > 0 && `paused: ${pauses.map(({ reason }) => reason).join(', ')}`,
    storm && 'repairs on hold: many services failed at once',
    lockedBy !== undefined && 'another engine holds the state: only observing',
    approvals.length > 0 && `${counted(approvals.length, 'approval')} waiting`,
  ].filter((note) => typeof note === 'string');
  return [stateOf(status), ...notes].join('; ');

  function stateOf({ lastLook }: EngineStatus): string {
    if (lastFailure) return `Reading the host failed: ${lastFailure.error}`;
    if (lastLook === undefined) return 'Not checked yet';
    if (issues.length > 0) return issuesWith([...new Set(issues.map(({ component }) => component))]);
    const unknown = verdicts.filter((verdict) => verdict.status === 'unknown').length;
    const blind = unknown === 0 ? '' : `, ${unknown} of them unknown`;
    return `All healthy: ${counted(new Set(verdicts.map(({ component }) => component)).size, 'component')}${blind}`;
  }
}

const MOST_LISTED = 5;

/** Many are counted first. */
const issuesWith = (components: readonly string[]): string =>
  components.length > MOST_LISTED
    ? `Issues with ${components.length} components: ${listed(components)}`
    : `Issues with ${listed(components)}`;

/** The first few of many. */
function listed(words: readonly string[]): string {
  const rest = words.length - MOST_LISTED;
  return rest > 0 ? `${words.slice(0, MOST_LISTED).join(', ')} and ${rest} more` : words.join(', ');
}
