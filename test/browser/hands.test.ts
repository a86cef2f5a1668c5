/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-argument --
   Callbacks that run in the page: the tests are compiled without the types of the DOM. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '@luminous-nix/self-healing';
import { missing, useBrowser } from './chromium.js';
import { openHouse, TOKEN } from './house.js';

const bad = (reason: string, value = 9): Verdict => ({ status: 'bad', reason, value, threshold: 5 });
const ok: Verdict = { status: 'ok', reason: 'The queue is short', value: 1, threshold: 5 };

/** Collects what the live region announces. */
const announced = async (page: Page): Promise<() => Promise<string[]>> => {
  await page.addInitScript(`
    globalThis.said = [];
    document.addEventListener('DOMContentLoaded', () => {
      const region = document.getElementById('announce');
      const options = { childList: true, characterData: true, subtree: true };
      new MutationObserver(() => said.push(region.textContent)).observe(region, options);
    });
  `);
  return () => page.evaluate<string[]>('said');
};

describe.skipIf(missing !== undefined)('the dashboard while it is being used', () => {
  const open = useBrowser();

  test('shows requests for approval first, announces them, and has them in the title', async () => {
    const { worker, url } = await openHouse({
      asks: true,
      dashboard: { token: TOKEN, controls: true },
      verdicts: { queue: bad('The queue is long') },
    });
    const { page, close } = await open();
    const said = await announced(page);
    await page.goto(`${url}/#token=${TOKEN}`);
    await page.getByRole('heading', { level: 1, name: '1 open issue: queue.' }).waitFor();
    process.kill(worker.pid!, 'SIGKILL');
    await page
      .getByRole('heading', { level: 1, name: 'A repair is awaiting your approval: worker.' })
      .waitFor();
    expect(await page.title()).toContain('A repair is awaiting your approval: worker.');
    expect((await said()).join(' | ')).toContain('Approval requested: restart_worker for worker.');
    const tops = await page
      .locator('#approvals, #banners, #issues, #readings')
      .evaluateAll((all) => all.map((one) => [one.id, one.getBoundingClientRect().top] as const));
    const byPlace = [...tops].sort((a, b) => a[1] - b[1]).map(([id]) => id);
    expect(byPlace[0]).toBe('approvals');
    await close();
  });

  test('keeps focus and scroll position when an issue above disappears', async () => {
    const verdicts: Record<string, Verdict> = {
      'a-first': bad('The first queue is long'),
      'b-second': {
        ...bad('The second queue is long'),
        evidence: Array.from({ length: 60 }, (_, line) => `line ${line}`),
      },
    };
    const { url } = await openHouse({ verdicts });
    const { page, close } = await open();
    await page.goto(url);
    const evidence = page.getByLabel('Evidence for service b-second');
    await evidence.focus();
    await evidence.evaluate((node) => node.scrollTo({ top: 200, behavior: 'instant' }));
    verdicts['a-first'] = ok;
    await page.locator('#issues article').nth(1).waitFor({ state: 'detached' });
    expect(await evidence.evaluate((node) => [node.matches(':focus'), node.scrollTop])).toEqual([true, 200]);
    await close();
  });

  test('keeps the focus on a button while a banner and an issue around it come and go', async () => {
    const verdicts: Record<string, Verdict> = { 'a-first': bad('The first queue is long') };
    const { worker, engine, url } = await openHouse({
      asks: true,
      dashboard: { token: TOKEN, controls: true },
      verdicts,
    });
    const { page, close } = await open();
    await page.goto(`${url}/#token=${TOKEN}`);
    process.kill(worker.pid!, 'SIGKILL');
    const reject = page.getByRole('button', { name: /^Reject restart_worker/ });
    await reject.focus();
    await engine.pause('a backup runs');
    await page.locator('.banner').waitFor();
    verdicts['a-first'] = ok;
    await page.locator('#issues article').nth(1).waitFor({ state: 'detached' });
    await engine.resume('a backup runs');
    await page.locator('.banner').waitFor({ state: 'detached' });
    expect(await reject.evaluate((node) => node.matches(':focus'))).toBe(true);
    await close();
  });

  test('answers a click beside the button, announces the answer, and keeps the focus near', async () => {
    const { worker, url } = await openHouse({ asks: true, dashboard: { token: TOKEN, controls: true } });
    const { page, close } = await open();
    const said = await announced(page);
    await page.goto(`${url}/#token=${TOKEN}`);
    process.kill(worker.pid!, 'SIGKILL');
    const reject = page.getByRole('button', { name: /^Reject restart_worker/ });
    await reject.focus();
    await page.keyboard.press('Enter');
    await page.locator('#approvals').getByText('Rejected: restart_worker for worker.').waitFor();
    await reject.waitFor({ state: 'detached' });
    expect((await said()).join(' | ')).toContain('Rejected: restart_worker for worker.');
    expect(await page.evaluate(`document.activeElement.closest('#approvals') !== null`)).toBe(true);
    await close();
  });

  test('shows why a click had no effect, beside the button', async () => {
    const { worker, url } = await openHouse({ asks: true, dashboard: { token: TOKEN, controls: true } });
    const { page, close } = await open();
    await page.route('**/api/approve', (route) => route.abort());
    await page.goto(`${url}/#token=${TOKEN}`);
    process.kill(worker.pid!, 'SIGKILL');
    await page.getByRole('button', { name: /^Approve/ }).click();
    await page.locator('#approvals .answer').getByText('The server did not answer.').waitFor();
    await close();
  });

  test('announces a pause by somebody else', async () => {
    const { engine, url } = await openHouse();
    const { page, close } = await open();
    const said = await announced(page);
    await page.goto(url);
    await page.getByText('live', { exact: true }).waitFor();
    await engine.pause('the database moves', { by: 'a colleague' });
    await page.locator('.banner').getByText('the database moves').waitFor();
    expect((await said()).join(' | ')).toMatch(/Paused\. For .*by a colleague.*the database moves/);
    await engine.resume('the database moves');
    await page.locator('.banner').waitFor({ state: 'detached' });
    expect((await said()).at(-1)).toBe('Repairs are no longer paused.');
    await close();
  });

  test('gives each control a unique name', async () => {
    const verdicts = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`queue-${index}`, bad(`${index} ${'long '.repeat(100)}`)]),
    );
    const { url } = await openHouse({ verdicts, dashboard: { token: TOKEN, controls: true } });
    const { page, close } = await open();
    await page.goto(`${url}/#token=${TOKEN}`);
    await page.locator('#issues article').nth(9).waitFor();
    const names = await page
      .locator('main button, main summary, main [tabindex="0"]')
      .evaluateAll((all) =>
        all
          .filter((one) => one.checkVisibility())
          .map((one) => one.getAttribute('aria-label') ?? one.textContent ?? ''),
      );
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    await close();
  });

  test('isolates names from the text direction of the sentence, and shortens long ones in the headline', async () => {
    const hebrew = 'שירות-תור';
    const long = `disk:/${'very-long-directory/'.repeat(30)}end`;
    const { url } = await openHouse({ verdicts: { [hebrew]: bad('is long'), [long]: bad('is long') } });
    const { page, close } = await open();
    await page.goto(url);
    await page.getByRole('heading', { level: 1, name: /^2 open issues/ }).waitFor();
    const names = page.locator('#sentence bdi');
    expect(await names.allInnerTexts()).toContain(hebrew);
    const shortened = names.filter({ hasText: '…' });
    expect((await shortened.innerText()).length).toBeLessThan(45);
    expect(await shortened.getAttribute('title')).toBe(long);
    expect((await page.title()).length).toBeLessThan(160);
    await close();
  });

  test('limits what is shown: a reason of 20 kB, 60 issues, 80 readings', async () => {
    const verdicts = Object.fromEntries(
      Array.from({ length: 80 }, (_, index) => {
        const reason = index === 0 ? 'x'.repeat(20_000) : `Queue ${index} is long`;
        return [`queue-${String(index).padStart(2, '0')}`, index < 60 ? bad(reason) : ok];
      }),
    );
    const { url } = await openHouse({ verdicts });
    const { page, close } = await open();
    await page.goto(url);
    const cards = page.locator('#issues article:visible');
    await cards.nth(9).waitFor();
    expect(await cards.count()).toBe(10);
    const heights = await page
      .locator('#issues h3:visible')
      .evaluateAll((all) => all.map((one) => one.clientHeight));
    expect(Math.max(...heights)).toBeLessThan(300);
    await page.getByText('Show all of the description of service queue-00').click();
    expect(await page.locator('#issues .whole[open] p').first().innerText()).toContain(
      '20,000 characters in all',
    );
    await page.getByText('Show all 60 issues').click();
    expect(await cards.count()).toBe(50);
    // Every chart that is shown has a curve.
    expect(await page.locator('.chart').count()).toBe(await page.locator('.chart canvas').count());
    const size = (await (await page.request.get(`${url}/api/view`)).body()).length;
    expect(size).toBeLessThan(200_000);
    await close();
  });

  test('redraws no chart while nothing changes', async () => {
    const { dashboard, url } = await openHouse();
    const { page, close } = await open();
    await page.addInitScript(`
      globalThis.drawn = 0;
      const real = CanvasRenderingContext2D.prototype.clearRect;
      CanvasRenderingContext2D.prototype.clearRect = function (...all) {
        drawn += 1;
        return real.apply(this, all);
      };
    `);
    await page.goto(url);
    await page.locator('.chart canvas').nth(1).waitFor();
    await dashboard.stop();
    const drawn = (): Promise<number> => page.evaluate<number>('drawn');
    await page.waitForTimeout(500);
    const before = await drawn();
    expect(before).toBeGreaterThan(0);
    await page.waitForTimeout(4_000);
    const charts = await page.locator('.chart').count();
    // One update of the time window at most, which happens every 5 s.
    expect((await drawn()) - before).toBeLessThanOrEqual(charts);
    await close();
  });

  test('shows rows as cards on a narrow page, and does not break short words', async () => {
    const { url } = await openHouse({ verdicts: { 'nightly-backup': bad('The last backup is 3 days old') } });
    const { page, close } = await open({ viewport: { width: 360, height: 740 } });
    await page.goto(url);
    const row = page.locator('#units tbody tr').filter({ hasText: 'nightly-backup' });
    await row.waitFor();
    const boxes = await row
      .locator('> *')
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().x));
    expect(new Set(boxes.map(Math.round)).size).toBe(1);
    expect(await row.locator('.component').evaluate((node) => node.getClientRects().length)).toBe(1);
    expect(await page.getByRole('table').first().getByRole('row').count()).toBeGreaterThan(0);
    await close();
  });

  test('shows all times in UTC, labelled as such, whatever the time zone of the reader', async () => {
    const { worker, url } = await openHouse();
    const { page, close } = await open({ timezoneId: 'Asia/Tokyo' });
    await page.goto(url);
    await page.getByText('live', { exact: true }).waitFor();
    process.kill(worker.pid!, 'SIGKILL');
    const time = page.locator('#acts time').first();
    await time.waitFor();
    const iso = (await time.getAttribute('datetime'))!;
    expect(await time.innerText()).toBe(`${iso.slice(11, 19)} UTC`);
    await close();
  });

  test('shows bars and threshold marks in forced colours', async () => {
    const { url } = await openHouse();
    const { page, close } = await open({ forcedColors: 'active' });
    await page.goto(url);
    const bar = page.locator('.bar').first();
    await bar.waitFor();
    const colours = await page.evaluate<string[]>(
      `['::before', '::after', undefined].map((part) => getComputedStyle(document.querySelector('.bar'), part).backgroundColor)`,
    );
    expect(colours[0]).not.toBe(colours[2]);
    expect(colours[1]).not.toBe(colours[2]);
    await close();
  });

  test('prints without controls', async () => {
    const { url } = await openHouse({ dashboard: { token: TOKEN, controls: true } });
    const { page, close } = await open({ colorScheme: 'dark' });
    await page.goto(`${url}/#token=${TOKEN}`);
    await page.locator('#controls').waitFor();
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('#controls').isVisible()).toBe(false);
    expect(await page.locator('button:visible').count()).toBe(0);
    expect(await page.evaluate('getComputedStyle(document.documentElement).colorScheme')).toBe('light');
    await close();
  });

  test('shows each line of evidence on its own line, and escapes a line break inside of one', async () => {
    const { url } = await openHouse({
      verdicts: { queue: { ...bad('is long'), evidence: ['one', 'two\nforged'] } },
    });
    const { page, close } = await open();
    await page.goto(url);
    expect(await page.getByLabel('Evidence for service queue').innerText()).toBe('one\ntwo\\nforged');
    await close();
  });

  test('shows the three categories', async () => {
    const { url } = await openHouse({ verdicts: { queue: bad('is long') } });
    const { page, close } = await open();
    await page.goto(url);
    await page.locator('#issues .aside').getByText('resource 0 · service 1 · system 0').waitFor();
    expect(await page.locator('#facts').innerText()).toMatch(/resource \d+ · service \d+ · system \d+/);
    await close();
  });
});
