import { describe, expect, it } from 'vitest';
import { createJobMemory } from '../../../src/host/systemd/job-memory.js';
import type { UnitFacts } from '../../../src/host/systemd/unit-facts.js';

const BEGUN = 100_000;
const WENT = 200_000;

/** A memory that has listened since `BEGUN`, with a test clock; `kindOf` returns the type of the job at a path. */
function memory(kindOf: (path: string) => Promise<unknown>, { listens = true } = {}) {
  let time = BEGUN;
  const asked: unknown[] = [];
  const call = (question: { path: string }) => {
    asked.push(question);
    return kindOf(question.path);
  };
  const jobs = createJobMemory({ call }, () => time);
  if (listens) jobs.begin();
  const links = (upAt: number, exitedAt: number, downAt: number) =>
    ({ upAt, exitedAt, downAt }) as UnitFacts['links'];
  return {
    asked,
    signal: (at: number, member: string, ...body: unknown[]) => {
      time = at;
      jobs.handle({ member, body });
    },
    stopped: (upAt: number, exitedAt: number, downAt = exitedAt) =>
      jobs.stopped({ id: 'a.service', links: links(upAt, exitedAt, downAt) }),
    startFailed: (exitedAt: number) =>
      jobs.startFailed({ id: 'a.service', links: links(0, exitedAt, exitedAt) }),
  };
}
const answered = () => new Promise(setImmediate);
const stop = () => Promise.resolve('stop');
const gone = () => Promise.reject(new Error('there is no such job'));

/** A memory in which a job of `a.service` ended at this time. */
async function afterJob(kind: typeof stop, begunAt: number, endedAt: number, result = 'done') {
  const made = memory(kind);
  made.signal(begunAt, 'JobNew', 1, '/job/1', 'a.service');
  made.signal(endedAt, 'JobRemoved', 1, '/job/1', 'a.service', result);
  await answered();
  return made;
}

describe('the memory of jobs', () => {
  it('asks systemd for the type of a new job, which the signal does not contain', () => {
    const { asked, signal } = memory(stop);
    signal(WENT, 'JobNew', 1, '/job/1', 'a.service');
    expect(asked).toMatchObject([
      {
        ...{ destination: 'org.freedesktop.systemd1', path: '/job/1', member: 'Get' },
        interface: 'org.freedesktop.DBus.Properties',
        body: ['org.freedesktop.systemd1.Job', 'JobType'],
      },
    ]);
  });

  it.each([
    ['a number', 1, '/job/1', 'a.service', undefined],
    ['text', '1', '/job/1', 'a.service', false],
    ['a number, but no path', 1, 7, 'a.service', false],
  ])('takes a signal whose job is %s', (_, id, path, unit, stopped) => {
    const made = memory(stop);
    made.signal(WENT, 'JobRemoved', id, path, unit, 'done');
    expect(made.stopped(0, WENT)).toBe(stopped);
  });

  it('ignores a new job without a unit, and signals about other things', () => {
    const { asked, signal } = memory(stop);
    signal(WENT, 'JobNew', 1, '/job/1');
    signal(WENT, 'UnitNew', 1, '/job/1', 'a.service');
    expect(asked).toEqual([]);
  });

  it("excludes by systemd's clock a stop after it began to listen", () => {
    const jobs = createJobMemory({ call: stop });
    jobs.begin();
    const now = Number(process.hrtime.bigint() / 1_000_000n);
    const stoppedAt = (exitedAt: number) =>
      jobs.stopped({ id: 'a.service', links: { upAt: 1, exitedAt, downAt: exitedAt } as UnitFacts['links'] });
    expect([stoppedAt(now - 1), stoppedAt(now + 60_000)]).toEqual([undefined, false]);
  });

  it('takes a job that began unseen for one of an unknown type, of any time', async () => {
    const { signal, stopped } = memory(stop);
    signal(WENT, 'JobRemoved', 1, '/job/1', 'a.service', 'done');
    await answered();
    expect(stopped(0, WENT)).toBeUndefined();
  });

  it('keeps the later of two jobs, even if the type of the earlier one is answered last', async () => {
    let answerFirst = (_kind: string): void => {};
    const first = new Promise<string>((resolve) => (answerFirst = resolve));
    const { signal, stopped } = memory((path) => (path === '/job/1' ? first : Promise.resolve('start')));
    for (const [id, at] of [
      [1, WENT],
      [2, WENT + 10],
    ] as const) {
      signal(at, 'JobNew', id, `/job/${id}`, 'a.service');
      signal(at + 1, 'JobRemoved', id, `/job/${id}`, 'a.service', 'done');
    }
    await answered();
    answerFirst('stop');
    await answered();
    expect(stopped(0, WENT)).toBe(false);
  });

  it.each([
    [999, true],
    [1_000, undefined],
  ])(
    'forgets the types of running jobs when there are too many: after %i others, %s',
    async (count, expected) => {
      const { signal, stopped } = memory(stop);
      signal(WENT, 'JobNew', 0, '/job/0', 'a.service');
      for (let id = 1; id <= count; id += 1) signal(WENT, 'JobNew', id, `/job/${id}`, `u${id}.service`);
      signal(WENT, 'JobRemoved', 0, '/job/0', 'a.service', 'done');
      await answered();
      expect(stopped(0, WENT)).toBe(expected);
    },
  );

  /** A memory in which `a.service` was stopped, and then this many jobs of other units ended. */
  async function crowded(count: number, options: { again?: boolean; listens?: boolean } = {}) {
    const made = memory(stop, options);
    const job = (id: number, unit: string) => {
      made.signal(WENT + id, 'JobNew', id, `/job/${id}`, unit);
      made.signal(WENT + id, 'JobRemoved', id, `/job/${id}`, unit, 'done');
    };
    job(0, 'a.service');
    for (let id = 1; id <= count; id += 1) job(id, `u${id}.service`);
    await answered();
    return made;
  }

  it('keeps the jobs of a thousand units, and no longer excludes those of units that it forgot', async () => {
    expect((await crowded(999)).stopped(0, WENT)).toBe(true);
    const { stopped } = await crowded(1_000);
    expect(stopped(0, WENT)).toBeUndefined();
    expect(stopped(WENT, WENT + 2_000), 'before it forgot').toBeUndefined();
    expect(stopped(WENT, WENT + 3_000), 'after it forgot').toBe(false);
  });

  it.each([
    ['forgets first the unit whose last job was first, not the one that it has known longest', false],
    ['does not forget a unit whose last job was known before those of others', true],
  ])('%s', async (_title, isEachKnownAtOnce) => {
    const { signal, stopped } = await crowded(998);
    for (const [id, unit] of ['a.service', 'x.service', 'y.service'].entries()) {
      signal(WENT + 2_000, 'JobNew', id, `/job/${id}`, unit);
      signal(WENT + 2_000, 'JobRemoved', id, `/job/${id}`, unit, 'done');
      if (isEachKnownAtOnce) await answered();
    }
    await answered();
    expect(stopped(0, WENT + 2_000)).toBe(true);
  });

  it('excludes nothing after it forgot a unit without listening', async () => {
    expect((await crowded(1_000, { listens: false })).stopped(WENT, WENT + 90_000)).toBeUndefined();
  });
});

describe('whether a job stopped a unit', () => {
  it.each([
    [BEGUN + 1_000, undefined],
    [BEGUN + 1_001, false],
  ])('is excluded without a job from a second after it listens: %i, %s', (exitedAt, expected) => {
    expect(memory(stop).stopped(0, exitedAt)).toBe(expected);
    expect(memory(stop).startFailed(exitedAt)).toBe(expected);
  });

  it('is unknown for a unit that never went down, whatever job it had', async () => {
    expect((await afterJob(stop, 0, 0)).stopped(0, 0)).toBeUndefined();
  });

  it.each([
    [WENT - 1, true],
    [WENT - 2, false],
    [WENT + 1_000, true],
    [WENT + 1_001, undefined],
  ])('is known by a stop job that ended close to it: %i, %s', async (endedAt, expected) => {
    const { stopped } = await afterJob(stop, WENT - 10, endedAt);
    expect(stopped(0, WENT)).toBe(expected);
    expect(stopped(0, WENT, WENT - 20), 'down earlier than it left').toBe(expected);
  });

  it('is known by a job that ended within a second after it was down', async () => {
    const { stopped } = await afterJob(stop, WENT, WENT + 4_000);
    expect(stopped(0, WENT, WENT + 3_000)).toBe(true);
    expect(stopped(0, WENT, WENT + 2_999)).toBeUndefined();
  });

  it.each([
    [5_001, 2_501, true],
    [5_001, 2_500, undefined],
    [5_000, 4_000, undefined],
  ])(
    'is known of a short job in a run of %i ms that began %i ms after the run: %s',
    async (length, later, expected) => {
      const upAt = WENT - length;
      expect((await afterJob(gone, upAt + later, WENT)).stopped(upAt, WENT)).toBe(expected);
    },
  );

  it('is false for a short job late in a long run that did not end well', async () => {
    expect((await afterJob(gone, WENT - 10, WENT, 'failed')).stopped(0, WENT)).toBe(false);
  });
});

describe('whether a start failed because of a dependency', () => {
  it.each([
    [WENT - 1, true],
    [WENT - 2, false],
  ])('is known by a job that ended after the last run: %i, %s', async (endedAt, expected) => {
    expect((await afterJob(gone, WENT - 10, endedAt, 'dependency')).startFailed(WENT)).toBe(expected);
  });
});
