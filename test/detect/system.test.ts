import { describe, expect, it } from 'vitest';
import { SimpleDetector } from '../../src/detect/detector.js';
import { judgeSystem } from '../../src/detect/system.js';
import { unknown } from '../../src/model/reading.js';
import { Severity } from '../../src/model/issue.js';
import {
  failedUnit,
  fakeClock,
  fakeHost,
  systemReading,
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
