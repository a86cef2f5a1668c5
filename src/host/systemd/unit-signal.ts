import type { BusSignal } from './bus/connection.js';

/** Interface of all units. Its signal follows that of the interface of the unit type. */
export const UNIT_INTERFACE = 'org.freedesktop.systemd1.Unit';

/** A signal of systemd, by its subject. */
export type UnitSignal =
  | {
      readonly about: 'unit';
      readonly path: string;
      /** New state; `undefined` if the signal does not contain it. */
      readonly state: UnitState | undefined;
    }
  /** A job was queued or has ended. */
  | { readonly about: 'job' }
  /** A unit was loaded or unloaded. */
  | { readonly about: 'loaded' | 'unloaded'; readonly path: string }
  /** Unit files were reloaded, or systemd's bus name has a new owner: everything may have changed. */
  | { readonly about: 'everything' | 'systemd' };

export interface UnitState {
  readonly activeState: string;
  readonly subState: string;
}

/** Parses a signal that matched one of our rules. */
export function unitSignal({ member, path, body }: Pick<BusSignal, 'member' | 'path' | 'body'>): UnitSignal {
  switch (member) {
    case 'PropertiesChanged':
      return { about: 'unit', path, state: stateIn(body) };
    case 'UnitNew':
    case 'UnitRemoved':
      return { about: member === 'UnitNew' ? 'loaded' : 'unloaded', path: String(body[1]) };
    case 'JobNew':
    case 'JobRemoved':
      return { about: 'job' };
    case 'NameOwnerChanged':
      return { about: 'systemd' };
    default:
      return { about: 'everything' };
  }
}

function stateIn([face, changed]: readonly unknown[]): UnitState | undefined {
  if (face !== UNIT_INTERFACE || typeof changed !== 'object' || changed === null) return undefined;
  const { ActiveState: activeState, SubState: subState } = changed as Record<string, unknown>;
  if (typeof activeState !== 'string' || typeof subState !== 'string') return undefined;
  return { activeState, subState };
}
