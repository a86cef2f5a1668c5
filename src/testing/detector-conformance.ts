import type { Detector } from '../detect/detector.js';
import {
  conformance,
  insist,
  isText,
  mustNotFail,
  describeValue,
  type ConformanceCase,
  type Make,
} from './conformance.js';
import { insistOnIssue, insistOnVerdict, isType } from './verdict-rules.js';

/** Components that a detector may be asked about, those that do not exist included. */
const ASKED = [
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

/** What every `Detector` promises. Without `inspect` the promises about verdicts hold by themselves. */
export function detectorConformance(make: Make<Detector>): ConformanceCase[] {
  return conformance(make, {
    async '`detectIssues` gives complete issues'(detector) {
      const issues: unknown = await mustNotFail('`detectIssues`', () => detector.detectIssues());
      insist(Array.isArray(issues), `\`detectIssues\` gave ${describeValue(issues)}, which is not an array`);
      for (const issue of issues) insistOnIssue(issue, '`detectIssues`');
    },
    async '`detectIssues` about one component gives issues of that one'(detector) {
      for (const component of ASKED) {
        const about = `\`detectIssues\` about ${component}`;
        const issues = await mustNotFail(about, () => detector.detectIssues({ component }));
        for (const issue of issues) {
          insistOnIssue(issue, about);
          insist(speaksOf(issue.component, component), `${about} gave an issue with ${issue.component}`);
        }
      }
    },
    async '`inspect` gives complete verdicts, each with what it is about'(detector) {
      const verdicts: unknown = (await mustNotFail('`inspect`', () => detector.inspect?.())) ?? [];
      insist(Array.isArray(verdicts), `\`inspect\` gave ${describeValue(verdicts)}, which is not an array`);
      for (const verdict of verdicts) insistOnComponentVerdict(verdict, '`inspect`');
    },
    async '`inspect` of one component gives verdicts on that one'(detector) {
      for (const component of ASKED) {
        const about = `\`inspect\` of ${component}`;
        const verdicts = (await mustNotFail(about, () => detector.inspect?.({ component }))) ?? [];
        for (const verdict of verdicts) {
          insistOnComponentVerdict(verdict, about);
          insist(speaksOf(verdict.component, component), `${about} gave a verdict on ${verdict.component}`);
        }
      }
    },
    async 'a signal that is aborted already is no reason to fail'(detector) {
      const signal = AbortSignal.abort();
      await mustNotFail('`detectIssues` with an aborted signal', () => detector.detectIssues({ signal }));
      await mustNotFail('`inspect` with an aborted signal', () => detector.inspect?.({ signal }));
    },
  });
}

function insistOnComponentVerdict(verdict: unknown, about: string): void {
  insistOnVerdict(verdict, about);
  const { check, component, type } = verdict as Record<string, unknown>;
  insist(isText(component), `${about} gave a verdict without a component`);
  insist(isText(check), `${about} gave a verdict on ${component} without the name of its check`);
  insist(isType(type), `${about} gave a verdict on ${component} of the type ${describeValue(type)}`);
}

/** A bare `disk` is answered for the file system that it means. */
const speaksOf = (answered: string, asked: string): boolean =>
  answered === asked || answered.startsWith(`${asked}:`) || `${answered}.service` === asked;
