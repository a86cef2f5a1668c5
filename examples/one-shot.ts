import { quickHeal, type HealingOptions, type HealingResult } from '@luminous-nix/self-healing';

/** Runs one cycle on this host, and prints what would be done about each issue. Nothing is changed. */
export async function main(options: HealingOptions = {}): Promise<readonly HealingResult[]> {
  // A dry run, because that is the default of `quickHeal`; `{ dryRun: false }` acts.
  const results = await quickHeal(options);
  if (results.length === 0) console.log('No issues found.');
  for (const result of results) {
    console.log(`${result.issue.component}: ${result.issue.description}`);
    if (result.outcome === 'planned') console.log(`  would do ${result.actionTaken}: ${result.plan.effect}`);
    else console.log(`  ${result.outcome}: ${result.error ?? result.actionTaken}`);
  }
  return results;
}

if (process.argv[1] === import.meta.filename) await main();
