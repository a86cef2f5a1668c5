import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { missing, useBrowser } from './chromium.js';
import { openHouse, TOKEN } from './house.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LOOKS = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1440, height: 900 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1440, height: 900 } },
  { name: 'narrow', colorScheme: 'light', viewport: { width: 360, height: 740 } },
  { name: 'narrow and dark', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
  { name: '4K', colorScheme: 'light', viewport: { width: 3840, height: 2160 } },
] as const;

/** Returns the violations that axe-core finds, one line each. */
async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (options) =>
      (globalThis as unknown as { axe: { run: (options: RunOptions) => Promise<AxeResults> } }).axe.run(
        options,
      ),
    { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

describe.skipIf(missing !== undefined)('the dashboard', () => {
  const open = useBrowser();

  test.each(LOOKS)(
    'has no accessibility violation, and never scrolls sideways: $name',
    async ({ colorScheme, viewport }) => {
      const { worker, url } = await openHouse({
        asks: true,
        dashboard: { token: TOKEN, controls: true },
        verdicts: {
          queue: {
            status: 'bad',
            reason: 'The queue is long',
            value: 9,
            threshold: 5,
            evidence: ['a line', 'another'],
          },
          'a-name-that-is-so-long-that-it-fits-into-no-column-of-any-page/at-all': {
            status: 'unknown',
            reason: 'No answer',
          },
        },
      });
      const { page, close } = await open({ colorScheme, viewport, reducedMotion: 'reduce' });
      await page.goto(`${url}/#token=${TOKEN}`);
      process.kill(worker.pid!, 'SIGKILL');
      await page.getByRole('button', { name: /^Approve/ }).waitFor();
      for (const summary of await page.locator('main summary').all()) await summary.click();
      expect(await barriers(page)).toEqual([]);
      expect(
        await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
      ).toBeLessThanOrEqual(0);
      await close();
    },
  );

  test('has no accessibility violation while it requests the token', async () => {
    const { url } = await openHouse({ dashboard: { token: TOKEN } });
    const { page, close } = await open();
    await page.goto(url);
    await page.getByRole('textbox', { name: 'Token' }).waitFor();
    expect(await barriers(page)).toEqual([]);
    await close();
  });

  test('is usable by keyboard: first the skip link, then in reading order', async () => {
    const { url } = await openHouse();
    const { page, close } = await open();
    await page.goto(url);
    await page.getByText('live', { exact: true }).waitFor();
    await page.keyboard.press('Tab');
    const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent');
    expect(await focused()).toBe('Skip to main content');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Theme: system');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Theme: light');
    await close();
  });

  test('has no animation for readers who prefer reduced motion', async () => {
    const { url } = await openHouse();
    const { page, close } = await open({ reducedMotion: 'reduce' });
    await page.goto(url);
    await page.getByText('live', { exact: true }).waitFor();
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);
    await close();
  });
});
