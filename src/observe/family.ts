import { isBuiltInCheck, rulesOf } from '../model/built-in-checks.js';
import { parseComponent } from '../model/component.js';
import type { ComponentVerdict } from '../model/issue.js';
import type { Distribution } from '../report/counts.js';
import type { ComponentStatus } from '../report/status.js';
import { labelValue, type Sight } from './sight.js';

/** One sample of a metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Suffix that a histogram adds to its name. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** A metric: name, type, help and how it is read. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (sight: Sight) => readonly Sample[];
}

type One = (sight: Sight) => number | boolean;

const single = (type: Family['type'], name: string, help: string, one: One): Family => ({
  ...{ type, name, help, labels: [] },
  read: (sight) => [{ value: Number(one(sight)) }],
});
/** A counter without labels. */
export const counter = (name: string, help: string, one: One): Family => single('counter', name, help, one);
/** A gauge without labels. */
export const gauge = (name: string, help: string, one: One): Family => single('gauge', name, help, one);

/** A gauge with one number for each component. */
export const byComponent = (
  name: string,
  help: string,
  one: (component: ComponentStatus) => number | boolean | undefined,
): Family => ({
  ...{ type: 'gauge', name, help, labels: ['component'] },
  read: ({ components }) =>
    [...components].flatMap(([component, status]) => {
      const value = one(status);
      return value === undefined ? [] : [{ labels: { component }, value: Number(value) }];
    }),
});

/** A histogram without labels. */
export const histogram = (name: string, help: string, of: (sight: Sight) => Distribution): Family => ({
  ...{ type: 'histogram', name, help, labels: [] },
  read: (sight) => samplesOf(of(sight)),
});

/** The value of a check of the host; NaN, as is usual in Prometheus, where it is not known. */
export const reading = (name: string, help: string, check: string): Family =>
  gauge(
    name,
    help,
    ({ status }) => status.verdicts.find((verdict) => verdict.check === check)?.value ?? Number.NaN,
  );

/** A gauge with one number for each value of a label; `of` returns both. Of equal values of the label the last counts. */
const byVerdict = (
  name: string,
  help: string,
  label: string,
  of: (verdict: ComponentVerdict) => { readonly word: string; readonly value: number } | undefined,
): Family => ({
  ...{ type: 'gauge', name, help, labels: [label] },
  read: ({ status, components }) => {
    const samples = new Map<string, Sample>();
    for (const verdict of status.verdicts) {
      const found = of(verdict);
      if (found === undefined || !components.has(labelValue(verdict.component))) continue;
      const word = labelValue(found.word);
      samples.set(word, { labels: { [label]: word }, value: found.value });
    }
    return [...samples.values()];
  },
});

/** A number for each file system. */
export const byMount = (name: string, help: string, kind: string): Family =>
  byVerdict(name, help, 'mount', ({ check, component, value }) => {
    const parsed = parseComponent(component);
    if (rulesOf(check) === undefined || parsed.kind !== kind) return undefined;
    return { word: parsed.of, value: value ?? Number.NaN };
  });

/** A value of each check that a program or the configuration file added. */
export const byCheck = (name: string, help: string, of: 'value' | 'threshold'): Family =>
  byVerdict(name, help, 'check', ({ check, [of]: value }) =>
    value === undefined || isBuiltInCheck(check) ? undefined : { word: check, value },
  );

/** Returns the samples of a histogram, with cumulative buckets. */
function samplesOf({ bounds, counts, sum, count }: Distribution): Sample[] {
  let below = 0;
  const buckets = [...bounds.map(String), '+Inf'].map((le, index): Sample => {
    below += counts[index] ?? 0;
    return { suffix: '_bucket', labels: { le }, value: below };
  });
  return [...buckets, { suffix: '_sum', value: sum }, { suffix: '_count', value: count }];
}
