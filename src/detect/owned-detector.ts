import type { Clock } from '../base/clock.js';
import type { Detector, InspectRequest, Looked, SimpleDetector } from './detector.js';
import { verdictsOf } from './look-again.js';
import { isSelfHealingError, messageOf } from '../base/errors.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';
import { isPending } from '../base/pending.js';
import { DEADLINES } from '../base/deadlines.js';
import { PortCalls } from '../base/port-calls.js';

/** Returns a detector whose looks have a deadline beyond the time limits of its checks, and return valid verdicts. */
export function ownedDetector(detector: Detector, clock: Clock, reading: AbortSignal): Detector {
  const calls = new PortCalls({ clock, signal: reading });
  let accepted: readonly ComponentVerdict[] = [];
  const expect = (verdicts: unknown): readonly ComponentVerdict[] => {
    // Frozen and checked before: the same list while nothing changes.
    if (verdicts !== accepted) accepted = expectVerdicts(verdicts);
    return accepted;
  };
  const look = (request: InspectRequest = {}): Looked => {
    // A fresh look may first wait for an earlier run of the same check.
    const checksMs = (detector.longestCheckMs ?? 0) * (request.fresh ? 2 : 1);
    const failed = (error: unknown): never => {
      throw request.signal?.aborted ? error : named(error);
    };
    try {
      const verdicts = calls.make('The detector', DEADLINES.readMs + checksMs, () =>
        verdictsOf(detector, request),
      );
      return isPending(verdicts) ? verdicts.then(expect).catch(failed) : expect(verdicts);
    } catch (error) {
      return failed(error);
    }
  };
  const knowsComponents = detector.look !== undefined || detector.inspect !== undefined;
  const owned: Detector & Pick<SimpleDetector, 'enabledChecks'> = {
    get enabledChecks() {
      const { enabledChecks } = detector as Partial<SimpleDetector>;
      return enabledChecks!;
    },
    // `verdictsOf` converts issues to verdicts, so it must call the detector itself.
    detectIssues: (request) => detector.detectIssues(request),
    ...(knowsComponents ? { inspect: async (request) => look(request), look } : {}),
    ...(detector.glance ? { glance: () => detector.glance?.() } : {}),
  };
  return knowsComponents ? owned : { ...owned, detectIssues: issuesOnly(detector, calls) };
}

/** Names the detector in an error of the host program's code. */
const named = (error: unknown): unknown =>
  isSelfHealingError(error) ? error : new Error(`The detector failed: ${messageOf(error)}`, { cause: error });

/** Returns the issues of a detector that only finds issues, within the same deadline. */
const issuesOnly =
  (detector: Detector, calls: PortCalls): Detector['detectIssues'] =>
  async (request) => {
    let issues: unknown;
    try {
      issues = await calls.make('The detector', DEADLINES.readMs, () => detector.detectIssues(request));
    } catch (error) {
      throw request?.signal?.aborted ? error : named(error);
    }
    if (Array.isArray(issues) && issues.every(isIssue)) return issues as readonly Issue[];
    throw new TypeError('The detector gave no list of issues');
  };

/** Throws unless a detector returned valid verdicts. */
function expectVerdicts(verdicts: unknown): readonly ComponentVerdict[] {
  const isList = Array.isArray(verdicts) && verdicts.every(isVerdict);
  if (!isList)
    throw new TypeError('The detector gave no list of verdicts, each with `component` and `status`');
  return verdicts as readonly ComponentVerdict[];
}

const isIssue = (issue: unknown): boolean =>
  typeof (issue as Partial<Issue> | null | undefined)?.component === 'string';

function isVerdict(verdict: unknown): boolean {
  const { component, status } = (verdict ?? {}) as Partial<ComponentVerdict>;
  return typeof component === 'string' && (status === 'ok' || status === 'bad' || status === 'unknown');
}
