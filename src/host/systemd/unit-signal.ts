import type { BusSignal } from './bus/connection.js';

/** The interface that all kinds of units have; its signal comes last, when the kind's own properties have been told. */
export const UNIT_INTERFACE = 'org.freedesktop.systemd1.Unit';

/** What a signal of systemd is about. */
export type UnitSignal =
  | {
      readonly about: 'unit';
      readonly path: string;
      /** How it stands now; `undefined` where the signal does not say. */
      readonly state: UnitState | undefined;
    }
  /** A job was queued or has ended. */
  | { readonly about: 'job' }
  /** One unit more or less is in memory. */
  | { readonly about: 'loaded' | 'unloaded'; readonly path: string }
  /** Unit files were read again, or another systemd has taken over: everything may be different. */
  | { readonly about: 'everything' | 'systemd' };

/** The two words that systemd has for how a unit stands. */
export interface UnitState {
  readonly activeState: string;
  readonly subState: string;
}

/** Reads a signal that one of our match rules let through. */
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
