import { expect, test } from 'vitest';
import { runProgram } from './run-program.js';

// The output with 60 failed units is covered by test/service/text/sixty-units.test.ts: this machine may have none.
test('`npm start` prints the state of this machine on at most two screens, and ends with status 0', async () => {
  const { status, output } = await runProgram(['npm', 'start', '--silent']);
  expect(status, output).toBe(0);
  expect(output).toContain('Luminous self-healing: a dry run on this host. Nothing is changed.');
  const lines = output.slice(output.indexOf('Luminous self-healing:')).trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(48);
});
