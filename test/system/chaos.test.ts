import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { EngineService, type Told } from './chaos/engine-service.js';
import { openIssues } from './chaos/inject.js';
import { runChaos } from './chaos/run.js';
import { describeOnHost } from './lab.js';

/** The same seed injects the same faults into the same units in the same order. */
const SEED = Number(process.env['CHAOS_SEED'] ?? 20_261);
const FAULTS = Number(process.env['CHAOS_FAULTS'] ?? 40);

describeOnHost('an engine on a host with random faults', (lab) => {
  test(
    'heals what can be healed, explains the rest, does not touch other units and leaves nothing behind',
    async () => {
      console.log(`Chaos: ${FAULTS} faults of seed ${SEED}; CHAOS_SEED and CHAOS_FAULTS choose others`);
      const report = await runChaos(lab.host, SEED, FAULTS);
      console.log(report.text);

      expect.soft(report.injected).toHaveLength(FAULTS);
      expect.soft(report.fixed, 'repairs that helped').toBeGreaterThan(FAULTS / 5);
      expect.soft(report.violations).toEqual([]);
      expect.soft(report.bystanders.after).toEqual(report.bystanders.before);
      expect.soft(report.leftProcesses, 'processes that the engine left behind').toEqual([]);
      expect.soft(report.complaints, 'what the engine printed to standard error').toEqual([]);
      for (const { fdsEarly, fdsLate } of report.growth)
        expect.soft(fdsLate).toBeLessThanOrEqual(fdsEarly + 4);
    },
    120_000 + FAULTS * 1_500,
  );
});

describeOnHost('an engine and an operator', (lab) => {
  afterEach(async () => {
    await lab.host.systemctl('kill', '--signal=KILL', 'chaos-engine-*');
    await lab.host.run(['rm', '-rf', '/var/lib/chaos']);
  });

  const STATE = '/var/lib/chaos/state.json';
  const idle = 'ExecStart=sleep infinity';

  test('do not start a service that the operator stopped while it was queued', async () => {
    // As many as are repaired at the same time.
    const slow: string[] = [];
    for (const name of ['a', 'b', 'c', 'd'])
      slow.push(await lab.service(`slow-${name}`, `ExecStartPre=sleep 4\n${idle}`));
    const waiting = await lab.service('waiting', idle);
    await lab.host.systemctl('start', ...slow, waiting);
    const engine = new EngineService(lab.host);
    const guards = { settleMs: { service: 200 } };
    const options = { services: [...slow, waiting], enabledChecks: ['services'], guards, state: STATE };
    await engine.install({ interval: 0.2, options });
    await engine.start();
    const all = (event: string) => (told: readonly Told[]) =>
      slow.every((one) => told.some((line) => line.event === event && line.component === one));
    await lab.host.systemctl('kill', '--signal=KILL', ...slow);
    await engine.until('the repairs of the slow ones to begin', all('started'));
    await lab.host.systemctl('kill', '--signal=KILL', waiting);
    await engine.until('the other one to have an issue', (told) =>
      told.some(({ event, component }) => event === 'opened' && component === waiting),
    );
    await lab.host.systemctl('start', waiting);
    await lab.host.systemctl('stop', waiting);
    await engine.until('the repairs of the slow ones to end', all('done'));
    await sleep(1_000);
    await engine.stop();
    expect((await engine.called()).filter(({ service }) => service === waiting)).toEqual([]);
    expect(await lab.show('ActiveState', waiting)).toBe('inactive');
  });

  /** A database and a service that needs it, both running and monitored by an engine. */
  async function databaseAndWeb() {
    const endless = '[Unit]\nStartLimitIntervalSec=0';
    const database = await lab.service('database', `Type=exec\n${idle}`, endless);
    const needs = `${endless}\nRequires=${database}.service\nAfter=${database}.service`;
    const web = await lab.service('web', idle, needs);
    await lab.host.systemctl('start', database, web);
    const engine = new EngineService(lab.host);
    const guards = {
      settleMs: { service: 100 },
      backoff: { firstMs: 300, maxMs: 300 },
      breaker: { openMs: 1_000 },
    };
    await engine.install({
      interval: 0.2,
      options: { services: [database, web], enabledChecks: ['services'], guards, state: STATE },
    });
    await engine.start();
    const folder = `/etc/systemd/system/${database}.service.d`;
    await lab.host.writeFile(`${folder}/test-broken.conf`, '[Service]\nExecStart=\nExecStart=/nonexistent\n');
    await lab.host.systemctl('daemon-reload');
    const mend = async () => {
      await lab.host.run(['rm', '-r', folder]);
      await lab.host.systemctl('daemon-reload');
    };
    return { database, web, engine, mend };
  }

  test('leave a service as it is while starts of its dependency fail', async () => {
    const { database, web, engine, mend } = await databaseAndWeb();
    const runs = await lab.runs(web);
    await lab.host.systemctl('kill', '--signal=KILL', database);
    await engine.until(
      'two repairs that fail',
      (told) => told.filter(({ event, outcome }) => event === 'done' && outcome !== 'fixed').length >= 2,
    );
    await mend();
    await lab.until('active', database);
    await engine.stop();
    expect(await lab.runs(web)).toEqual(runs);
  });

  test('heal a service that was stopped by a failed restart of another one', async () => {
    const { database, web, engine, mend } = await databaseAndWeb();
    await lab.host.run(['systemctl', 'restart', database], { allowFailure: true });
    await lab.host.waitFor(
      'the other one to go down',
      async () => (await lab.show('ActiveState', web)) !== 'active',
    );
    await mend();
    await lab.until('active', database);
    await lab.until('active', web);
    await engine.stop();
  });

  test('end a storm after its calm time, even if the operator keeps one of the services stopped', async () => {
    const services: string[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) services.push(await lab.service(name, idle));
    const [stopped, ...others] = services as [string, ...string[]];
    await lab.host.systemctl('start', ...services);
    await lab.host.systemctl('stop', stopped);
    const engine = new EngineService(lab.host);
    // The calm time is shortened from 10 min; it is still much longer than everything else here.
    const guards = {
      settleMs: { service: 100 },
      // A unit that dies soon after its repair waits.
      backoff: { firstMs: 100, maxMs: 100 },
      storm: { withinMs: 1_000, calmMs: 4_000 },
    };
    await engine.install({
      interval: 0.2,
      options: { services, enabledChecks: ['services'], guards, state: STATE },
    });
    await engine.start();
    await lab.host.systemctl('kill', '--signal=KILL', ...others);
    await engine.until('the storm to be seen', (told) => told.some(({ event }) => event === 'storm'));
    await engine.until(
      'the others to be healed, and the storm to end',
      (told) => [...openIssues(told)].join() === stopped && told.some(({ event }) => event === 'calm'),
      20_000,
    );
    // One more failure is no storm.
    const before = (await engine.told()).length;
    await lab.host.systemctl('kill', '--signal=KILL', others[0]!);
    const isDone = (told: readonly Told[]) => told.slice(before).some(({ event }) => event === 'done');
    await engine.until('the one to be repaired', isDone, 3_000);
    await engine.stop();
  });
});
