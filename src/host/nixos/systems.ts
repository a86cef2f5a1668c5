import { lstatSync, readdirSync, statSync } from 'node:fs';
import { codeOf } from '../linux/reason.js';
import type { GenerationReading, NixosReading, SystemIdentity } from '../../model/nixos-reading.js';
import { isUnknown, unknown, type Reading } from '../../model/reading.js';
import { linkName, realPath } from './links.js';
import { CURRENT_SYSTEM, PROFILE_NAME, PROFILES } from './places.js';
import { tried } from './tried.js';

const GENERATION = new RegExp(`^${PROFILE_NAME}-(\\d{1,9})-link$`);

/** Reads the system of a link or store path. */
export function identify(root: string, path: string): Reading<SystemIdentity> {
  return tried(() => {
    const real = path.startsWith('/') ? realPath(root, path) : undefined;
    if (real === undefined) return unknown(`${path === '' ? 'An empty path' : path} leads to no system`);
    if (!statSync(`${root}${real}`).isDirectory())
      return unknown(`${path} leads to ${real}, which is no system`);
    return Object.freeze({
      path: real,
      kernel: realPath(root, `${real}/kernel`) ?? null,
      modules: realPath(root, `${real}/kernel-modules`) ?? null,
    });
  });
}

/** Reads the current generation of the profile. */
export function profileOf(root: string): NixosReading['profile'] {
  return tried(() => {
    const profile = `${PROFILES}/${PROFILE_NAME}`;
    const name = linkName(`${root}${profile}`);
    if (name === undefined) return unknown(`${profile} is not there: this host keeps no generations`);
    const number = GENERATION.exec(name)?.[1];
    if (number === undefined) return unknown(`${profile} leads to ${name}, which is no generation`);
    const path = realPath(root, profile);
    if (path === undefined) return unknown(`${profile} leads to ${name}, which leads nowhere`);
    return Object.freeze({ number: Number(number), path });
  });
}

/** Reads every generation of the profile, by ascending number. */
export function generationsOf(root: string): NixosReading['generations'] {
  return tried(() => {
    const found: GenerationReading[] = [];
    for (const name of readdirSync(`${root}${PROFILES}`)) {
      const number = GENERATION.exec(name)?.[1];
      if (number !== undefined) found.push(generation(root, `${PROFILES}/${name}`, Number(number)));
    }
    return Object.freeze(found.sort((one, other) => one.number - other.number));
  });
}

function generation(root: string, link: string, number: number): GenerationReading {
  return Object.freeze({
    number,
    path: tried(() => realPath(root, link) ?? unknown(`${link} leads nowhere`)),
    linkedAt: lstatSync(`${root}${link}`).mtimeMs,
  });
}

/**
 * Returns the running specialisation: the one of a kept or booted system that is the running system. A system does not
 * record that it is a specialisation, so for one that is not kept (`nixos-rebuild test`) it is unknown, unless the system
 * has specialisations itself.
 */
export function specialisationOf(
  root: string,
  { running, booted, generations }: Pick<NixosReading, 'running' | 'booted' | 'generations'>,
): NixosReading['specialisation'] {
  if (isUnknown(running)) return running;
  if (isUnknown(generations)) return generations;
  const kept = generations.flatMap(({ path }) => (isUnknown(path) ? [] : path));
  if (kept.includes(running.path)) return null;
  const parents = new Set([...kept.reverse(), ...(isUnknown(booted) ? [] : [booted.path])]);
  return tried(() => {
    for (const parent of parents) {
      for (const name of specialisationsOf(root, parent)) {
        if (realPath(root, `${parent}/specialisation/${name}`) === running.path) return name;
      }
    }
    if (specialisationsOf(root, running.path).length > 0) return null;
    return unknown(`${CURRENT_SYSTEM} is no generation of the profile, nor a specialisation of one`);
  });
}

function specialisationsOf(root: string, system: string): readonly string[] {
  try {
    return readdirSync(`${root}${system}/specialisation`);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
