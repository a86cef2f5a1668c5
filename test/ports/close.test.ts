import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SimplifiedHealingEngine } from '../../src/engine.js';
import { fakeExecutor, fakeHost, unitReading } from '../../src/testing/index.js';

const COUNT = Number(process.env['CLOSE_MOMENTS'] ?? 50);
const SEED = Number(process.env['CLOSE_SEED'] ?? 1);

/** A small generator of numbers from 0 up to 1, the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

const descriptors = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

it('leaves no lock and no descriptor when it is closed at any moment of a look, and the next engine acts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'close-'));
  const state = join(folder, 'state.json');
  const random = numbers(SEED);
  const make = () =>
    new SimplifiedHealingEngine({
      ...{
        host: fakeHost({ units: [unitReading({ name: 'nginx.service', activeState: 'failed' })] }),
        state,
      },
      executor: fakeExecutor(),
    });
  try {
    await make().close();
    let before = 0;
    for (let moment = 0; moment < COUNT; moment += 1) {
      const engine = make();
      const look = engine.detectAndHeal().catch(() => undefined);
      for (let turns = Math.floor(random() * 40); turns > 0; turns -= 1) await turn();
      await engine.close();
      await look;
      expect(readdirSync(folder).filter((name) => name.includes('lock'))).toEqual([]);
      if (moment === 0) before = descriptors();
    }
    expect(descriptors()).toBeLessThanOrEqual(before);
    const next = make();
    await next.pause('the next engine writes');
    expect(next.status().lockedBy).toBeUndefined();
    await next.close();
    expect(readdirSync(folder).filter((name) => name.includes('lock'))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
