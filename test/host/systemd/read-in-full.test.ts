import { describe, expect, it } from 'vitest';
import type { DbusCalls, ListedUnit, UnitRef } from '../../../src/host/systemd/dbus-calls.js';
import { unitPath } from '../../../src/host/systemd/dbus-properties.js';
import type { Session } from '../../../src/host/systemd/dbus-session.js';
import { readInFull } from '../../../src/host/systemd/read-in-full.js';

type Values = Record<string, unknown>;
const short = (path: string): string => path.slice(path.lastIndexOf('/') + 1).replace(/_2e/g, '.');

/** Reads these units under these names, and returns what was done, in order. */
async function read(names: Record<string, string>, units: Record<string, Values>, states: Values = {}) {
  const done: string[] = [];
  const kept: unknown[] = [];
  let marks = 0;
  const session = {
    now: () => 77,
    watch: {
      follow: (paths: readonly string[]) => void done.push(`follow ${paths.map(short).join()}`),
      mark(paths: readonly string[]) {
        done.push(`mark ${paths.map(short).join()}`);
        marks += 1;
        return { globalChanges: marks, changes: new Map(paths.map((path) => [short(path), marks])) };
      },
      noteAbsent: (path: string, isAbsent: boolean) => void done.push(`absent ${short(path)} ${isAbsent}`),
    },
    known: { keep: (...entry: unknown[]) => void kept.push(entry) },
  };
  const calls: Partial<DbusCalls> = {
    properties: ({ id }) => {
      done.push(`read ${id}`);
      return Promise.resolve({ Id: id, LoadState: 'loaded', ActiveState: 'active', ...units[id] });
    },
    named: (triggers) => {
      done.push(`list ${triggers.join()}`);
      return Promise.resolve(triggers.map((id) => ({ id, activeState: states[id] }) as ListedUnit));
    },
    job: (_, values) => Promise.resolve(String(values.JobType ?? '')),
    drags: (others) =>
      Promise.resolve(new Map(others.map((id) => [id, id === 'c.service' ? ['d.service'] : []]))),
  };
  const refs = new Map(
    Object.entries(names).map(([name, id]): [string, UnitRef] => [name, { id, path: unitPath(id) }]),
  );
  const facts = await readInFull(session as unknown as Session, calls as DbusCalls, refs);
  return { facts: Object.fromEntries(facts), done, kept };
}

describe('reading units in full', () => {
  it('needs no call without units', async () => {
    const { facts, done } = await read({}, {});
    expect([facts, done]).toEqual([{}, []]);
  });

  it('follows units and their triggers before they are read, so that no change is missed', async () => {
    const { done } = await read(
      { 'a.service': 'a.service', 'b.service': 'b.service' },
      { 'a.service': { TriggeredBy: ['a.timer', 'a.socket'] }, 'b.service': { TriggeredBy: ['a.socket'] } },
    );
    expect(done).toEqual([
      ...[
        'follow a.service,b.service',
        'mark a.service',
        'mark b.service',
        'read a.service',
        'read b.service',
      ],
      ...['follow a.socket,a.timer', 'mark a.timer,a.socket', 'mark a.socket', 'list a.socket,a.timer'],
      ...['absent a.service false', 'absent b.service false'],
    ]);
  });

  it('keeps each unit under its requested name, with the marks from before it and its triggers were read', async () => {
    const { facts, kept } = await read(
      { 'alias.service': 'a.service', 'b.service': 'b.service' },
      { 'a.service': { TriggeredBy: ['a.socket'] } },
    );
    expect(Object.keys(facts)).toEqual(['alias.service', 'b.service']);
    expect(facts['alias.service']).toMatchObject({ name: 'alias.service', id: 'a.service' });
    const mark = (globalChanges: number, changes: Record<string, number>) => ({
      ...{ globalChanges, changes: new Map(Object.entries(changes)) },
    });
    expect(kept).toEqual([
      ['alias.service', facts['alias.service'], mark(1, { 'a.service': 1, 'a.socket': 3 }), 77],
      ['b.service', facts['b.service'], mark(2, { 'b.service': 2 }), 77],
    ]);
  });

  it('notes a unit that systemd does not know', async () => {
    const { done } = await read({ 'a.service': 'a.service' }, { 'a.service': { LoadState: 'not-found' } });
    expect(done.at(-1)).toBe('absent a.service true');
  });

  it('has the job of each unit, the states of its triggers, and the units that stop with it', async () => {
    const { facts } = await read(
      { 'a.service': 'a.service', 'b.service': 'b.service' },
      {
        'a.service': { TriggeredBy: ['a.socket', 'a.timer'], JobType: 'start', RequiredBy: ['c.service'] },
        'b.service': { JobType: 'stop' },
      },
      { 'a.socket': 'active' },
    );
    expect(facts).toMatchObject({
      'a.service': {
        job: 'start',
        triggeredBy: [
          { name: 'a.socket', activeState: 'active' },
          { name: 'a.timer', activeState: '' },
        ],
        dragsAlong: ['c.service', 'd.service'],
      },
      'b.service': { job: 'stop', triggeredBy: [], dragsAlong: [] },
    });
  });
});
