import type { GuardState } from '@luminous-nix/self-healing/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { EngineService, type EngineSetup, type Told } from './chaos/engine-service.js';
import { startsSince } from './chaos/journal.js';
import { describeOnHost } from './lab.js';

const STATE = '/var/lib/chaos/state.json';

/** Shortens the settle time from 3 s to 0.3 s, and the first backoff. */
const GUARDS = { settleMs: { service: 300 }, backoff: { firstMs: 100, maxMs: 200 } };

const isAbout =
  (event: string, component: string) =>
  (told: readonly Told[]): boolean =>
    told.some((line) => line.event === event && line.component === component);

describeOnHost('the state of an engine on a real host', (lab) => {
  const engines: EngineService[] = [];

  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.kill();
    await lab.host.run(['sh', '-c', 'rm -rf /var/lib/chaos; systemctl reset-failed; systemctl start nginx']);
  });

  /** Engine that is not started yet. */
  async function install(
    services: readonly string[],
    { state = STATE, guards = GUARDS, name = 'one', interval = 0.2, ...rest }: Partial<Wishes> = {},
  ): Promise<EngineService> {
    const engine = new EngineService(lab.host, name);
    engines.push(engine);
    const options = { services, enabledChecks: ['services', 'disk'], guards, state };
    await engine.install({ interval, options, ...rest });
    return engine;
  }

  const remembered = async (path = STATE) => JSON.parse(await lab.host.readFile(path)) as GuardState;
  /** Returns the repairs of a service, which must not be running when one starts. */
  const starts = async (engine: EngineService, service: string) =>
    (await engine.called()).filter((call) => call.verb === 'start' && call.service === service);
  const failing = () => lab.service('bad', `ExecStart=sh -c 'exit 1'`);

  /** Kills a service, and the engine half a second into its restart, with the intent on disk. */
  async function killInMidRestart(engine: EngineService, service: string): Promise<void> {
    await lab.host.systemctl('kill', '--signal=KILL', service);
    await engine.until('the restart to be begun', isAbout('started', service));
    await sleep(500);
    await engine.kill();
    expect(await lab.show('ActiveState', service)).toBe('activating');
    expect((await remembered()).intents).toMatchObject([{ component: service, action: 'restart_service' }]);
  }

  const INTERRUPTED = /the engine was interrupted while `restart_service` was running/;
  const lineOn = (told: readonly Told[], words: RegExp) =>
    told.find(({ event, message = '' }) => event === 'log' && words.test(message));

  test('has a restart that survives a kill -9 of the engine, which is verified at its end and not repeated', async () => {
    const service = await lab.service('slow', 'ExecStartPre=sleep 2.5\nExecStart=sleep infinity');
    await lab.host.systemctl('start', service);
    const engine = await install([service]);
    await engine.start();
    const begun = Date.now();
    await killInMidRestart(engine, service);
    const [run] = await lab.runs(service);

    await engine.start();
    await engine.until(
      'the interrupted act to be written down',
      (told) => !!lineOn(told, INTERRUPTED),
      15_000,
    );
    await lab.until('active', service);
    await sleep(1_000);
    expect(await lab.runs(service)).toEqual([run]);
    expect(await starts(engine, service)).toHaveLength(1);
    const { acts, intents } = await remembered();
    expect(intents).toEqual([]);
    expect(acts).toMatchObject([
      { component: service, outcome: 'fixed', words: expect.stringMatching(INTERRUPTED) as string },
    ]);
    // The effect of a repair is unknown until it has ended.
    const up = (await startsSince(lab.host, begun)).find(
      (start) => start.service === service && start.kind === 'started',
    );
    expect(lineOn(await engine.told(), INTERRUPTED)!.at).toBeGreaterThanOrEqual(up!.at);
  });

  test('has a restart that fails after a kill -9 of the engine as failed, and it is not repeated at once', async () => {
    await lab.host.writeFile('/run/test-well', '');
    const service = await lab.service(
      'doomed',
      `ExecStartPre=sh -c 'sleep 2.5; test -e /run/test-well'\nExecStart=sleep infinity`,
    );
    await lab.host.systemctl('start', service);
    // The backoff is long enough to see that nothing happens during it.
    const engine = await install([service], {
      guards: { ...GUARDS, backoff: { firstMs: 60_000, maxMs: 60_000 } },
    });
    await engine.start();
    await lab.host.run(['rm', '/run/test-well']);
    await killInMidRestart(engine, service);

    await engine.start();
    await engine.until(
      'the interrupted act to be written down',
      (told) => !!lineOn(told, INTERRUPTED),
      15_000,
    );
    await lab.until('failed', service);
    await engine.until('the backoff to be reported', (told) =>
      told.some(({ component, blockedBy }) => component === service && blockedBy === 'backoff'),
    );
    const { acts, intents } = await remembered();
    expect(intents).toEqual([]);
    expect(acts.map(({ outcome }) => outcome)).toEqual(['failed']);
    expect(await starts(engine, service)).toHaveLength(1);
  });

  const disk = { path: '/srv/full', component: 'disk:/srv/full', folder: '/srv/full/cache' } as const;
  const onDisk = `${disk.path}/state/state.json`;
  const cleaning = { state: onDisk, clean: { [disk.component]: disk.folder } };

  /** Fills the small disk completely, and kills nginx. */
  async function fillAndKill(): Promise<void> {
    const fill = ['64k', '1k'].map(
      (size) => `dd if=/dev/zero of=${disk.folder}/by-${size} bs=${size} 2>/dev/null`,
    );
    const script = [...fill, `df --output=avail ${disk.path} | tail -1`, 'systemctl kill -s KILL nginx'].join(
      ';',
    );
    expect((await lab.host.run(['sh', '-c', script])).stdout.trim()).toBe('0');
  }

  test('blocks every repair that cannot be recorded on a full disk', async () => {
    await lab.host.mountSmallFileSystem(disk.path, 8);
    await lab.host.run(['mkdir', '-p', disk.folder]);
    const engine = await install(['nginx'], { state: onDisk });
    await engine.start();
    await fillAndKill();
    await engine.until('nginx to be left alone', isAbout('blocked', 'nginx'));
    await sleep(1_500);
    expect(await engine.called()).toEqual([]);
    expect(
      (await engine.told()).find(({ event, component }) => event === 'blocked' && component === 'nginx'),
    ).toMatchObject({
      blockedBy: 'unavailable',
      why: expect.stringMatching(/could not be recorded, so it is not carried out: ENOSPC/) as string,
    });

    await lab.host.run(['sh', '-c', `rm ${disk.folder}/*`]);
    await engine.until('nginx to be healed', isAbout('done', 'nginx'));
    expect((await remembered(onDisk)).acts).toMatchObject([{ component: 'nginx', outcome: 'fixed' }]);
  });

  test('does not block the cleaning of that disk, after which the rest is done and recorded', async () => {
    const engine = await install(['nginx'], cleaning);
    await engine.start();
    await fillAndKill();
    await engine.until('nginx to be healed', isAbout('done', 'nginx'));
    const done = (await engine.told())
      .filter(({ event }) => event === 'done')
      .map(({ component }) => component);
    expect(done).toEqual([disk.component, 'nginx']);
    expect((await remembered(onDisk)).acts.slice(-2)).toMatchObject([
      { component: disk.component, action: 'clean_folder', outcome: 'fixed' },
      { component: 'nginx', action: 'restart_service', outcome: 'fixed' },
    ]);
  });

  test('is complete for an engine that starts on a full disk, which cleans it', async () => {
    const acts = (await remembered(onDisk)).acts.length;
    expect(acts).toBeGreaterThan(0);
    const engine = await install(['nginx'], cleaning);
    await fillAndKill();
    await engine.start();
    await engine.until('nginx to be healed', isAbout('done', 'nginx'));
    expect((await remembered(onDisk)).acts).toHaveLength(acts + 2);
    expect(await remembered(onDisk)).toMatchObject({ cautious: false, intents: [] });
  });

  test.each([
    ['truncated', (text: string) => [text.slice(0, text.length / 2), 'root'] as const],
    ['garbage', () => ['\u0000\u0001 no state at all', 'root'] as const],
    ['of a later version', (text: string) => [text.replace('"version":2', '"version":99'), 'root'] as const],
    ['owned by another user', (text: string) => [text, 'nobody'] as const],
  ])('is set aside if it is %s, and makes the engine cautious', async (_, damage) => {
    const service = await failing();
    await lab.start(service);
    await lab.until('failed', service);
    const engine = await install([service]);
    await engine.start();
    // As many attempts as usual if nothing was lost.
    await engine.until('the breaker to open', (told) =>
      told.some(({ blockedBy }) => blockedBy === 'breaker-open'),
    );
    await engine.stop();
    expect(await starts(engine, service)).toHaveLength(3);

    const [text, owner] = damage(await lab.host.readFile(STATE));
    await lab.host.writeFile(STATE, text);
    await lab.host.run(['chown', owner, STATE]);
    await engine.start();
    await engine.until('the breaker to open', (told) =>
      told
        .slice(told.findLastIndex(({ event }) => event === 'begun'))
        .some(({ blockedBy }) => blockedBy === 'breaker-open'),
    );
    expect(await starts(engine, service)).toHaveLength(4);

    const complaint = lineOn(
      await engine.told(),
      /cannot be used .*; it was set aside as .*\. What was done before is forgotten/,
    );
    expect(complaint).toMatchObject({ level: 'error' });
    const aside = /set aside as (\S+)\. /.exec(complaint?.message ?? '')?.[1] ?? '';
    expect(await lab.host.readFile(aside)).toBe(text);
    expect(await remembered()).toMatchObject({ cautious: true, acts: [{ component: service }] });
  });

  test('is used by the first of two engines; the second observes, reports that, and takes over when the first is gone', async () => {
    const [first, second] = [await install(['nginx']), await install(['nginx'], { name: 'two' })];
    await first.start();
    await second.start();
    const pid = await first.mainPid();
    const heldBy = new RegExp(`is held by another engine \\(process ${pid}\\): this one only observes`);
    expect(lineOn(await second.told(), heldBy)).toMatchObject({ level: 'warn' });

    const begun = Date.now();
    await lab.host.systemctl('kill', '--signal=KILL', 'nginx');
    await first.until('the first to heal', isAbout('done', 'nginx'));
    await sleep(1_000);
    expect([(await starts(first, 'nginx')).length, await second.called()]).toEqual([1, []]);
    expect((await startsSince(lab.host, begun)).filter(({ kind }) => kind === 'started')).toHaveLength(1);
    expect((await second.told()).find(isLocked)).toMatchObject({
      component: 'nginx',
      why: expect.stringMatching(heldBy) as string,
    });

    await first.kill();
    await lab.host.systemctl('kill', '--signal=KILL', 'nginx');
    await second.until('the second to heal', isAbout('done', 'nginx'));
    expect((await remembered()).acts).toMatchObject([{ outcome: 'fixed' }, { outcome: 'fixed' }]);

    await first.start();
    await lab.host.systemctl('kill', '--signal=KILL', 'nginx');
    await second.until(
      'the second to heal again',
      (told) => told.filter(({ event }) => event === 'done').length === 2,
    );
    expect(await starts(first, 'nginx')).toHaveLength(1);
  });

  const isLocked = ({ blockedBy }: Told): boolean => blockedBy === 'locked';

  test('can be used again by an engine whose lock was missing for a moment', async () => {
    const engine = await install(['nginx'], { interval: 2 });
    await engine.start();
    await lab.host.run(['mv', `${STATE}.lock`, `${STATE}.away`]);
    await lab.host.systemctl('kill', '--signal=KILL', 'nginx');
    await engine.until('the engine to miss its lock', (told) => told.some(isLocked));
    await lab.host.run(['mv', `${STATE}.away`, `${STATE}.lock`]);
    await engine.until('nginx to be healed', isAbout('done', 'nginx'));
  });

  test('keeps breaker and budget over a reboot, which is reported', async () => {
    const bad = await failing();
    const slow = await lab.service('slow', 'ExecStartPre=sleep 2\nExecStart=sleep infinity');
    await lab.host.systemctl('start', slow);
    await lab.start(bad);
    await lab.until('failed', bad);
    const guards = { ...GUARDS, budget: { componentPerHour: 3 } };
    const engine = await install([bad, slow, 'nginx'], { guards });
    await engine.start();
    const isBlocked = (component: string, blockedBy: string) => (told: readonly Told[]) =>
      told.some((line) => line.component === component && line.blockedBy === blockedBy);
    await engine.until('the breaker to open', isBlocked(bad, 'breaker-open'));
    for (let healed = 1; healed <= 3; healed += 1) {
      await lab.host.systemctl('kill', '--signal=KILL', 'nginx');
      const done = (told: readonly Told[]) =>
        told.filter((line) => line.event === 'done' && line.component === 'nginx');
      await engine.until('nginx to be healed', (told) => done(told).length === healed);
      await engine.until('nginx to be well', (told) => told.at(-1)?.event === 'sample');
    }
    await killInMidRestart(engine, slow);
    const before = await remembered();
    const calls = (await engine.called()).length;

    await lab.host.reboot();
    await lab.until('active', slow);
    await engine.start();
    const since = (await engine.told()).findLastIndex(({ event }) => event === 'begun');
    const now = async () => (await engine.told()).slice(since);
    const told = /the host was restarted while `restart_service` was running; read again, it is healthy/;
    await engine.until('the reboot to be reported', (lines) => !!lineOn(lines.slice(since), told));
    await lab.host.systemctl('kill', '--signal=KILL', 'nginx');
    await engine.until('the budget to be reported', (lines) =>
      isBlocked('nginx', 'budget')(lines.slice(since)),
    );
    expect(isBlocked(bad, 'breaker-open')(await now())).toBe(true);
    expect((await engine.called()).length).toBe(calls);
    const after = await remembered();
    expect(after.acts.slice(0, before.acts.length)).toEqual(before.acts);
    expect(after.components[bad]).toMatchObject({ failures: 3, openings: before.components[bad]!.openings });
  });
});

interface Wishes extends Pick<EngineSetup, 'interval' | 'clean'> {
  readonly state: string;
  readonly guards: EngineSetup['options']['guards'];
  readonly name: string;
}
