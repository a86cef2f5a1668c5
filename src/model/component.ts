/** Words before the colon of a component that is no unit and no check of the host program. */
export const COMPONENT_KINDS = ['cpu', 'memory', 'load', 'disk', 'inodes', 'readonly', 'system'] as const;

/** A component, parsed: `disk:/var` is `{ kind: 'disk', of: '/var' }`, `nginx` is `{ kind: 'named', of: 'nginx' }`. */
export interface Component {
  readonly kind: (typeof COMPONENT_KINDS)[number] | 'named';
  /** Text after the colon; the whole component if `kind` is `named`; empty for `cpu` and the like. */
  readonly of: string;
}

/** Kinds that can be followed by a colon: a mount point, or a part of the system. */
const WITH_COLON: readonly string[] = ['disk', 'inodes', 'readonly', 'system'] satisfies Component['kind'][];

/** Parses a component. Everything else is the name of a unit or of a check's own component. */
export function parseComponent(component: string): Component {
  const colon = component.indexOf(':');
  const word = colon === -1 ? component : component.slice(0, colon);
  const of = colon === -1 ? '' : component.slice(colon + 1);
  const kinds: readonly string[] = colon === -1 ? COMPONENT_KINDS : of === '' ? [] : WITH_COLON;
  return kinds.includes(word) ? { kind: word as Component['kind'], of } : { kind: 'named', of: component };
}
