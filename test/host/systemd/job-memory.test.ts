import { describe, expect, it } from 'vitest';
import { createJobMemory } from '../../../src/host/systemd/job-memory.js';
import type { UnitFacts } from '../../../src/host/systemd/unit-facts.js';

/** A memory with a clock of its own; `kind` is what systemd answers about each job. */
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
  };
}

const GONE = new Error('there is no such job');

describe('who stopped a unit, by the signals of jobs', () => {
  it('was a stop job where one ended as it went down', async () => {
    const { job, stopped } = memory('stop');
    await job(200_000, 200_100);
    expect(stopped(150_000, 200_010, 200_090)).toBe(true);
  });

  it.each([
    ['restart', 'done'],
    ['start', 'failed'],
    ['start', 'dependency'],
    ['stop', 'canceled'],
  ])('was no stop job where a %s job ended with %s', async (kind, result) => {
    const { job, stopped } = memory(kind);
    await job(200_000, 200_100, result);
    expect(stopped(150_000, 200_010, 200_090)).toBe(false);
  });

  it('was nobody where no job was heard of since long before', () => {
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

  it('is not known where a job was over before its kind could be asked for, unless it came late in a long run', async () => {
    const { jobs, job, stopped } = memory(GONE);
    jobs.begin();
    await job(200_000, 200_010);
    expect(stopped(199_990, 200_005), 'it may have been the start').toBeUndefined();
    expect(stopped(150_000, 200_005)).toBe(true);
  });

  it('is not known where a stop came when it was down already: its signal may have been late', async () => {
    const { jobs, job, stopped } = memory('stop');
    jobs.begin();
    await job(209_000, 209_100);
    expect(stopped(150_000, 200_000)).toBeUndefined();
  });

  it('is not told by the jobs of another unit, or by an older one', async () => {
    const { jobs, job, stopped } = memory('stop');
    jobs.begin();
    await job(200_000, 200_010, 'done', 'b.service');
    await job(120_000, 120_010);
    expect(stopped(150_000, 200_005)).toBe(false);
  });

  it('takes no other signal, and nothing else than a job has', () => {
    const { jobs } = memory('stop');
    expect(jobs.handle({ member: 'UnitNew', body: ['a.service', '/unit/a'] })).toBe(false);
    for (const body of [[], ['1', '/job/1', 'a.service'], [1, 2, 3], [1, '/job/1']])
      expect(jobs.handle({ member: 'JobRemoved', body })).toBe(true);
  });

  it('stays small however many jobs there are, and tells nothing of what it forgot', async () => {
    const { jobs, job, stopped } = memory('stop');
    jobs.begin();
    await job(200_000, 200_010);
    for (let n = 0; n < 1_100; n += 1) await job(201_000 + n, 201_000 + n, 'done', `u${n}.service`);
    expect(stopped(150_000, 200_005)).toBeUndefined();
  });
});
