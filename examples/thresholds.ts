import { createSelfHealingEngine, isSelfHealingError, type Thresholds } from '@luminous-nix/self-healing';

/** Tunes the thresholds above which an issue is raised, and shows that an invalid value is refused at once. */
export function main(): { readonly thresholds: Thresholds; readonly refusals: readonly string[] } {
  const { detector } = createSelfHealingEngine({ thresholds: { cpuPercent: 95 } });

  // The whole object at once: a key that is left out falls back to its default, so `cpuPercent` is 80 again.
  detector.thresholds = { memoryPercent: 90, diskPercent: 95 };
  // One key: the others stay as they are.
  detector.thresholds.loadAverage = 16;

  const mistakes = [
    () => (detector.thresholds.cpuPercent = Number.NaN),
    () => (detector.thresholds.diskPercent = 120),
    // The compiler would refuse this one as well; a configuration file is read without a compiler.
    () => (detector.thresholds = JSON.parse('{ "cpu_percent": 80 }') as Partial<Thresholds>),
  ];
  const refusals = mistakes.map(refusalOf);
  for (const refusal of refusals) console.log(`refused: ${refusal}`);

  const thresholds = { ...detector.thresholds };
  console.log(thresholds);
  return { thresholds, refusals };
}

function refusalOf(mistake: () => unknown): string {
  try {
    mistake();
    return 'nothing: this was no mistake';
  } catch (error) {
    if (isSelfHealingError(error)) return error.message;
    throw error;
  }
}

if (process.argv[1] === import.meta.filename) main();
