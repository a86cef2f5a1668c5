import { unknown } from '../model/reading.js';
import type { NixosReading, SystemIdentity } from '../model/nixos-reading.js';

const LINKED_AT = Date.UTC(2025, 0, 1);
const DAY_MS = 86_400_000;

/** Creates a NixOS system with a store path that contains the word; all share one kernel. */
export function systemIdentity(
  word: string,
  overrides: Partial<Omit<SystemIdentity, 'path'>> = {},
): SystemIdentity {
  const store = (name: string): string => `/nix/store/${'0'.repeat(32)}-${name}`;
  return {
    path: store(`nixos-system-${word}`),
    kernel: store('linux-6.12/bzImage'),
    modules: store('linux-6.12-modules'),
    ...overrides,
  };
}

/**
 * Creates the reading of a NixOS host with one generation per word, numbered from 1 and linked one day apart. The last
 * one runs, was booted and is the default.
 */
export function nixosReading(
  words: readonly [string, ...string[]] = ['a', 'b'],
  overrides: Partial<NixosReading> = {},
): NixosReading {
  const systems = words.map((word) => systemIdentity(word));
  const generations = systems.map(({ path }, index) => ({
    number: index + 1,
    path,
    linkedAt: LINKED_AT + index * DAY_MS,
  }));
  const running = systems.at(-1) ?? unknown('there is no system');
  const newest = generations.at(-1);
  return {
    running,
    booted: running,
    profile: newest ?? unknown('there is no profile'),
    generations,
    switchedAt: newest?.linkedAt ?? unknown('there is no system'),
    specialisation: null,
    ...overrides,
  };
}
