import { setTimeout as sleep } from 'node:timers/promises';
import { createSelfHealingEngine, SimpleDetector } from '../dist/index.js';
import { CHECKS, HEALTHY, TROUBLED } from './checks.mjs';

/** A detector that has had the two readings which CPU use needs, and the verdicts of a third. */
export async function readyDetector() {
  const detector = new SimpleDetector({ enabledChecks: CHECKS, thresholds: HEALTHY });
  return { detector, verdicts: await thirdLook(detector) };
}

/** An engine that only plans, on this very host. */
export async function readyEngine({ troubled = false } = {}) {
  const thresholds = troubled ? TROUBLED : HEALTHY;
  const engine = createSelfHealingEngine({ dryRun: true, enabledChecks: CHECKS, thresholds });
  await thirdLook(engine.detector);
  return { engine, results: await engine.detectAndHeal() };
}

async function thirdLook(detector) {
  await detector.inspect();
  await sleep(250);
  await detector.inspect();
  await sleep(250);
  const verdicts = await detector.inspect();
  const blind = verdicts.filter(({ status }) => status === 'unknown');
  // A reading that failed is fast, and would be taken for a detection.
  if (blind.length > 0)
    throw new Error(`Not read: ${blind.map(({ component, reason }) => `${component}: ${reason}`)}`);
  return verdicts;
}
