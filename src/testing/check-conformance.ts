import type { Check } from '../detect/check.js';
import type { Snapshot } from '../model/snapshot.js';
import { conformance, insist, isText, mustNotFail, format, type Make } from './conformance.js';
import { healthySnapshot, unknownSnapshot } from './snapshot.js';
import { insistOnVerdict, isType } from './verdict-rules.js';

/** Options of {@link checkConformance}. */
export interface CheckConformanceOptions {
  /** Snapshots to test besides a healthy one and an unknown one. */
  readonly snapshots?: readonly Snapshot[];
}

/** Returns tests for a `Check`. */
export function checkConformance(make: Make<Check>, options: CheckConformanceOptions = {}) {
  const run = (check: Check, snapshot: Snapshot, signal = new AbortController().signal) =>
    mustNotFail(`The check \`${check.name}\``, () => check.run(snapshot, { signal }));
  return conformance(make, {
    'it has a name, a component and a type'({ name, component, type }) {
      insist(isText(name), `Its \`name\` is ${format(name)}`);
      insist(isText(component), `Its \`component\` is ${format(component)}`);
      insist(isType(type), `Its \`type\` is ${format(type)}, which is no issue type`);
    },
    async 'it returns a verdict on a healthy host'(check) {
      insistOnVerdict(await run(check, healthySnapshot()), `The check \`${check.name}\``);
    },
    async 'it returns a verdict when nothing could be read'(check) {
      insistOnVerdict(await run(check, unknownSnapshot()), `The check \`${check.name}\``);
    },
    async 'it returns a verdict on each snapshot without modifying it'(check) {
      for (const snapshot of options.snapshots ?? [healthySnapshot()]) {
        const frozen = frozenAll(structuredClone(snapshot));
        insistOnVerdict(await run(check, frozen), `The check \`${check.name}\``);
      }
    },
    async 'it ends when its signal is aborted'(check) {
      const end = async (): Promise<unknown> => check.run(healthySnapshot(), { signal: AbortSignal.abort() });
      // It may reject: the engine treats that as `unknown`.
      await end().catch(() => undefined);
    },
  });
}

function frozenAll<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) frozenAll(part);
  return Object.freeze(value);
}
