import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { UNKNOWN_UNIT } from '../../src/detect/services.js';
import { unknown } from '../../src/model/reading.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { fakeClock, fakeHost, recordingLogger } from '../../src/testing/index.js';
import { LostReadings } from '../../src/watch/report-readings.js';
import { service } from './make-looks.js';

// Loads the modules that each first look loads.
beforeAll(() => fakeClock().advance(0));

const { signal } = new AbortController();
const never = (): boolean => false;
const misspelled = (name: string) => service(name, 'unknown', { reason: `${UNKNOWN_UNIT} ${name}.service` });

/** Lost readings on a host whose systemd answers, or not, and has these active services. */
function made({
  protect = [] as readonly string[],
  services = ['ngin', 'nginz'],
  answers = true,
  active = [] as readonly string[],
  listMs = 0,
} = {}) {
  const logger = recordingLogger();
  const told: string[] = [];
  let asked = 0;
  /** The first list is late by `listMs`. */
  let lists = 0;
  const units = new Map(services.map((name) => [`${name}.service`, { unit: `${name}.service` }]));
  const host = fakeHost(answers ? {} : { units: unknown('no bus') });
  const read = (request: object) => {
    asked += 1;
    return host.read(request);
  };
  const lost = new LostReadings({
    ...{
      host: { ...host, read, activeServices: () => sleep((lists += 1) === 1 ? listMs : 0, active) },
      logger,
      guards: DEFAULT_GUARDS,
      policy: { protect, services: units },
    },
    detector: { detectIssues: () => Promise.resolve([]) },
    ledger: { now: () => 0 },
    emit: (name: string, event: { readonly component: string }) =>
      void told.push(`${name} ${event.component}`),
  } as never);
  const take = (...verdicts: readonly ComponentVerdict[]) => lost.take(verdicts, never, signal);
  return { lost, logger, told, take, asked: () => asked };
}

describe('the names in `protect`', () => {
  it.each<[string, readonly string[], boolean, number]>([
    ['once if systemd answers', ['nginx'], true, 1],
    ['in three looks if it does not', ['nginx'], false, 3],
    ['if only one of them is no pattern', ['app-*', 'nginx'], true, 1],
    ['never if all of them are patterns', ['app-*'], true, 0],
    ['never if there are none', [], true, 0],
  ])('are looked up %s', async (_what, protect, answers, times) => {
    const { take, asked } = made({ protect, answers });
    for (let look = 0; look < 5; look += 1) await take();
    expect(asked()).toBe(times);
  });

  it('do not delay the looks after them', async () => {
    const { take } = made({ protect: ['nginx'] });
    await take();
    expect(take()).toBeUndefined();
  });
});

describe('a lost reading of a unit that systemd does not know', () => {
  const reasons = ({ lost }: ReturnType<typeof made>) =>
    lost.now.map(({ reason }) => reason.replace(/^.*\.service/, ''));

  it('is reported before the look ends, also beside names in `protect`', async () => {
    const { take, told } = made({ protect: ['nginx'] });
    await take(misspelled('ngin'));
    expect(told).toEqual(['reading:lost ngin']);
  });

  it('is reported before the look ends, also if the host lists its services late', async () => {
    const { take, told } = made({ protect: ['nginx'], listMs: 50 });
    await take(misspelled('ngin'));
    expect(told).toEqual(['reading:lost ngin']);
  });

  it('has the nearest known unit as a hint, which the record keeps', async () => {
    const all = made();
    await all.take(misspelled('ngin'), service('nginx', 'ok'));
    expect(reasons(all)).toEqual([': did you mean `nginx`?']);
    await all.take(misspelled('ngin'), service('nginx', 'ok'));
    expect(reasons(all)).toEqual([': did you mean `nginx`?']);
    expect(all.logger.of('warn')).toHaveLength(1);
  });

  it.each<[string, ComponentVerdict[]]>([
    ['another misspelled name', [misspelled('nginz')]],
    ['the component of another check', [service('nginx', 'ok', { check: 'http' })]],
    ['a unit that is unknown itself', [service('nginx', 'unknown')]],
  ])('has no hint of %s', async (_what, others) => {
    const all = made();
    await all.take(misspelled('ngin'), ...others);
    expect(reasons(all).filter((reason) => reason !== '')).toEqual([]);
  });

  it('is not its own hint if it is started in between', async () => {
    const all = made({ active: ['ngin.service'] });
    await all.take(misspelled('ngin'));
    expect(reasons(all)).toEqual(['']);
  });

  it('keeps the record of every other lost reading', async () => {
    const all = made();
    await all.take(misspelled('ngin'), misspelled('nginz'), service('q', 'unknown', { check: 'mine' }));
    expect(all.lost.now.map(({ component }) => component).sort()).toEqual(['ngin', 'nginz', 'q']);
    expect(all.told.sort()).toEqual(['reading:lost ngin', 'reading:lost nginz', 'reading:lost q']);
  });

  it('is the only one that a look waits for', () => {
    expect(made().take(service('q', 'unknown', { check: 'mine' }))).toBeUndefined();
  });
});
