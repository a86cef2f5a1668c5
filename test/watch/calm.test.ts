import { describe, expect, it } from 'vitest';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { memoryReading } from '../../src/testing/index.js';
import { fakeClock, fakeExecutor } from '../../src/testing/index.js';
import { GAUGE_CHECKS, liveHost } from '../make-live.js';

function calmEngine() {
  const live = liveHost();
  const clock = fakeClock();
  const options = { clock, dryRun: true, executor: fakeExecutor(), enabledChecks: GAUGE_CHECKS };
  const engine = new SimplifiedHealingEngine({ ...options, host: live.host });
  const cpu = () => engine.status().verdicts.find(({ component }) => component === 'cpu')?.value;
  return { engine, clock, cpu, ...live };
}

describe('an engine on a healthy host', () => {
  it('reports the readings of its last cycle, also after others read the host', async () => {
    const { engine, cpu, now } = calmEngine();
    await engine.detectAndHeal();
    now.cpu = { percent: 20, cpus: 4 };
    await engine.detectAndHeal();
    now.cpu = { percent: 30, cpus: 4 };
    await engine.detector.inspect();
    expect(cpu()).toBe(20);
    await engine.detectAndHeal();
    expect(cpu()).toBe(30);
    expect(engine.status().cycles).toEqual({ done: 3, failed: 0 });
    await engine.close();
  });

  it('still reports the previous cycle while one with an issue is being processed', async () => {
    const { engine, cpu, now } = calmEngine();
    await engine.detectAndHeal();
    await engine.detectAndHeal();
    now.cpu = { percent: 99, cpus: 4 };
    const finding = engine.detectAndHeal();
    expect(cpu()).toBe(5);
    expect(await finding).toMatchObject([{ issue: { component: 'cpu', metricValue: 99 } }]);
    expect(cpu()).toBe(99);
    await engine.close();
  });

  it('reads the host once per cycle, also with an issue', async () => {
    const { engine, host, now } = calmEngine();
    await engine.detectAndHeal();
    await engine.detectAndHeal();
    const looks = now.looks;
    now.memory = memoryReading(99);
    host.set({ memory: memoryReading(99) });
    const requests = host.requests.length;
    engine.healingEnabled = false;
    expect(await engine.detectAndHeal()).toHaveLength(1);
    expect(now.looks - looks).toBe(1);
    expect(host.requests.length).toBe(requests);
    await engine.close();
  });

  it('continues with a detector that replaced another one', async () => {
    const { engine, cpu } = calmEngine();
    await engine.detectAndHeal();
    const { host, now } = liveHost({ cpu: { percent: 44, cpus: 4 } });
    const other = new SimplifiedHealingEngine({ host, dryRun: true, enabledChecks: GAUGE_CHECKS });
    engine.detector = other.detector;
    await engine.detectAndHeal();
    expect(cpu()).toBe(44);
    expect(now.looks).toBeGreaterThan(0);
    await engine.close();
    await other.close();
  });
});
