import { expect, it } from 'vitest';
import { unknown } from '../../../src/model/reading.js';
import { statusLine } from '../../../src/service/text/status-line.js';
import { failedUnit } from '../../../src/testing/index.js';
import { benchOf } from '../../make-engine.js';

it('the status line has the state of the engine in one line', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const bench = benchOf(
    { units: names.map((name) => failedUnit({ name })) },
    { enabledChecks: ['services'] },
  );
  const line = () => statusLine(bench.engine.status());
  expect(line()).toBe('Not checked yet');
  await bench.engine.pause('I look myself');
  await bench.done(bench.engine.detectAndHeal());
  expect(line()).toBe('Issues with 7 components: a, b, c, d, e and 2 more; paused: I look myself');
  await bench.engine.close();
});

it('the status line names the listed components that cannot be read', async () => {
  const bench = benchOf({ units: unknown('no systemd') }, { services: ['nginx'] });
  await bench.done(bench.engine.detectAndHeal());
  expect(statusLine(bench.engine.status())).toContain('; cannot read services');
  await bench.engine.close();
});

it('the status line counts the healthy components, and shows a dry run', async () => {
  const bench = benchOf({}, { enabledChecks: ['memory', 'cpu', 'load'], dryRun: true });
  await bench.done(bench.engine.detectAndHeal());
  expect(statusLine(bench.engine.status())).toMatch(/^All healthy: 3 components.*; dry run$/);
  await bench.engine.close();
});
