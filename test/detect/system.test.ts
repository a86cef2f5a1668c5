import { describe, expect, it } from 'vitest';
import { SimpleDetector } from '../../src/detect/detector.js';
import { judgeOom, OomHistory } from '../../src/detect/oom.js';
import { judgeSystem } from '../../src/detect/system.js';
import { unknown } from '../../src/model/reading.js';
import { Severity } from '../../src/model/issue.js';
import {
  failedUnit,
  fakeClock,
  fakeHost,
  systemReading,
  unitReading,
  type FakeHostParts,
} from '../../src/testing/index.js';

const { LOW } = Severity;
const because = unknown('the file is gone');
const MINUTE = 60_000;
const calm = { sinceBoot: 0, recent: 0 };
const judge = (changes: Parameters<typeof systemReading>[0]) =>
  judgeSystem(systemReading(changes), calm, { asked: [], troubled: [] });

describe('the system state', () => {
  it.each(['degraded', 'maintenance', 'a word that this version does not know'])(
    'is LOW when systemd reports %s',
    (state) => {
      expect(judge({ state })[0]).toMatchObject({
        component: 'system:state',
        type: 'system',
        status: 'bad',
        severity: LOW,
      });
    },
  );

  it.each(['running', 'starting', 'initializing', 'stopping'])('is ok when systemd reports %s', (state) => {
    expect(judge({ state })).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);
  });
});

describe('the sentence on a degraded system', () => {
  const failed = (count: number, from = 1) =>
    Array.from({ length: count }, (_, index) => failedUnit({ name: `unit${from + index}.service` }));
  const none = { asked: [], troubled: [] };
  const words = (units: Parameters<typeof judgeSystem>[2], own: readonly string[] = [], state = 'degraded') =>
    judgeSystem(systemReading({ state }), calm, units, new Set(own))[0]?.reason;
  const degraded = 'systemd says that the system is degraded';

  it.each<[string, Parameters<typeof judgeSystem>[2], readonly string[], string]>([
    [
      'names the failed units, however they were read, each once',
      {
        asked: [...failed(1), unitReading({ name: 'ok.service' })],
        matched: failed(1, 2),
        members: failed(1, 3),
        troubled: [...failed(1), ...failed(1, 4)],
      },
      [],
      'unit1.service, unit2.service, unit3.service, unit4.service failed',
    ],
    [
      'leaves out units with an issue of their own',
      { ...none, troubled: failed(3) },
      ['unit1', 'unit3'],
      'unit2.service failed',
    ],
    [
      'leaves out a unit with an issue by another name',
      { asked: [{ ...failedUnit({ name: 'sshd.service' }), name: 'ssh.service' }], troubled: failed(1) },
      ['ssh'],
      'unit1.service failed',
    ],
    [
      'leaves out a unit with an issue by its full name, though it was read by another name',
      { ...none, matched: [{ ...failedUnit({ name: 'sshd.service' }), name: 'ssh.service' }] },
      ['sshd'],
      'each failed unit has its own issue',
    ],
    [
      'says if each of them has an issue',
      { ...none, troubled: failed(2) },
      ['unit1', 'unit2'],
      'each failed unit has its own issue',
    ],
    [
      'says if none is left',
      { asked: [unitReading({ name: 'ok.service' })], troubled: [] },
      ['ok'],
      'no failed unit is left, `systemctl reset-failed` clears the word',
    ],
    ['says if the units cannot be read', because, [], 'the units cannot be read (the file is gone)'],
    [
      'names ten of them',
      { ...none, troubled: failed(10) },
      [],
      `${failed(10)
        .map(({ id }) => id)
        .join(', ')} failed`,
    ],
    [
      'counts those after the tenth',
      { ...none, troubled: failed(12) },
      [],
      `${failed(10)
        .map(({ id }) => id)
        .join(', ')} and 2 more failed`,
    ],
  ])('%s', (_what, units, own, sentence) => {
    expect(words(units, own)).toBe(`${degraded}: ${sentence}`);
  });

  it('is short in any other state', () => {
    const units = { ...none, troubled: failed(1) };
    expect(words(units, [], 'running')).toBe('systemd says that the system is running');
    expect(words(units, [], 'maintenance')).toBe('systemd says that the system is maintenance');
  });

  it('comes with the value 1 if the system is well, and 0 if not', () => {
    const values = ['running', 'degraded'].map((state) => judge({ state })[0]);
    expect(values).toMatchObject([
      { value: 1, threshold: 1 },
      { value: 0, threshold: 1 },
    ]);
  });
});

describe('an unreadable system', () => {
  it('is unknown for each component, and as a whole if nothing was read', () => {
    expect(judge({ state: because })).toMatchObject([
      { status: 'unknown', reason: 'the file is gone' },
      { status: 'ok' },
    ]);
    for (const verdict of judgeSystem(because, because, because))
      expect(verdict).toMatchObject({ status: 'unknown', reason: 'the file is gone' });
  });
});

describe('out-of-memory kills', () => {
  const start = (parts: FakeHostParts = {}) => {
    const clock = fakeClock();
    const host = fakeHost(parts);
    const detector = new SimpleDetector({ host, clock });
    return {
      host,
      clock,
      kill: (oomKills: number) => host.set({ system: systemReading({ oomKills }) }),
      look: async () => (await detector.inspect()).find(({ component }) => component === 'system:oom'),
    };
  };

  it('before the first reading raise no issue', async () => {
    const { kill, look } = start();
    kill(7);
    expect(await look()).toMatchObject({ status: 'ok', value: 0 });
    expect(await look()).toMatchObject({ status: 'ok', value: 0 });
  });

  it('are LOW for 10 minutes after the count grew, and a second reading changes nothing', async () => {
    const { kill, look, clock } = start();
    kill(7);
    await look();
    kill(9);
    const seen = await look();
    expect(seen).toMatchObject({
      status: 'bad',
      severity: LOW,
      value: 2,
      reason: 'The kernel killed 2 processes within the last 10 min because memory ran out',
    });
    expect(seen?.evidence?.[0]).toBe('oom_kill in /proc/vmstat: 9 on this machine since it booted');
    expect(await look()).toEqual(seen);
    await clock.advance(9 * MINUTE);
    kill(10);
    expect(await look()).toMatchObject({ status: 'bad', value: 3 });
    await clock.advance(MINUTE);
    expect(await look()).toMatchObject({ status: 'bad', value: 1 });
    await clock.advance(9 * MINUTE);
    expect(await look()).toMatchObject({ status: 'ok', value: 0 });
  });

  it('are found, however long the time between two readings', async () => {
    const { kill, look, clock } = start();
    await look();
    await clock.advance(300 * MINUTE);
    kill(1);
    expect(await look()).toMatchObject({ status: 'bad', value: 1 });
  });

  it('are reported with the unit that systemd saw killed, or with the sentence that there is none', async () => {
    const { kill, look, host } = start();
    await look();
    kill(1);
    expect((await look())?.evidence?.[1]).toContain('None of the units that were read');
    host.set({ units: [failedUnit({ name: 'eater', result: 'oom-kill' })] });
    expect((await look())?.evidence?.[1]).toBe('Result=oom-kill: eater.service');
    host.set({ units: because });
    expect((await look())?.evidence?.[1]).toContain('No units were read beside it');
  });

  it('start a new count when the counter goes back', async () => {
    const { kill, look } = start();
    kill(9);
    await look();
    kill(2);
    expect(await look()).toMatchObject({ status: 'ok' });
    kill(3);
    expect(await look()).toMatchObject({ status: 'bad', value: 1 });
  });

  it('are unknown if the counter cannot be read', async () => {
    const { look, host } = start();
    host.set({ system: systemReading({ oomKills: because }) });
    expect(await look()).toMatchObject({ status: 'unknown', reason: 'the file is gone' });
  });
});

describe('the verdict on out-of-memory kills', () => {
  const units = { asked: [], troubled: [] };

  it.each([
    [0, 'no process'],
    [1, '1 process'],
    [2, '2 processes'],
    [1_200, '1,200 processes'],
  ])('counts %d in words', (recent, words) => {
    const verdict = judgeOom({ sinceBoot: 5_000, recent }, units);
    expect(verdict.reason).toBe(`The kernel killed ${words} within the last 10 min because memory ran out`);
    expect(verdict).toMatchObject({ status: recent === 0 ? 'ok' : 'bad', value: recent, threshold: 0 });
    expect('evidence' in verdict).toBe(recent > 0);
  });

  it('names each unit that ended by one, listed or not, and no other', () => {
    const eater = (name: string) => failedUnit({ name, result: 'oom-kill' });
    const all = {
      asked: [unitReading({ name: 'well' }), eater('listed')],
      troubled: [failedUnit({ name: 'crashed' }), eater('other'), eater('listed')],
    };
    expect(judgeOom({ sinceBoot: 2, recent: 2 }, all).evidence?.[1]).toBe(
      'Result=oom-kill: listed.service, other.service',
    );
  });

  it('counts from the last reading at which the counter went back', () => {
    const history = new OomHistory();
    const recent = [5, 9, 7, 8].map((kills, minute) => history.note(kills, minute * MINUTE));
    expect(recent).toEqual([
      { sinceBoot: 5, recent: 0 },
      { sinceBoot: 9, recent: 4 },
      { sinceBoot: 7, recent: 0 },
      { sinceBoot: 8, recent: 1 },
    ]);
  });
});

describe('the verdicts on the system', () => {
  const start = (parts: FakeHostParts = {}) => {
    const host = fakeHost(parts);
    const detector = new SimpleDetector({ host, clock: fakeClock() });
    const state = async () =>
      (await detector.inspect()).find(({ component }) => component === 'system:state');
    return { host, detector, state };
  };

  it('follow its state while no process is killed', async () => {
    const { host, state } = start();
    const seen: unknown[] = [];
    for (const word of ['running', 'starting', 'degraded', 'running']) {
      host.set({ system: systemReading({ state: word }) });
      const verdict = await state();
      seen.push(`${verdict?.status}: ${verdict?.reason.split(':')[0]}`);
    }
    const words = 'systemd says that the system is';
    expect(seen).toEqual([
      ...[`ok: ${words} running`, `ok: ${words} starting`, `bad: ${words} degraded`, `ok: ${words} running`],
    ]);
  });

  it('are frozen, as those on units are', async () => {
    const { detector } = start({ units: [failedUnit({ name: 'db' })] });
    for (const verdict of await detector.inspect()) expect(verdict).toSatisfy(Object.isFrozen);
  });
});
