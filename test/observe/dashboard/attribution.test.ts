import { expect, onTestFinished, test } from 'vitest';
import { SimpleDashboard } from '../../../src/observe/dashboard/index.js';
import { memoryStore } from '../../../src/memory/store.js';
import { failedUnit } from '../../../src/testing/index.js';
import { benchOf } from '../../make-engine.js';

const TOKEN = 'sixteen-characters-and-more';

test('the author of a command on the page is in the state, in the log and on the page', async () => {
  const state = memoryStore();
  const bench = benchOf(
    { units: [failedUnit({ name: 'nginx' }), failedUnit({ name: 'redis' })] },
    { state, services: ['nginx', 'redis'], fake: { plan: () => ({ approval: 'A person has to decide' }) } },
  );
  const { engine, done, logger } = bench;
  const dashboard = new SimpleDashboard(engine, {
    ...{ token: TOKEN, controls: true, publicUrl: 'https://ops.example.org/healing/' },
  });
  onTestFinished(async () => {
    await dashboard.stop();
    await engine.close();
  });
  const { url } = await dashboard.start(0);
  await done(engine.detectAndHeal());
  const [first, second] = engine.status().approvals;
  const headers = { 'x-luminous-token': TOKEN, 'content-type': 'application/json' };
  const say = async (word: string, body: object, from?: string): Promise<unknown> => {
    const forwarded = from === undefined ? {} : { 'x-forwarded-for': from };
    const answer = fetch(`${url}/api/${word}`, {
      ...{ method: 'POST', headers: { ...headers, ...forwarded }, body: JSON.stringify(body) },
    });
    return (await done(answer)).json();
  };
  await say('pause', { reason: 'backup' }, '203.0.113.9');
  // The refusal says that an approval would have no effect, and no command is recorded.
  expect(await say('approve', { id: first!.id })).toEqual({
    error: `\`${first!.id}\` was not approved, because repairs are paused (backup): resume them first`,
  });
  await say('resume', { reason: 'backup' });
  await say('reject', { id: second!.id }, '2001:db8::1');
  expect(await say('approve', { id: first!.id })).toMatchObject({ done: true, outcome: 'ineffective' });
  await say('reset', { component: 'nginx' });

  const given = [
    'pause backup: dashboard token, from 203.0.113.9 by a proxy',
    'resume backup: dashboard token, from 127.0.0.1',
    'reject restart_service for redis: dashboard token, from 2001:db8::1 by a proxy',
    'approve restart_service for nginx: dashboard token, from 127.0.0.1',
    'reset nginx: dashboard token, from 127.0.0.1',
  ];
  const lineOf = ({ command, of, by }: { command: string; of: string; by: string }): string =>
    `${command} ${of}: ${by}`;
  expect((await state.load())?.commands?.map(lineOf)).toEqual(given);
  const view = (await (await fetch(`${url}/api/view`, { headers })).json()) as { commands: never[] };
  expect(view.commands.map(lineOf).reverse()).toEqual(given);
  const logged = logger.lines.map(({ message }) => message).filter((line) => line.startsWith('Command of'));
  expect(logged).toEqual(
    given.map((line) => {
      const [, command, of, by] = /^(\w+) (.*?): (.*)$/.exec(line)!;
      return `Command of ${by}: ${command}: ${of}`;
    }),
  );
});
