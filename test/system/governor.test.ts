import type { GuardState } from '@luminous-nix/self-healing/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineService } from './chaos/engine-service.js';
import { describeOnHost } from './lab.js';

const STATE = '/var/lib/chaos/state.json';
const CPU = '/sys/devices/system/cpu';

/** Virtual machines have no cpufreq: its files, as on a laptop, are placed where they would be. */
describeOnHost('the CPU frequency governor changed by a repair', (lab) => {
  const engines: EngineService[] = [];
  const shell = async (script: string) => (await lab.host.run(['sh', '-ec', script])).stdout.trim();

  beforeEach(async () => {
    await shell(`mount -t tmpfs none ${CPU}`);
    for (const [policy, governor] of [
      ['policy0', 'powersave'],
      ['policy4', 'schedutil'],
    ] as const) {
      const folder = `${CPU}/cpufreq/${policy}`;
      await shell(
        `mkdir -p ${folder}; cd ${folder}; echo ${governor} > scaling_governor; echo performance powersave schedutil > scaling_available_governors; echo 800000 > scaling_cur_freq`,
      );
    }
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.kill();
    await shell(`umount ${CPU}; rm -rf /var/lib/chaos`);
  });

  const governors = () => shell(`grep -h . ${CPU}/cpufreq/*/scaling_governor`);
  const remembered = async () => (JSON.parse(await lab.host.readFile(STATE)) as GuardState).undo ?? [];

  /** Engine whose CPU reading is bad, or ok, whatever it does. */
  async function install(cpu: 'busy' | 'well'): Promise<EngineService> {
    const engine = new EngineService(lab.host, 'one');
    engines.push(engine);
    await engine.install({
      interval: 0.2,
      options: {
        enabledChecks: ['cpu'],
        thresholds: { cpuPercent: cpu === 'busy' ? 0 : 100 },
        guards: { lasting: { cpu: 1 }, settleMs: { cpu: 100 }, backoff: { resetAfterMs: 1_000 } },
        state: STATE,
      },
    });
    return engine;
  }
  const isSet = () =>
    lab.host.waitFor(
      'both policies to be set',
      async () => (await governors()) === 'performance\nperformance',
    );
  const isBack = () =>
    lab.host.waitFor('both policies to be back', async () => (await governors()) === 'powersave\nschedutil');

  test('is restored for each policy when the engine stops', async () => {
    const engine = await install('busy');
    await engine.start();
    await isSet();
    expect(await remembered()).toMatchObject([
      { component: 'cpu', parameters: { governors: { policy0: 'powersave', policy4: 'schedutil' } } },
    ]);
    await lab.host.systemctl('stop', engine.name);
    expect(await governors()).toBe('powersave\nschedutil');
    expect(await remembered()).toEqual([]);
  });

  test('stays recorded after a kill -9 of the engine, and is restored once the CPU has been ok long enough', async () => {
    const engine = await install('busy');
    await engine.start();
    await isSet();
    await engine.kill();
    expect(await governors()).toBe('performance\nperformance');
    expect(await remembered()).toHaveLength(1);

    const next = await install('well');
    await next.start();
    await isBack();
    await lab.host.waitFor('it to be off the record', async () => (await remembered()).length === 0);
  });
});
