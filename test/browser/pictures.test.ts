import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { main } from '../../examples/demo/demo.js';
import { missing, useBrowser } from './chromium.js';

const FOLDER = join(import.meta.dirname, '../../docs/images');
/** Folder in which screenshots of whole pages are kept for inspection. */
const FULL = process.env['FULL'];
/** Time until the demo has something to show in every section. */
const SHOW_MS = 100_000;
const LOOKS = [
  { name: 'dashboard-light', colorScheme: 'light', viewport: { width: 1280, height: 1440 } },
  { name: 'dashboard-dark', colorScheme: 'dark', viewport: { width: 1280, height: 1440 } },
  { name: 'dashboard-narrow', colorScheme: 'light', viewport: { width: 360, height: 760 } },
] as const;

/** Takes the pictures of the documentation from the demo: `PICTURES=1 npm run test:browser -- pictures`. */
test.runIf(process.env['PICTURES'] === '1' && missing === undefined)(
  'the pictures of the documentation are taken',
  { timeout: 2 * SHOW_MS },
  async () => {
    mkdirSync(FOLDER, { recursive: true });
    vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const stop = new AbortController();
    // Taking the pictures keeps the machine busy.
    const thresholds = { cpuPercent: 100, loadAverage: 64 };
    const running = main({ signal: stop.signal, ports: [0, 0], thresholds });
    try {
      const said = (): string => vi.mocked(console.log).mock.calls.flat().join(' ');
      await vi.waitFor(() => expect(said()).toContain('#token='), 30_000);
      const [address = ''] = /http:\S+#token=\S+/.exec(said()) ?? [];
      for (const { name, ...look } of LOOKS) {
        const { page, close } = await open({ ...look, deviceScaleFactor: 1 });
        await page.goto(address);
        await page.getByText('live', { exact: true }).waitFor();
        if (name === LOOKS[0].name) {
          if (FULL) await page.screenshot({ path: `${FULL}-well.png`, fullPage: true });
          await page.waitForTimeout(SHOW_MS);
        }
        await page.waitForTimeout(1_500);
        await page.screenshot({ path: join(FOLDER, `${name}.png`) });
        if (process.env['FULL'])
          await page.screenshot({ path: `${process.env['FULL']}-${name}.png`, fullPage: true });
        await close();
      }
    } finally {
      stop.abort();
      await running;
    }
  },
);
const open = useBrowser();
