import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { MetricsServer } from '../src/observe/metrics-server.js';
import { SimpleDashboard } from '../src/observe/dashboard/simple-dashboard.js';
import { labelValue } from '../src/observe/sight.js';
import { printable, printableData, printableJson, printableLines } from '../src/base/printable.js';
import { coloured, uncoloured } from '../src/service/text/paint.js';
import { lookAtThisHost } from '../src/service/look.js';
import { render } from '../src/service/control/render.js';
import { journalLogger, logJsonEvents } from '../src/service/daemon/journal.js';
import { systemdNotify } from '../src/service/daemon/notify.js';
import { statusLine } from '../src/service/text/status-line.js';
import { failedUnit, recordingLogger, type FakeHostParts } from '../src/testing/index.js';
import { mountReading } from '../src/testing/snapshot.js';
import { getPermissionStatus } from '../src/execute/permission-handler.js';
import { anyCharacter } from './any-character.js';
import { benchOf } from './make-engine.js';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/**
 * Matches every character that could move a cursor, start a line, or change the text direction; independent of the code
 * under test.
 */
const DANGEROUS =
  // eslint-disable-next-line no-control-regex
  /[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u;
const ALONE = /\p{Cs}/u;

/** Kinds of attack, each with its effect on an unescaped output. */
const ATTACKS = [
  '\u001b[2J\u001b[H', // clears a terminal
  '\u001b]0;root\u0007', // renames the window
  '\u009b31m', // the same in one C1 character
  '\nrestart_service for ssh: fixed', // a forged line
  '\r\u001b[Kall is well', // overwrites the line
  '\u2028event {"event":"heal:done"}',
  '\u2029',
  '\u0085',
  '\u202egnp.exe\u202c', // reverses the following text
  '\u2066x\u2069',
  '\u061c\u200f',
  '\u0000',
  '\ud800', // half of a character
  '\u{e0041}', // invisible
  '<img src=x onerror=alert(1)>',
  '"} 1\nforged_metric{x="',
];

const hostile = fc
  .array(fc.oneof(fc.constantFrom(...ATTACKS), fc.string({ unit: anyCharacter, maxLength: 8 })), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => `a${parts.join('')}b`);

const expectSafe = (text: string, lines = false): void => {
  expect(lines ? text.replaceAll('\n', '') : text).not.toMatch(DANGEROUS);
  expect(text).not.toMatch(ALONE);
};

describe('a printable text', () => {
  it('has no control, bidirectional or invisible character, for any input, and is idempotent', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = printable(text);
        expectSafe(shown);
        expect(printable(shown)).toBe(shown);
        expectSafe(printableLines(text), true);
        expectSafe(labelValue(text.repeat(20)));
        expectSafe(printableJson({ [text]: [text] }));
        expect(JSON.parse(printableJson({ [text]: [text] }, 2))).toEqual({ [text]: [text] });
        for (const one of Object.entries(printableData({ [text]: text })))
          one.forEach((part) => expectSafe(part));
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps the letters of every language, and joiners inside of words', () => {
    for (const text of ['größer', 'متجر', 'कर्म\u200dण', '日本', '👩‍👩‍👧', '✓ 12 °C'])
      expect(printable(text)).toBe(text);
  });

  it('shows an escape for each replaced character', () => {
    expect(printable('a\n\u001b[2Jb\u202e\u{e0041}')).toBe('a\\n\\u001b[2Jb\\u202e\\udb40\\udc41');
  });
});

/** Engine that has read hostile texts from every source: names of units, mounts and checks, reasons, errors, logs. */
async function engineAmong(text: string) {
  const parts: FakeHostParts = {
    mounts: [mountReading({ mountPoint: `/mnt/${text}`, percent: 99 })],
    units: [failedUnit({ name: 'nginx', description: text, result: text } as never)],
  };
  const bench = benchOf(parts, {
    verbose: true,
    checks: [
      {
        name: `check ${text}`,
        component: `part ${text}`,
        type: 'service',
        run: () => ({ status: 'bad', reason: text, evidence: [text] }) as never,
      },
      {
        name: `thrower ${text}`,
        component: `thrower ${text}`,
        type: 'system',
        run: () => Promise.reject(new Error(text)),
      },
    ],
    approve: () => Promise.reject(new Error(text)),
  });
  ends.push(() => bench.engine.close());
  return bench;
}

describe('a hostile text from any source', () => {
  const journal: string[] = [];
  const runs = { numRuns: 12, endOnFailure: true };

  it('is escaped in terminals, journal lines, server answers and labels', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const { engine, logger } = await engineAmong(text);
        const lines: string[] = [];
        const journalled = journalLogger((line) => lines.push(line), true);
        logJsonEvents(engine, journalled);
        for (const name of ['issue:opened', 'heal:done', 'heal:blocked', 'cycle:failed'] as const)
          engine.on(name, (event) => journalled.warn(`${name} ${JSON.stringify(event)} ${text}`));
        const results = await engine.detectAndHeal();
        expect(results.some(({ issue }) => issue.component.includes(text))).toBe(true);

        const status = engine.status();
        const explained = engine.explain();
        expect(explained.length).toBeGreaterThan(1);
        for (const one of explained) {
          expectSafe(one.text, true);
          // As many lines as without the hostile texts: none is forged.
          expect(
            one.text
              .split('\n')
              .slice(1)
              .every((line) => line.startsWith('  ')),
          ).toBe(true);
        }
        expectSafe(render('status', status, text, uncoloured), true);
        expectSafe(render('explain', explained, text, uncoloured), true);
        expectSafe(render('pause', { pauses: [{ reason: text } as never] }, text, uncoloured), true);
        expectSafe(render('reset', {}, text, uncoloured), true);
        const cycle = { timestamp: new Date(0), results, verdicts: status.verdicts, detectionMs: 1 } as never;
        const permissions = await getPermissionStatus();
        expectSafe(render('heal', { ...(cycle as object), permissions } as never, '', uncoloured), true);
        // eslint-disable-next-line no-control-regex
        const painted = render('status', status, text, coloured).replace(/\x1b\[\d+m/g, '');
        expectSafe(painted, true);
        for (const { message } of logger.lines) expectSafe(message);
        expect(lines.length).toBeGreaterThan(0);
        for (const line of lines) expectSafe(line);
        journal.push(...lines);

        const metrics = new MetricsServer({ healingEngine: engine, port: 0 });
        ends.push(() => metrics.stop());
        const dashboard = new SimpleDashboard(engine);
        ends.push(() => dashboard.stop());
        const [{ url: metricsUrl }, { url }] = await Promise.all([metrics.start(), dashboard.start(0)]);
        const exposed = await (await fetch(`${metricsUrl}/metrics`)).text();
        expectSafe(exposed, true);
        expect(exposed).not.toMatch(/^forged_metric/m);
        expectSafe((await (await fetch(`${metricsUrl}/health`)).text()).trimEnd());
        const index = await (await fetch(`${metricsUrl}/`)).text();
        expectSafe(index, true);
        expect(index).not.toContain('<img');
        expectSafe((await (await fetch(`${url}/api/view`)).text()).trimEnd());
        await Promise.all([metrics.stop(), dashboard.stop(), engine.close()]);
      }),
      runs,
    );
    expect(journal.every((line) => /^<[3467]>/.test(line))).toBe(true);
  });

  it('is escaped in the terminal by `npm start` and `luminous-healing look`, as a report and as JSON', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const { host } = await engineAmong(text);
        const checks = [
          {
            name: text,
            component: text,
            type: 'service',
            run: () => ({ status: 'bad', reason: text }),
          } as never,
        ];
        const options = { host, checks };
        expectSafe(await lookAtThisHost({ services: undefined, json: false }, options), true);
        expectSafe(await lookAtThisHost({ services: undefined, json: true }, options), true);
      }),
      { numRuns: 5 },
    );
  });

  it('is escaped in the status line of systemd, which `systemctl status` prints', () => {
    expectSafe(printable(statusLine({ ...EMPTY, pauses: [{ reason: ATTACKS.join('') }] } as never)));
    expect(systemdNotify({}, recordingLogger())).toBeTypeOf('function');
  });
});

const EMPTY = {
  ...{ issues: [], approvals: [], verdicts: [], lostReadings: [] },
  ...{ dryRun: false, storm: undefined, lockedBy: undefined, lastFailure: undefined, lastLook: undefined },
};
