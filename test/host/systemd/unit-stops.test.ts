import { describe, expect, it } from 'vitest';
import type { Journal } from '../../../src/host/systemd/journal.js';
import type { UnitFacts } from '../../../src/host/systemd/unit-facts.js';
import { knownValue, NOT_LOOKED_UP, stopsOf } from '../../../src/host/systemd/unit-stops.js';
import { unknown, type Reading } from '../../../src/model/reading.js';
import { madeUnit, type UnitChanges } from './made-units.js';

/** Returns what is found for these units, and the runs that the journal was asked for. */
async function found(
  units: readonly UnitFacts[],
  {
    heard,
    written = {},
  }: { heard?: Record<string, boolean>; written?: Record<string, Reading<boolean>> } = {},
) {
  const asked: string[][] = [];
  const journal: Journal = {
    stoppedByJob(runs) {
      asked.push([...runs]);
      return Promise.resolve(new Map(Object.entries(written)));
    },
  };
  const source = heard ? { stopped: ({ id }: UnitFacts) => heard[id] } : {};
  const stops = await stopsOf(units, source, journal);
  return { stops: Object.fromEntries(stops), asked: asked.flat() };
}
const down = (id: string, changes: UnitChanges = {}) =>
  madeUnit(id, { activeState: 'inactive', invocationId: `run of ${id}`, ...changes });

describe('whether a job stopped a unit', () => {
  it('is found only for loaded units that are inactive or failed', async () => {
    const units = [
      down('inactive.service'),
      down('failed.service', { activeState: 'failed' }),
      down('running.service', { activeState: 'active' }),
      down('ending.service', { activeState: 'deactivating' }),
      down('absent.service', { loadState: 'not-found' }),
      down('masked.service', { loadState: 'masked', activeState: 'failed' }),
    ];
    const { stops, asked } = await found(units);
    expect(Object.keys(stops)).toEqual(['inactive.service', 'failed.service']);
    expect(asked).toEqual(['run of inactive.service', 'run of failed.service']);
  });

  it('is known from signals, and else from the journal', async () => {
    const units = ['heard', 'silent', 'read'].map((name) => down(`${name}.service`));
    const { stops, asked } = await found(units, {
      heard: { 'heard.service': true, 'silent.service': false },
      written: { 'run of heard.service': false, 'run of silent.service': true, 'run of read.service': true },
    });
    expect(stops).toEqual({ 'heard.service': true, 'silent.service': false, 'read.service': true });
    expect(asked).toEqual(['run of read.service']);
  });

  it('is read once for two units of one run, and unknown if the journal has no answer', async () => {
    const units = [down('a.service', { invocationId: 'r' }), down('b.service', { invocationId: 'r' })];
    const { stops, asked } = await found(units);
    expect(asked).toEqual(['r']);
    expect(stops).toEqual({ 'a.service': NOT_LOOKED_UP, 'b.service': NOT_LOOKED_UP });
  });

  it('is false for a unit that did not run though others want it, and unknown if systemd forgot it', async () => {
    const { stops, asked } = await found([
      down('wanted.service', { invocationId: '', wantedBy: ['multi-user.target'] }),
      down('forgotten.service', { invocationId: '', wantedBy: [] }),
    ]);
    expect(asked).toEqual([]);
    expect(stops).toEqual({
      'wanted.service': false,
      'forgotten.service': { unknown: 'systemd no longer has a record of its last run' },
    });
  });

  it.each([
    [true, true],
    [false, false],
    [unknown('no journal'), undefined],
    [undefined, undefined],
  ])('is for the search of a cause, from %j, %s', (reading, value) => {
    expect(knownValue(reading)).toBe(value);
  });
});
