import { expect, it } from 'vitest';
import { journalLogger, logJsonEvents } from '../../../src/service/daemon/journal.js';
import { failedUnit } from '../../../src/testing/index.js';
import { benchOf } from '../../make-engine.js';

it('the logger of the daemon starts each line with its priority in the journal, and not elsewhere', () => {
  const lines: string[] = [];
  for (const toJournal of [true, false]) {
    const logger = journalLogger((line) => lines.push(line), toJournal);
    logger.debug('d');
    logger.info('two\nlines');
    logger.warn('w');
    logger.error('e');
  }
  expect(lines).toEqual(['<7>d', '<6>two\\nlines', '<4>w', '<3>e', 'd', 'two\\nlines', 'w', 'e']);
});

it('the daemon logs each event as a line of JSON', async () => {
  const bench = benchOf({ units: [failedUnit({ name: 'nginx' })] }, { services: ['nginx'] });
  const lines: string[] = [];
  logJsonEvents(
    bench.engine,
    journalLogger((line) => lines.push(line), false),
  );
  await bench.done(bench.engine.detectAndHeal());
  const records = lines.map((line) => JSON.parse(line.replace(/^event /, '')) as { event: string });
  expect(records.map(({ event }) => event)).toEqual(['issue:opened', 'heal:done']);
  expect(records[0]).toMatchObject({ component: 'nginx', severity: 3 });
  expect(records[1]).toMatchObject({ component: 'nginx', action: 'restart_service', attempts: 1 });
  await bench.engine.close();
});
