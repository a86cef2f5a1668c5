import { describe, expect, it } from 'vitest';
import { planEffects } from '../../src/execute/plan-effects.js';
import type { Host } from '../../src/host/host.js';
import type { UnitRelations } from '../../src/model/unit-relations.js';
import { failedUnit, fakeHost, unitRelations } from '../../src/testing/index.js';

const never = new AbortController().signal;

describe('the notes and the refusal that follow from the effects of a plan', () => {
  /** Returns a host with these relations of units. */
  const hostOf = (relations: Readonly<Record<string, Partial<UnitRelations>>>) => ({
    ...fakeHost(),
    unitRelations: (names: readonly string[]) =>
      Promise.resolve(names.map((name) => unitRelations({ name, ...relations[name] }))),
  });
  type Job = Parameters<typeof planEffects>[0][number];
  const jobOf = (verb: Job['verb'], unit = 'a.service'): Job => ({ verb, unit });
  const planned = (relations: Parameters<typeof hostOf>[0], jobs: readonly Job[] = [jobOf('start')]) =>
    planEffects(jobs, hostOf(relations), never);

  it('are none without jobs, and nothing is read', async () => {
    const unitRelationsOf = () => Promise.reject(new Error('It was read'));
    const { effects, ...rest } = await planEffects(
      [],
      { ...fakeHost(), unitRelations: unitRelationsOf },
      never,
    );
    expect(effects).toMatchObject({ touches: [], starts: [] });
    expect(rest).toEqual({ notes: [] });
  });

  it('are none if there is nothing to say', async () => {
    const { effects, ...rest } = await planned({ 'a.service': { wants: ['b.service'] } });
    expect(effects.starts.map(({ id }) => id)).toEqual(['b.service']);
    expect(rest).toEqual({ notes: [] });
  });

  it('name each unit that starts with a changed unit file', async () => {
    const { notes } = await planned({
      'a.service': { wants: ['b.service', 'c.service'] },
      'b.service': { needDaemonReload: true },
    });
    expect(notes).toEqual([expect.stringMatching(/^The unit file of b.service changed on disk/)]);
  });

  it('do not depend on Requisite= units that cannot be read', async () => {
    const host = hostOf({ 'a.service': { requisite: ['down.service'] } });
    const unitRelationsOf = (names: readonly string[]) =>
      names.includes('down.service') ? Promise.resolve({ unknown: 'no bus' }) : host.unitRelations(names);
    const { notes, refusal } = await planEffects(
      [jobOf('start')],
      { ...host, unitRelations: unitRelationsOf },
      never,
    );
    expect({ notes, refusal }).toEqual({ notes: [], refusal: undefined });
  });

  it('name each Requisite= unit that is down, and none that is up', async () => {
    const { notes } = await planned({
      'a.service': { requisite: ['up.service', 'down.service'] },
      'up.service': { activeState: 'active' },
      'down.service': { activeState: 'failed' },
    });
    expect(notes).toEqual(['a.service cannot start while down.service is failed (Requisite=)']);
  });

  const REBOOTS = { startLimitAction: 'reboot', startLimitBurst: 3, startLimitIntervalMs: 60_000 };
  const AT = Date.UTC(2025, 0, 1);

  it.each<[string, Job[], Partial<UnitRelations>, string | undefined]>([
    ['one start less than the last', [jobOf('start')], { ...REBOOTS, recentStarts: [AT] }, undefined],
    [
      'two starts',
      [jobOf('stop', 'b.service'), jobOf('restart')],
      { ...REBOOTS, recentStarts: [AT, AT + 1] },
      'a.service was started 2 times within 1 min and has StartLimitAction=reboot at 3 starts; possible from 2025-01-01T00:01:00.000Z on',
    ],
    [
      'one start of two',
      [jobOf('start')],
      { ...REBOOTS, startLimitBurst: 2, recentStarts: [AT] },
      'a.service was started 1 time within 1 min and has StartLimitAction=reboot at 2 starts; possible from 2025-01-01T00:01:00.000Z on',
    ],
    [
      'a limit of one start',
      [jobOf('start')],
      { ...REBOOTS, startLimitBurst: 1, recentStarts: [] },
      'a.service was started 0 times within 1 min and has StartLimitAction=reboot at 1 starts',
    ],
    [
      'an endless interval',
      [jobOf('start')],
      { ...REBOOTS, startLimitBurst: 2, startLimitIntervalMs: Infinity, recentStarts: [AT] },
      'at 2 starts',
    ],
    [
      'no action',
      [jobOf('start')],
      { ...REBOOTS, startLimitAction: 'none', recentStarts: [AT, AT] },
      undefined,
    ],
    ['a stop', [jobOf('stop')], { ...REBOOTS, recentStarts: [AT, AT] }, undefined],
    ['a reload', [jobOf('reload')], { ...REBOOTS, recentStarts: [AT, AT] }, undefined],
  ])('are about the start limit: %s', async (_which, jobs, unit, sentence) => {
    const { refusal } = await planned({ 'a.service': unit }, jobs);
    if (sentence === undefined) expect(refusal).toBeUndefined();
    else {
      expect(refusal?.reason).toBe('backoff');
      expect(refusal?.sentence.endsWith(sentence)).toBe(true);
    }
  });

  it('are about the start limit also of a unit that is started by another of its names', async () => {
    const { effects, notes, refusal } = await planned({
      'a.service': { wants: ['alias.service'] },
      'alias.service': {
        ...{ id: 'real.service', names: ['real.service', 'alias.service'], needDaemonReload: true },
        ...{ ...REBOOTS, recentStarts: [AT, AT + 1] },
      },
    });
    expect(effects.starts.map(({ id }) => id)).toEqual(['real.service']);
    expect(notes).toEqual([expect.stringMatching(/^The unit file of real.service changed on disk/)]);
    expect(refusal).toMatchObject({ reason: 'backoff' });
  });

  it('do not depend on what a unit requires that cannot be loaded', async () => {
    const { refusal } = await planned({ 'a.service': { loadState: 'bad-setting', requires: ['b.service'] } });
    expect(refusal).toBeUndefined();
  });

  const MASKED = { 'down.service': { loadState: 'masked', activeState: 'inactive' } };

  it.each(['start', 'restart', 'stop', 'reload'] as const)(
    'are about a masked unit that the unit requires only if that starts: %s',
    async (verb) => {
      const { refusal } = await planned(
        { 'a.service': { activeState: 'active', canReload: true, requires: ['down.service'] }, ...MASKED },
        [jobOf(verb)],
      );
      const sentence = 'Starting a.service would start down.service, which a person has stopped or masked';
      expect(refusal).toEqual(verb.endsWith('start') ? { reason: 'not-allowed', sentence } : undefined);
    },
  );

  it('name the unit that starts, not one that the plan stops before', async () => {
    const { refusal } = await planned({ 'a.service': { requires: ['down.service'] }, ...MASKED }, [
      jobOf('stop', 'old.service'),
      jobOf('start'),
    ]);
    expect(refusal?.sentence).toContain('Starting a.service would start down.service');
  });

  it.each<[string, Pick<Host, 'read'>['read'], string | undefined]>([
    [
      'a person has stopped',
      async () => ({
        ...fakeHost().read(),
        units: {
          ...{ all: [], troubled: [] },
          asked: [failedUnit({ name: 'b', activeState: 'inactive', stoppedByJob: true, cause: null })],
        } as never,
      }),
      'Starting a.service would start b.service, which a person has stopped or masked',
    ],
    ['cannot be read', async () => ({ ...fakeHost().read(), units: { unknown: 'no bus' } }), undefined],
  ])('are about a unit that starts too and that %s', async (_, read, sentence) => {
    const host = { ...hostOf({ 'a.service': { wants: ['b.service'] } }), read };
    const { refusal } = await planEffects([jobOf('start')], host, never);
    expect(refusal?.sentence).toBe(sentence);
  });

  it.each([
    [500, undefined],
    [501, 'The effects reach more than 500 units, the limit'],
  ])('are about the number of units: %i', async (units, sentence) => {
    const wants = Array.from({ length: units - 1 }, (_, index) => `u${index}.service`);
    const { refusal } = await planned({ 'a.service': { wants } });
    expect(refusal?.sentence).toBe(sentence);
  });
});
