import type { Choice } from './choose.js';

/** Sorts by severity, then by dependency. */
export function inOrder(choices: readonly Choice[]): Choice[] {
  const ordered: Choice[] = [];
  const visiting = new Set<Choice>();
  const visit = (one: Choice): void => {
    // In a cycle of dependencies the input order decides.
    if (visiting.has(one)) return;
    visiting.add(one);
    for (const other of choices)
      if (needs(one, other) && other.issue.severity === one.issue.severity) visit(other);
    ordered.push(one);
  };
  for (const one of [...choices].sort((a, b) => b.issue.severity - a.issue.severity)) visit(one);
  return ordered;
}

/** Returns whether a unit of one plan needs a unit of another one. */
export function needs(one: Choice, other: Choice): boolean {
  const needed = new Set(unitTargets(one).flatMap((target) => target.needs));
  return unitTargets(other).some((target) => target.names.some((name) => needed.has(name)));
}

const unitTargets = ({ plan }: Choice) => plan?.targets.filter((target) => target.kind === 'unit') ?? [];
