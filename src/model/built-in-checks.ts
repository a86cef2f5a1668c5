import type { Component } from './component.js';
import type { Guards } from './guards.js';
import { IssueType, type Issue } from './issue.js';
import type { BuiltInAction, HealingAction } from './plan.js';
import type { SnapshotPart } from './snapshot.js';

/** Nothing to do. */
export const NO_ACTION: HealingAction = Object.freeze({ action: 'none', parameters: Object.freeze({}) });

/** One step of a ladder: returns the action for an issue on `of`, which is a mount point for `disk:/var`. */
export type Rung = (of: string) => BuiltInAction;
/** Rungs, cheapest and most reversible first. */
export type Ladder = readonly Rung[];

/** Mount point that a bare `disk` or `inodes` means: the file system of the Nix store. */
export const NIX_STORE = '/nix/store';

const none: Rung = () => NO_ACTION as BuiltInAction;
const clearCache: Rung = () => ({ action: 'clear_system_cache', parameters: {} });
const restartLargest: Rung = () => ({ action: 'restart_service', parameters: { freeing: 'memory' } });
const setGovernor: Rung = () => ({ action: 'set_cpu_governor', parameters: { governor: 'performance' } });
const rollBack: Rung = () => ({ action: 'rollback_generation', parameters: {} });
const restart: Rung = (of) => ({ action: 'restart_service', parameters: { service: of } });
const freeSpace: Rung = (of) => ({ action: 'clean_nix_store', parameters: { path: of || NIX_STORE } });
const freeInodes: Rung = (of) => ({
  action: 'clean_nix_store',
  parameters: { path: of || NIX_STORE, freeing: 'inodes' },
});

/** One kind of component that a built-in check judges. */
interface ComponentRules {
  readonly kind: Component['kind'];
  /** Kind of the text after the colon: a mount point, or the name of a part. Default: no colon. */
  readonly of?: 'mount' | 'part';
  /** Name on the dashboard, before a mount point. Default: the component itself. */
  readonly label?: string;
  /** Actions for its issues. */
  readonly ladder: Ladder;
  /** Time that a repair has to work. Default `others`. */
  readonly settle?: keyof Guards['settleMs'];
  /** Gauge of its value. */
  readonly metric?: { readonly name: string; readonly help: string };
}

/** A check that comes with the library: everything about it but its judgement, which is in `detect/`. */
export interface BuiltInCheckRules {
  readonly name: string;
  readonly type: IssueType;
  /** Part of a snapshot that it reads. */
  readonly part: SnapshotPart;
  /** Its threshold: option, default (`undefined`: by the host), and largest value. */
  readonly threshold?: {
    readonly option: string;
    readonly default: number | undefined;
    readonly most: number;
  };
  /** Unit of its values. Default: none. */
  readonly unit?: '%';
  /** Readings in a row that must be bad. Default `others`. */
  readonly lasting?: keyof Guards['lasting'];
  readonly components: readonly ComponentRules[];
}

/** The checks that come with the library, in the order in which they run. */
export const BUILT_IN = [
  {
    name: 'cpu',
    ...{ type: IssueType.RESOURCE, part: 'cpu', unit: '%', lasting: 'cpu' },
    threshold: { option: 'cpuPercent', default: 80, most: 100 },
    components: [
      {
        ...{ kind: 'cpu', label: 'CPU', ladder: [setGovernor], settle: 'cpu' },
        metric: { name: 'healing_host_cpu_percent', help: 'CPU use of the host.' },
      },
    ],
  },
  {
    name: 'memory',
    ...{ type: IssueType.RESOURCE, part: 'memory', unit: '%', lasting: 'memory' },
    threshold: { option: 'memoryPercent', default: 85, most: 100 },
    components: [
      {
        ...{ kind: 'memory', label: 'Memory', ladder: [clearCache, restartLargest], settle: 'memory' },
        metric: {
          name: 'healing_host_memory_percent',
          help: 'Memory use of the host, or of the control group of the engine.',
        },
      },
    ],
  },
  {
    name: 'disk',
    ...{ type: IssueType.RESOURCE, part: 'mounts', unit: '%' },
    threshold: { option: 'diskPercent', default: 90, most: 100 },
    components: [
      {
        ...{ kind: 'disk', of: 'mount', label: 'Disk', ladder: [freeSpace] },
        metric: { name: 'healing_host_disk_percent', help: 'How full a file system is.' },
      },
      {
        ...{ kind: 'inodes', of: 'mount', label: 'Inodes', ladder: [freeInodes] },
        metric: {
          name: 'healing_host_inodes_percent',
          help: 'How many of the inodes of a file system are used.',
        },
      },
      { kind: 'readonly', of: 'mount', label: 'Writes to', ladder: [none] },
    ],
  },
  {
    name: 'load',
    ...{ type: IssueType.RESOURCE, part: 'load', lasting: 'load' },
    threshold: { option: 'loadAverage', default: undefined, most: Infinity },
    components: [
      {
        ...{ kind: 'load', label: 'Load average', ladder: [none] },
        metric: { name: 'healing_host_load1', help: 'Load average over one minute.' },
      },
    ],
  },
  {
    name: 'services',
    ...{ type: IssueType.SERVICE, part: 'units' },
    components: [{ kind: 'named', ladder: [restart], settle: 'service' }],
  },
  {
    name: 'system',
    ...{ type: IssueType.SYSTEM, part: 'system' },
    components: [
      { kind: 'system', ladder: [rollBack], settle: 'system' },
      { kind: 'system', of: 'part', ladder: [none] },
    ],
  },
] as const satisfies readonly BuiltInCheckRules[];

// A name inside of a spread would have the type `string`.
export type BuiltInCheck = (typeof BUILT_IN)[number]['name'];

const CHECKS: readonly BuiltInCheckRules[] = BUILT_IN;

export const BUILT_IN_CHECKS: readonly BuiltInCheck[] = BUILT_IN.map(({ name }) => name);

const byName = new Map<string, BuiltInCheckRules>(CHECKS.map((check) => [check.name, check]));

export const rulesOf = (check: string): BuiltInCheckRules | undefined => byName.get(check);

/** Returns the built-in check that judges a component that is no unit, with the rules of its kind. */
export function rulesFor({ kind, of }: Component) {
  if (kind === 'named') return undefined;
  for (const check of CHECKS)
    for (const rules of check.components)
      if (rules.kind === kind && (of === '' ? rules.of !== 'part' : rules.of !== undefined))
        return { check, rules };
  return undefined;
}

/** Rules of each kind of component, with the name of its check. */
export const BUILT_IN_COMPONENTS = CHECKS.flatMap(({ name, components }) =>
  components.map((rules) => ({ check: name, ...rules })),
);

/** Components of checks that judge one thing only, named as the check: `cpu`, `memory`, `load`. */
export const GAUGES: readonly string[] = CHECKS.filter(
  ({ name, components }) => components.length === 1 && components[0]?.kind === name,
).map(({ name }) => name);

/** Ladder of issues whose component no built-in check judges, by their type. */
export const TYPE_LADDERS: Readonly<Record<Issue['type'], Ladder>> = {
  resource: [none],
  service: [restart],
  system: [none],
};

/** Value of `check` in issues from a detector that names none. */
export const UNNAMED_CHECK = 'detector';

export const isBuiltInCheck = (name: string): boolean =>
  rulesOf(name) !== undefined || name === UNNAMED_CHECK;
