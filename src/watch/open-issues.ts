import { isBad, issueFrom } from '../detect/issue-from.js';
import { AT_ONCE, debounce, watchKey, type Watch, type Watches } from './debounce.js';
import type { Guards } from '../model/guards.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';

/** An open issue, with facts beyond its last reading. */
export interface OpenIssue {
  readonly issue: Issue;
  /** Steady time since which it has been bad, in milliseconds: from its source, or when it opened. */
  readonly since: number;
  /** Log lines that were read when it opened. */
  readonly evidence: readonly string[];
}

/** Changes after a new set of verdicts. */
export interface Turn {
  readonly opened: readonly OpenIssue[];
  readonly cleared: readonly OpenIssue[];
  /** Closed because their components are no longer read; they are not known to be ok. */
  readonly gone: readonly OpenIssue[];
}

/** Keeps the open issues, in single cycles and in monitoring. */
export class OpenIssues {
  #watches: Watches = new Map();
  #open = new Map<string, OpenIssue>();

  /** True if no issue is open and no component is bad. */
  get calm(): boolean {
    return this.#watches.size === 0 && this.#open.size === 0;
  }

  /** Every open issue, as last read, with the time at which it opened. */
  get issues(): readonly Issue[] {
    return [...this.#open.values()].map(({ issue, evidence }) =>
      evidence.length === 0
        ? issue
        : Object.freeze({
            ...issue,
            evidence: Object.freeze([...(issue.evidence ?? []), ...evidence]),
            log: Object.freeze([...(issue.log ?? []), ...evidence]),
          }),
    );
  }

  /** Returns the last bad verdict of each open issue. */
  get verdicts(): readonly ComponentVerdict[] {
    return [...this.#watches.values()].filter(({ open }) => open).map(({ verdict }) => verdict);
  }

  /** Returns the open issues that are bad in these verdicts. */
  badNow(verdicts: readonly ComponentVerdict[]): readonly Issue[] {
    const bad = new Set(verdicts.filter(isBad).map(({ component, type }) => `${type} ${component}`));
    return this.issues.filter(({ component, type }) => bad.has(`${type} ${component}`));
  }

  /** Returns the open issues of one component. */
  about(component: string): readonly OpenIssue[] {
    return [...this.#open.values()].filter(({ issue }) => issue.component === component);
  }

  /** Returns the checks that opened the open issues of one component. */
  checksOf(component: string): readonly string[] {
    return this.about(component).flatMap(({ issue: { check } }) => (check === undefined ? [] : [check]));
  }

  /**
   * Applies the verdicts of a look. `lasting`: limits of the debounce. `only`: the components of the look, if it was not a
   * full one; the others stay unchanged.
   */
  watch(
    verdicts: readonly ComponentVerdict[],
    timestamp: Date,
    now: number,
    lasting: Guards['lasting'] = AT_ONCE,
    held: (component: string) => boolean,
    only?: ReadonlySet<string>,
  ): Turn {
    const isOther = ([, { verdict }]: readonly [string, Watch]): boolean =>
      only?.has(verdict.component) === false;
    const others = [...this.#watches].filter(isOther);
    this.#watches = new Map([...others, ...debounce(this.#watches, verdicts, lasting, held)]);
    return this.#turn(verdicts, timestamp, now);
  }

  /** Clears every issue of a component whose repair was proven. Returns them. */
  clear(component: string): readonly OpenIssue[] {
    const others = [...this.#watches].filter(([, { verdict }]) => verdict.component !== component);
    this.#watches = new Map(others);
    const cleared = this.about(component);
    this.#open = new Map([...this.#open].filter(([, { issue }]) => issue.component !== component));
    return cleared;
  }

  /** Adds log lines to an issue that opened. */
  keep(opened: OpenIssue, evidence: readonly string[]): void {
    for (const [key, open] of this.#open) {
      if (isSame(open, opened)) this.#open.set(key, { ...open, evidence });
    }
  }

  #turn(verdicts: readonly ComponentVerdict[], timestamp: Date, now: number): Turn {
    const before = this.#open;
    this.#open = new Map();
    for (const verdict of this.verdicts) {
      const key = watchKey(verdict);
      const was = before.get(key);
      const issue = issueFrom(verdict, was?.issue.timestamp ?? timestamp);
      const since = was?.since ?? sinceOf(verdict, timestamp, now);
      this.#open.set(key, { issue, since, evidence: was?.evidence ?? [] });
    }
    const opened = [...this.#open].filter(([key]) => !before.has(key)).map(([, open]) => open);
    const closed = [...before].filter(([key]) => !this.#open.has(key));
    const read = new Set(verdicts.map(watchKey));
    const of = (isRead: boolean) =>
      closed.filter(([key]) => read.has(key) === isRead).map(([, open]) => open);
    return { opened, cleared: of(true), gone: of(false) };
  }
}

/** Returns whether two entries are the same opening: a look during the reading of a log replaces every entry. */
const isSame = ({ issue: one }: OpenIssue, { issue: other }: OpenIssue): boolean =>
  one.timestamp === other.timestamp &&
  one.component === other.component &&
  one.type === other.type &&
  one.check === other.check;

/** Returns the steady time since which a verdict has been bad, as its source says. */
const sinceOf = ({ since }: ComponentVerdict, timestamp: Date, now: number): number =>
  since === undefined ? now : Math.min(now, now - (timestamp.getTime() - since));
