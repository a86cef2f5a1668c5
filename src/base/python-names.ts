import { refusal } from './expect.js';

/** Names of the documented Python API, each with its name here. */
type PythonNames = Readonly<Record<string, string>>;

/**
 * Makes assignments to the Python names of a class throw, because `engine.dry_run = true` would otherwise silently have
 * no effect. Reading one gives `undefined`. A subclass may still define fields of that name.
 */
export function refusePythonNames(prototype: object, names: PythonNames): void {
  for (const [python, name] of Object.entries(names)) {
    Object.defineProperty(prototype, python, {
      configurable: true,
      set: (value: unknown) => {
        throw refusal(python, `left out: it is called \`${name}\` here`, value);
      },
    });
  }
}

/** Throws when an object defines a method under its Python name and does not override the name it has here. */
export function refusePythonMethods(option: string, part: unknown, names: PythonNames): void {
  if (typeof part !== 'object' || part === null) return;
  for (let level: object | null = part; level; level = Object.getPrototypeOf(level) as object | null) {
    for (const [python, name] of Object.entries(names)) {
      const own: unknown = Object.getOwnPropertyDescriptor(level, python)?.value;
      if (typeof own === 'function' && !Object.hasOwn(level, name) && !overridesAbove(part, level, name))
        throw refusal(`${option}.${python}`, `called \`${name}\``, own);
    }
  }
}

/** Returns whether the prototype chain below `level` defines the name. */
function overridesAbove(part: object, level: object, name: string): boolean {
  for (let nearer = part; nearer !== level; nearer = Object.getPrototypeOf(nearer) as object)
    if (Object.hasOwn(nearer, name)) return true;
  return false;
}

export const ENGINE_NAMES: PythonNames = {
  dry_run: 'dryRun',
  healing_enabled: 'healingEnabled',
  detect_and_heal: 'detectAndHeal',
  heal_issue: 'healIssue',
  heal_issues_batch: 'healIssuesBatch',
  start_monitoring: 'startMonitoring',
  stop_monitoring: 'stopMonitoring',
  get_metrics: 'getMetrics',
};
export const DETECTOR_NAMES: PythonNames = {
  enabled_checks: 'enabledChecks',
  detect_issues: 'detectIssues',
  add_check: 'addCheck',
};
export const RESOLVER_NAMES: PythonNames = { get_action: 'getAction' };
