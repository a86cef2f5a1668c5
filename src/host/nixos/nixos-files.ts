import { lstatSync, type Stats } from 'node:fs';
import type { NixosReading } from '../../model/nixos-reading.js';
import { unknown, type Reading } from '../../model/reading.js';
import { BOOTED_SYSTEM, CURRENT_SYSTEM, PROFILES } from './places.js';
import { generationsOf, identify, profileOf, specialisationOf } from './systems.js';
import { tried } from './tried.js';

const NO_NIXOS = Object.freeze(unknown('this host does not run NixOS'));

/** File systems keep coarse time: a change this soon after another may leave the same mark. */
const COARSE_MS = 1_000;

/**
 * Reads which systems there are. Links are followed anew only when one of the three places has changed where a
 * switch, a rollback or a boot leaves its mark, and now and then; otherwise it is three look-ups and the same
 * answer. Without NixOS it is one look-up that fails.
 */
export class NixosFiles {
  #root: string;
  #refreshMs: number;
  #now: () => number;
  #mark: readonly number[] = [];
  #expiresAt = -Infinity;
  #answer: Reading<NixosReading> = NO_NIXOS;

  /** `now` gives milliseconds since the epoch, as the times of files are. */
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
      const mark = places.flatMap((place) => [place?.ino ?? 0, place?.mtimeMs ?? 0]);
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
