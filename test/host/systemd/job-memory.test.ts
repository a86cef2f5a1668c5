import { describe, expect, it } from 'vitest';
import { createJobMemory } from '../../../src/host/systemd/job-memory.js';
import type { UnitFacts } from '../../../src/host/systemd/unit-facts.js';

/** A job memory with a test clock; `kind` is the type that systemd returns for each job. */
function memory(kind: string | Error) {
  let time = 100_000;
  const call = (): Promise<unknown> => (kind instanceof Error ? Promise.reject(kind) : Promise.resolve(kind));
  const jobs = createJobMemory({ call }, () => time);
  let id = 0;
  return {
    jobs,
    at: (ms: number) => void (time = ms),
    async job(began: number, ended: number, result = 'done', unit = 'a.service') {
      id += 1;
      time = began;
      jobs.handle({ member: 'JobNew', body: [id, `/job/${id}`, unit] });
      time = ended;
      jobs.handle({ member: 'JobRemoved', body: [id, `/job/${id}`, unit, result] });
      await Promise.resolve();
      await new Promise(setImmediate);
    },
    stopped: (upAt: number, exitedAt: number, downAt = exitedAt) =>
      jobs.stopped({ id: 'a.service', links: { upAt, exitedAt, downAt } as UnitFacts['links'] }),
    startFailed: (exitedAt: number) =>
      jobs.startFailed({ id: 'a.service', links: { upAt: 0, exitedAt, downAt: 0 } as UnitFacts['links'] }),
  };
}

const GONE = new Error('there is no such job');

describe('the job that stopped a unit, by signals', () => {
  it('is a stop job that ended when the unit went down', async () => {
    const { job, stopped } = memory('stop');
    await job(200_000, 200_100);
    expect(stopped(150_000, 200_010, 200_090)).toBe(true);
  });

  it.each([
    ['restart', 'done'],
    ['start', 'failed'],
    ['start', 'dependency'],
    ['stop', 'canceled'],
  ])('is not a stop job if a %s job ended with %s', async (kind, result) => {
    const { job, stopped } = memory(kind);
    await job(200_000, 200_100, result);
    expect(stopped(150_000, 200_010, 200_090)).toBe(false);
  });

  it('is none if the last job ended before the run did, however shortly before, even if its type is unknown', async () => {
    const { jobs, job, at, stopped } = memory(GONE);
    at(100_000);
    jobs.begin();
    await job(200_000, 200_001);
    expect(stopped(200_000, 200_100)).toBe(false);
    expect(stopped(200_000, 200_001), 'as the run ended').toBeUndefined();
  });

  it('is none if no job was signalled since long before', () => {
    const { jobs, at, stopped } = memory('stop');
    at(100_000);
    expect(stopped(150_000, 200_000)).toBeUndefined();
    jobs.begin();
    expect(stopped(150_000, 200_000)).toBe(false);
    expect(stopped(90_000, 99_000), 'before it listened').toBeUndefined();
    expect(stopped(90_000, 100_500), 'as it began to listen').toBeUndefined();
    jobs.end();
    expect(stopped(150_000, 200_000)).toBeUndefined();
  });

  it('is unknown if a job ended before its type could be read, unless it came late in a long run', async () => {
    const { jobs, job, stopped } = memory(GONE);
    jobs.begin();
    await job(200_000, 200_010);
    expect(stopped(199_990, 200_005), 'it may have been the start').toBeUndefined();
    expect(stopped(150_000, 200_005)).toBe(true);
  });

  it('is unknown if a stop job ended after the unit was down, because its signal may be late', async () => {
    const { jobs, job, stopped } = memory('stop');
    jobs.begin();
    await job(209_000, 209_100);
    expect(stopped(150_000, 200_000)).toBeUndefined();
  });

  it('is not taken from a job of another unit, or from an older one', async () => {
    const { jobs, job, stopped } = memory('stop');
    jobs.begin();
    await job(200_000, 200_010, 'done', 'b.service');
    await job(120_000, 120_010);
    expect(stopped(150_000, 200_005)).toBe(false);
  });

  it('ignores other signals and invalid values', () => {
    const { jobs, stopped } = memory('stop');
    jobs.handle({ member: 'UnitNew', body: ['a.service', '/unit/a'] });
    for (const body of [[], ['1', '/job/1', 'a.service'], [1, 2, 3], [1, '/job/1']])
      jobs.handle({ member: 'JobRemoved', body });
    expect(stopped(150_000, 200_005)).toBeUndefined();
  });

  it('is kept for a limited number of units, and unknown for those that were dropped', async () => {
    const { jobs, job, stopped } = memory('stop');
    jobs.begin();
    await job(200_000, 200_010);
    for (let n = 0; n < 1_100; n += 1) await job(201_000 + n, 201_000 + n, 'done', `u${n}.service`);
    expect(stopped(150_000, 200_005)).toBeUndefined();
  });
});

describe('a start that failed because of a dependency, by signals', () => {
  it.each([
    ['dependency', true],
    ['done', false],
    ['failed', false],
    ['canceled', false],
  ])('is known by the result of the last job since the last run: %s', async (result, failed) => {
    const { job, startFailed } = memory(GONE);
    await job(200_000, 200_010, result);
    expect(startFailed(150_000)).toBe(failed);
    expect(startFailed(0), 'a unit that never ran').toBe(failed);
  });

  it('is forgotten with a later job', async () => {
    const { job, startFailed } = memory('start');
    await job(200_000, 200_010, 'dependency');
    await job(201_000, 201_010, 'done');
    expect(startFailed(150_000)).toBe(false);
  });

  it('is unknown before it listened, and excluded afterwards', async () => {
    const { jobs, job, at, startFailed } = memory('start');
    await job(120_000, 120_010, 'dependency');
    at(130_000);
    expect(startFailed(150_000), 'a job before the end of the run').toBeUndefined();
    jobs.begin();
    expect(startFailed(150_000)).toBe(false);
    expect(startFailed(131_000), 'the run ended as it began to listen').toBeUndefined();
    expect(memory('start').startFailed(0), 'a unit that never ran').toBeUndefined();
  });
});
