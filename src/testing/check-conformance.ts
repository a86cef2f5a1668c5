import type { Check } from '../detect/check.js';
import type { Snapshot } from '../model/snapshot.js';
import {
  conformance,
  insist,
  isText,
  mustNotFail,
  describeValue,
  type ConformanceCase,
  type Make,
} from './conformance.js';
import { healthySnapshot, unknownSnapshot } from './snapshot.js';
import { insistOnVerdict, isType } from './verdict-rules.js';

/** What a {@link checkConformance} may be told. */
export interface CheckConformanceOptions {
  /** Snapshots of your own, to be tried besides a healthy one and one of which nothing is known. */
  readonly snapshots?: readonly Snapshot[];
}

/** What every `Check` promises. */
export function checkConformance(
  make: Make<Check>,
  options: CheckConformanceOptions = {},
): ConformanceCase[] {
  const run = (check: Check, snapshot: Snapshot, signal = new AbortController().signal) =>
    mustNotFail(`The check \`${check.name}\``, () => check.run(snapshot, { signal }));
  return conformance(make, {
    'it says what it is and what it looks at'({ name, component, type }) {
      insist(isText(name), `Its \`name\` is ${describeValue(name)}`);
      insist(isText(component), `Its \`component\` is ${describeValue(component)}`);
      insist(isType(type), `Its \`type\` is ${describeValue(type)}, which is no issue type`);
    },
    async 'it gives a verdict on a healthy host'(check) {
      insistOnVerdict(await run(check, healthySnapshot()), `The check \`${check.name}\``);
    },
    async 'it gives a verdict, and does not throw, when nothing could be read'(check) {
      insistOnVerdict(await run(check, unknownSnapshot()), `The check \`${check.name}\``);
    },
    async 'it gives a verdict on each snapshot, and does not write to it'(check) {
      for (const snapshot of options.snapshots ?? [healthySnapshot()]) {
        const frozen = frozenAll(structuredClone(snapshot));
        insistOnVerdict(await run(check, frozen), `The check \`${check.name}\``);
      }
    },
    async 'it ends when its signal is aborted'(check) {
      const end = async (): Promise<unknown> => check.run(healthySnapshot(), { signal: AbortSignal.abort() });
      // Rejecting is one way to end; the engine takes it for `unknown`.
      await end().catch(() => undefined);
    },
  });
}

function frozenAll<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) frozenAll(part);
  return Object.freeze(value);
}
