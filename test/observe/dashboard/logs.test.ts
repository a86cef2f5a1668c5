import { afterEach, describe, expect, test } from 'vitest';
import { MetricsServer } from '../../../src/index.js';
import { SimpleDashboard } from '../../../src/observe/dashboard/index.js';
import { logJsonEvents, journalLogger } from '../../../src/service/daemon/journal.js';
import { failedUnit } from '../../../src/testing/index.js';
import { benchOf, type Bench } from '../../make-engine.js';

const TOKEN = 'sixteen-characters-and-more';
const SECRET = 'DB_PASSWORD=hunter2';
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Case {
  readonly name: string;
  readonly bench: () => Bench;
}

const logs = { 'nginx.service': ['nginx[1]: starting', `nginx[1]: ${SECRET}`, `\u001b[1m${SECRET}`] };
const units = [failedUnit({ name: 'nginx' })];
/** Errors of failed steps whose program printed the secret. */
const failing = (error: string) => ({
  execute: () => Promise.resolve({ outcome: 'failed', error, steps: [] } as never),
});

const CASES: readonly Case[] = [
  { name: 'the log of a failed service', bench: () => benchOf({ units, logs }, { dryRun: true }) },
  {
    name: 'the log of a service whose restart did not help',
    bench: () => benchOf({ units, logs }, { services: ['nginx'] }),
  },
  ...[
    `\`systemd-run --wait switch\` exited with 4: activating\n${SECRET}`,
    `\`systemctl start -- nginx.service\` was ended by SIGTERM: ${SECRET}`,
    `\`systemctl start -- nginx.service\` exited with 1: ${SECRET}; the steps before it were undone`,
  ].map((error) => ({
    name: `the output of a command: ${error.slice(0, 30)}`,
    bench: () => {
      const bench = benchOf({ units, logs }, { services: ['nginx'] });
      Object.assign(bench.executor, failing(error));
      return bench;
    },
  })),
  {
    name: 'lines that a check marks as such',
    bench: () =>
      benchOf(
        {},
        {
          checks: [
            {
              name: 'shop',
              component: 'shop',
              type: 'service',
              run: () => ({
                status: 'bad',
                reason: 'It is closed',
                evidence: ['its state', SECRET],
                log: [SECRET],
              }),
            },
          ],
        },
      ),
  },
];

/** Returns every response of a server, with and without the headers of a proxy, a page and a scraper. */
async function allAnswers(url: string, paths: readonly string[], headers = {}): Promise<string> {
  const answers = paths.flatMap((path) =>
    ['GET', 'POST', 'HEAD'].map(async (method) => {
      const stop = new AbortController();
      const response = await fetch(`${url}${path}`, { method, headers, signal: stop.signal });
      const head = JSON.stringify([...response.headers]);
      if (path !== '/api/events' || method !== 'GET' || !response.ok) return head + (await response.text());
      // The stream does not end: it starts with the history and a whole view.
      let text = '';
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += Buffer.from(chunk).toString();
        if (text.includes('event: view')) break;
      }
      stop.abort();
      return head + text;
    }),
  );
  return (await Promise.all(answers)).join('\n');
}

const PATHS = ['/', '/page.js', '/api/view', '/api/events', '/api/explain', '/api/status', '/api/approve'];
const METRICS_PATHS = ['/', '/metrics', '/metrics?format=openmetrics', '/health', '/explain'];

describe.each(CASES)('$name', ({ bench }) => {
  async function open(token?: string) {
    const { engine, done, logger } = bench();
    const dashboard = new SimpleDashboard(engine, { token });
    const metrics = new MetricsServer({ healingEngine: engine, port: 0 });
    ends.push(
      () => engine.close(),
      () => dashboard.stop(),
      () => metrics.stop(),
    );
    const lines: string[] = [];
    logJsonEvents(
      engine,
      journalLogger((line) => lines.push(line), true),
    );
    await done(engine.detectAndHeal());
    const [shown, scraped] = await Promise.all([dashboard.start(0), metrics.start()]);
    return { engine, shown, scraped, lines: [...lines, ...logger.lines.map(({ message }) => message)] };
  }

  test('is at no address of a dashboard without a token, nor of the metrics', async () => {
    const { engine, shown, scraped, lines } = await open();
    expect(JSON.stringify(engine.status()) + JSON.stringify(engine.explain())).toContain(SECRET);
    const seen = await allAnswers(shown.url, PATHS);
    expect(seen).not.toContain('hunter2');
    expect(seen).toMatch(/"status":"(bad|failed)"|"component":"(nginx|shop)"/);
    expect(await allAnswers(scraped.url, METRICS_PATHS)).not.toContain('hunter2');
    // The output of an action is in the journal, which the reader of the engine may read; lines of other journals are
    // not.
    expect(
      lines.filter(
        (line) => line.includes('hunter2') && !line.includes('exited with') && !line.includes('was ended'),
      ),
    ).toEqual([]);
  });

  test('is shown to visitors with the token', async () => {
    const { shown } = await open(TOKEN);
    expect(await allAnswers(shown.url, PATHS)).not.toContain('hunter2');
    const seen = await allAnswers(shown.url, PATHS, { authorization: `Bearer ${TOKEN}` });
    expect(seen).toContain(SECRET);
  });
});

test('omitted log lines are counted, and the state of the unit remains', async () => {
  const { engine, done } = benchOf({ units, logs }, { dryRun: true });
  const dashboard = new SimpleDashboard(engine);
  ends.push(
    () => engine.close(),
    () => dashboard.stop(),
  );
  await done(engine.detectAndHeal());
  const { url } = await dashboard.start(0);
  const { issues } = (await (await fetch(`${url}/api/view`)).json()) as {
    issues: { evidence: string[]; hiddenLines: number; text: string }[];
  };
  expect(issues[0]).toMatchObject({
    hiddenLines: 3,
    evidence: [expect.stringContaining('ActiveState=failed'), expect.anything()],
  });
  expect(issues[0]?.text).toContain('ActiveState=failed');
});
