import { parseArgs } from 'node:util';
import { createSelfHealingEngine, firstCycle } from '../create.js';
import { messageOf } from '../errors.js';
import type { CycleReport } from '../events.js';
import { getPermissionStatus } from '../execute/permission-handler.js';
import { coloured, uncoloured } from '../report/paint.js';
import { renderReport } from '../report/report.js';

const HELP = `Runs one dry run of the self-healing engine on this host, and shows what it read, what it found, what it
would do, and what stands in the way. It changes nothing.

  npm start                          for a person
  npm start -- --json                for a program
  npm start -- --services nginx,redis   watch these units, and treat them as allowed to be healed`;

/** The program behind `npm start`. */
async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' }, services: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  await using engine = createSelfHealingEngine({ dryRun: true, services: values.services?.split(',') });
  let report: CycleReport | undefined;
  engine.on('cycle:done', (cycle) => (report = cycle));
  await firstCycle(engine);
  const permissions = await getPermissionStatus();
  if (report === undefined) throw new Error('The cycle ended without a report');
  const paint = process.stdout.isTTY && !process.env.NO_COLOR ? coloured : uncoloured;
  const text = values.json
    ? JSON.stringify({ ...report, permissions }, undefined, 2)
    : renderReport(report, permissions, paint);
  console.log(text);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 2;
});
