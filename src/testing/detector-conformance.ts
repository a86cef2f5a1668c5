import type { Detector } from '../detect/detector.js';
import { conformance, insist, isText, mustNotFail, format, type Make } from './conformance.js';
import { insistOnIssue, insistOnVerdict, isType } from './verdict-rules.js';

/** Components that are requested, including missing ones. */
const COMPONENTS = [
  'cpu',
  'memory',
  'load',
  'disk',
  'disk:/',
  'inodes:/',
  'readonly:/',
  'nginx',
  'system',
  'system:state',
  'no such thing',
];

/** Returns tests for a `Detector`. Those for `inspect` pass if it has none. */
export function detectorConformance(make: Make<Detector>) {
  return conformance(make, {
    async '`detectIssues` returns complete issues'(detector) {
      const issues: unknown = await mustNotFail('`detectIssues`', () => detector.detectIssues());
      insist(Array.isArray(issues), `\`detectIssues\` returned ${format(issues)}, which is not an array`);
      for (const issue of issues) insistOnIssue(issue, '`detectIssues`');
    },
    async '`detectIssues` for one component returns only its issues'(detector) {
      for (const component of COMPONENTS) {
        const about = `\`detectIssues\` about ${component}`;
        const issues = await mustNotFail(about, () => detector.detectIssues({ component }));
        for (const issue of issues) {
          insistOnIssue(issue, about);
          const isExpected = wasRequested(issue.component, component);
          insist(isExpected, `${about} returned an issue with ${issue.component}`);
        }
      }
    },
    async '`inspect` returns complete verdicts, each with its component'(detector) {
      const verdicts: unknown = (await mustNotFail('`inspect`', () => detector.inspect?.())) ?? [];
      insist(Array.isArray(verdicts), `\`inspect\` returned ${format(verdicts)}, which is not an array`);
      for (const verdict of verdicts) insistOnComponentVerdict(verdict, '`inspect`');
    },
    async '`inspect` of one component returns only its verdicts'(detector) {
      for (const component of COMPONENTS) {
        const about = `\`inspect\` of ${component}`;
        const verdicts = (await mustNotFail(about, () => detector.inspect?.({ component }))) ?? [];
        for (const verdict of verdicts) {
          insistOnComponentVerdict(verdict, about);
          const isExpected = wasRequested(verdict.component, component);
          insist(isExpected, `${about} returned a verdict on ${verdict.component}`);
        }
      }
    },
    async 'an already aborted signal is no reason to fail'(detector) {
      const signal = AbortSignal.abort();
      await mustNotFail('`detectIssues` with an aborted signal', () => detector.detectIssues({ signal }));
      await mustNotFail('`inspect` with an aborted signal', () => detector.inspect?.({ signal }));
    },
  });
}

function insistOnComponentVerdict(verdict: unknown, about: string): void {
  insistOnVerdict(verdict, about);
  const { check, component, type } = verdict as Record<string, unknown>;
  insist(isText(component), `${about} returned a verdict without a component`);
  insist(isText(check), `${about} returned a verdict on ${component} without the name of its check`);
  insist(isType(type), `${about} returned a verdict on ${component} of the type ${format(type)}`);
}

/** Returns whether a component was requested; `disk` also requests the file systems. */
const wasRequested = (answered: string, asked: string): boolean =>
  answered === asked || answered.startsWith(`${asked}:`) || `${answered}.service` === asked;
