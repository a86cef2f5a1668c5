import { matchesPattern } from '../../../src/detect/watched-units.js';
import type { UnitFacts, UnitLinks, UnitSource, UnitsRequest } from '../../../src/host/systemd/unit-facts.js';
import { unitReading } from '../../../src/testing/index.js';

const NO_LINKS: UnitLinks = {
  ...{ dependsOn: [], boundTo: [], needsToStart: [], partOf: [], consistsOf: [], conflicts: [] },
  ...{ dependents: [], startedBy: [], upAt: 0, exitedAt: 0, downAt: 0 },
};

export type UnitChanges = Partial<Omit<UnitFacts, 'links'>> & { readonly links?: Partial<UnitLinks> };

/** A healthy unit without relations, with these changes. */
export function madeUnit(id: string, { links = {}, ...changes }: UnitChanges = {}): UnitFacts {
  return { ...unitReading({ name: id, id, ...changes }), links: { ...NO_LINKS, ...links } };
}

/** A source with these units, which records what it was asked. */
export function madeSource(units: readonly UnitFacts[], own: Partial<UnitSource> = {}) {
  const requests: UnitsRequest[] = [];
  const states: string[] = [];
  const tasks: string[] = [];
  const find = (name: string): UnitFacts =>
    units.find(({ names }) => names.includes(name)) ??
    madeUnit(name, { loadState: 'not-found', activeState: 'inactive' });
  const source: UnitSource = {
    readUnits(request) {
      requests.push(request);
      const { names, patterns = [] } = request;
      const asked = names.map(find).map((unit, at) => ({ ...unit, name: names[at]! }));
      const matched = units.filter(({ id }) => patterns.some((pattern) => matchesPattern(id, pattern)));
      return Promise.resolve({ asked, troubled: [], matched });
    },
    states(names) {
      states.push(...names);
      return Promise.resolve(names.map((name) => find(name).activeState));
    },
    tasks(services) {
      tasks.push(...services);
      return Promise.resolve(services.map(() => 0));
    },
    readState: () => Promise.resolve('running'),
    activeServices: () => Promise.resolve([]),
    relations: () => Promise.resolve([]),
    close: () => {},
    ...own,
  };
  return { source, requests, states, tasks };
}
