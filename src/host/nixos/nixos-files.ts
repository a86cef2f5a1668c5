import { lstatSync, type Stats } from 'node:fs';
import type { NixosReading } from '../../model/nixos-reading.js';
import { unknown, type Reading } from '../../model/reading.js';
import { BOOTED_SYSTEM, CURRENT_SYSTEM, PROFILES } from './places.js';
import { generationsOf, identify, profileOf, specialisationOf } from './systems.js';
import { tried } from './tried.js';

const NO_NIXOS = Object.freeze(unknown('this host does not run NixOS'));

/** Resolution of file times in milliseconds: two changes within it may have the same time. */
const COARSE_MS = 1_000;

/**
 * Reads the systems of the host. Links are followed again only when one of the three paths that a switch, a rollback or
 * a boot changes was changed, and from time to time; otherwise it is three look-ups and the same answer. Without NixOS
 * it is one failing look-up.
 */
export class NixosFiles {
  #root: string;
  #refreshMs: number;
  #now: () => number;
  #mark: readonly (number | undefined)[] = [];
  #expiresAt = -Infinity;
  #answer: Reading<NixosReading> = NO_NIXOS;

  /** `now` returns milliseconds since the epoch, like file times. */
  constructor(root: string, refreshMs: number, now: () => number) {
    this.#root = root;
    this.#refreshMs = refreshMs;
    this.#now = now;
  }

  /** Never throws. */
  read(): Reading<NixosReading> {
    return tried(() => {
      const current = this.#look(CURRENT_SYSTEM);
      if (current === undefined) return NO_NIXOS;
      const places = [current, this.#look(BOOTED_SYSTEM), this.#look(PROFILES)];
      const mark = places.flatMap((place) => [place?.ino, place?.mtimeMs]);
      const now = this.#now();
      const isDue = now >= this.#expiresAt || now < this.#expiresAt - this.#refreshMs;
      if (!isDue && mark.every((value, index) => value === this.#mark[index])) return this.#answer;
      this.#mark = mark;
      const isSettled = places.every((place) => place === undefined || now - place.mtimeMs > COARSE_MS);
      this.#expiresAt = isSettled ? now + this.#refreshMs : now;
      this.#answer = Object.freeze(readAnew(this.#root, current.mtimeMs));
      return this.#answer;
    });
  }

  #look(path: string): Stats | undefined {
    return lstatSync(`${this.#root}${path}`, { throwIfNoEntry: false });
  }
}

function readAnew(root: string, switchedAt: number): NixosReading {
  const running = identify(root, CURRENT_SYSTEM);
  const booted = identify(root, BOOTED_SYSTEM);
  const generations = generationsOf(root);
  return {
    running,
    booted,
    profile: profileOf(root),
    generations,
    switchedAt,
    specialisation: specialisationOf(root, { running, booted, generations }),
  };
}
