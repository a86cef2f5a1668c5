import { describe, expect, test } from 'vitest';
import { expectClean, missing, useBrowser } from './chromium.js';
import { openHouse, TOKEN } from './house.js';

describe.skipIf(missing !== undefined)('the dashboard in a real browser', () => {
  const open = useBrowser();

  test('shows a real failure and a real repair, live, without requests to other servers', async () => {
    const { worker, url } = await openHouse();
    const tab = await open();
    const { page } = tab;
    await page.goto(url);
    await page.getByRole('heading', { level: 1, name: 'All healthy.' }).waitFor();
    await page.getByText('None needed.').waitFor();
    const before = worker.pid;
    process.kill(before!, 'SIGKILL');

    const act = page.locator('#acts li').first();
    await act.getByText('fixed').waitFor();
    expect(await act.innerText()).toContain('The worker is dead');
    await page.getByRole('heading', { level: 1, name: 'All healthy.' }).waitFor();
    expect(worker.pid).not.toBe(before);
    expect(await act.innerText()).toContain(`Process ${worker.pid} runs`);
    await act.getByText(/^Steps/).click();
    expect(await act.innerText()).toContain('start it');
    expect(await page.title()).toMatch(/^✓ All healthy\. · /);
    expectClean(tab, url);
    await tab.close();
  });

  test('paints before the first event', async () => {
    const { url } = await openHouse();
    const { page, close } = await open();
    await page.route('**/api/events', () => undefined);
    await page.goto(url);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain('Connecting to the engine…');
    await close();
  });

  test('shows when updates stop, and reconnects automatically', async () => {
    const { dashboard, url } = await openHouse();
    const { page, close } = await open();
    await page.clock.install();
    await page.goto(url);
    await page.getByText('live', { exact: true }).waitFor();
    await dashboard.stop();
    await page.getByText('reconnecting').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);

    await page.clock.runFor(13_000);
    await page
      .getByRole('alert')
      .getByText(/^No update for 1\d s\. Everything on this page may be out of date\./)
      .waitFor();
    await page.getByText('no update', { exact: true }).waitFor();

    await dashboard.start({ port: Number(new URL(url).port) });
    await page.clock.runFor(15_000);
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByRole('alert').waitFor({ state: 'hidden' });
    await close();
  });

  test('accepts an approval, with the token, from the keyboard', async () => {
    const { worker, url } = await openHouse({ asks: true, dashboard: { token: TOKEN, controls: true } });
    const { page, close } = await open();
    await page.goto(url);
    const token = page.getByRole('textbox', { name: 'Token' });
    await token.fill('not-the-token-at-all');
    await token.press('Enter');
    await page.getByRole('alert').getByText('Incorrect token.').waitFor();
    await token.fill(TOKEN);
    await token.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'All healthy.' }).waitFor();

    process.kill(worker.pid!, 'SIGKILL');
    const approve = page.getByRole('button', { name: /^Approve restart_worker for worker/ });
    await approve.waitFor();
    expect(await page.locator('#approvals').innerText()).toContain('The worker is dear to somebody');
    expect(worker.isAlive).toBe(false);
    await approve.focus();
    await page.keyboard.press('Enter');
    await page.locator('#acts li').first().getByText('fixed').waitFor();
    expect(worker.isAlive).toBe(true);
    await page.locator('#approvals').getByText('Approved: restart_worker for worker.').waitFor();
    await page.locator('#approvals').waitFor({ state: 'hidden' });
    await close();
  });

  test('keeps the plan of a request while paused, offers no approval then, and gives the reason', async () => {
    const { worker, engine, url } = await openHouse({
      asks: true,
      dashboard: { token: TOKEN, controls: true },
    });
    const { page, close } = await open();
    await page.goto(`${url}/#token=${TOKEN}`);
    process.kill(worker.pid!, 'SIGKILL');
    const approve = page.getByRole('button', { name: /^Approve restart_worker for worker/ });
    await approve.waitFor();
    await engine.pause('a backup runs');
    await page.locator('#approvals').getByText('Repairs are paused.').waitFor();
    expect(await approve.count()).toBe(0);
    // One whole cycle, in which the pause blocks the repair and not the missing approval.
    await page.locator('#issues').getByText('paused', { exact: true }).first().waitFor();
    expect(await page.locator('#approvals').innerText()).toContain('start it');
    await page.getByRole('button', { name: /^Reject restart_worker for worker/ }).waitFor();
    await engine.resume('a backup runs');
    await approve.click();
    await page.locator('#acts li').first().getByText('fixed').waitFor();
    await close();
  });

  test('reads a token from the URL fragment and removes it from the address', async () => {
    const { url } = await openHouse({ dashboard: { token: TOKEN } });
    const tab = await open();
    await tab.page.goto(`${url}/#token=${TOKEN}`);
    await tab.page.getByRole('heading', { level: 1, name: 'All healthy.' }).waitFor();
    expect(tab.page.url()).toBe(`${url}/`);
    expect(await tab.page.context().cookies()).toEqual([]);
    await tab.page.reload();
    await tab.page.getByRole('heading', { level: 1, name: 'All healthy.' }).waitFor();
    expect(tab.asked.filter((one) => one.includes(TOKEN))).toEqual([]);
    await tab.close();
  });

  test.each([
    ['an escape that is none', '%zz'],
    ['typographic quotes', '“sixteen-characters-and-more”'],
    ['encoded typographic quotes', '%E2%80%9Csixteen-characters-and-more%E2%80%9D'],
    ['too few characters', 'short'],
    ['too many characters', 'x'.repeat(300)],
    ['a line break', 'sixteen-characters%0d%0aX-Evil: 1'],
  ])('rejects a token with %s in a sentence, and accepts the correct one afterwards', async (_, bad) => {
    const { url } = await openHouse({ dashboard: { token: TOKEN } });
    const { page, problems, close } = await open();
    await page.goto(`${url}/#token=${bad}`);
    await page.getByRole('alert').getByText('The token in the address is invalid.').waitFor();
    const token = page.getByRole('textbox', { name: 'Token' });
    await token.fill('“smart quotes are no token”');
    await token.press('Enter');
    await page.getByRole('alert').getByText('without spaces and typographic quotes').waitFor();
    await token.fill(TOKEN);
    await token.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'All healthy.' }).waitFor();
    // Chromium logs each response with status 401.
    expect(problems.filter((text) => !text.includes('401'))).toEqual([]);
    await close();
  });

  test('signs in if the browser does not let pages store anything', async () => {
    const { url } = await openHouse({ dashboard: { token: TOKEN } });
    const { page, close } = await open();
    await page.addInitScript(() => {
      Object.defineProperty(globalThis, 'sessionStorage', {
        get: () => {
          throw new DOMException('The operation is insecure.', 'SecurityError');
        },
      });
    });
    await page.goto(`${url}/#token=${TOKEN}`);
    await page.getByRole('heading', { level: 1, name: 'All healthy.' }).waitFor();
    await close();
  });

  test('is shown as not live, with what to check, while the connection delivers nothing', async () => {
    const { url } = await openHouse();
    const { page, close } = await open();
    await page.clock.install();
    await page.addInitScript(() => {
      const real = fetch;
      // Like a proxy that buffers everything until it has enough to compress.
      globalThis.fetch = (...all: Parameters<typeof fetch>) =>
        String(all[0]).endsWith('api/events')
          ? Promise.resolve(new Response(new ReadableStream(), { status: 200 }))
          : real(...all);
    });
    await page.goto(url);
    await page.clock.runFor(6_000);
    await page.getByRole('heading', { level: 1, name: 'No data from the engine.' }).waitFor();
    expect(await page.locator('#detail').innerText()).toContain('publicUrl');
    expect(await page.locator('#link-text').innerText()).toBe('connecting');
    expect(await page.getByText('live', { exact: true }).count()).toBe(0);
    await close();
  });

  test('does not report that all is healthy 15 s after the engine died', async () => {
    const { dashboard, url } = await openHouse();
    const { page, close } = await open();
    await page.clock.install();
    await page.goto(url);
    await page.getByRole('heading', { level: 1, name: 'All healthy.' }).waitFor();
    await dashboard.stop();
    await page.clock.runFor(15_000);
    await page.getByRole('heading', { level: 1, name: /^Status unknown\. Last known: / }).waitFor();
    expect(await page.title()).toMatch(/^\? Status unknown\. Last known: /);
    await close();
  });

  test('is read-only by default', async () => {
    const { worker, engine, url } = await openHouse({ asks: true });
    const { page, close } = await open();
    await page.goto(url);
    await page.getByText('live', { exact: true }).waitFor();
    process.kill(worker.pid!, 'SIGKILL');
    await page.getByText(/engine\.approve\('[0-9a-f]{8}'\)/).waitFor();
    expect(await page.locator('main').getByRole('button').count()).toBe(0);
    const [asked] = engine.status().approvals;
    const answered = await page.evaluate(
      async (id) =>
        (
          await fetch('api/approve', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ id }),
          })
        ).status,
      asked?.id,
    );
    expect(answered).toBe(403);
    expect(worker.isAlive).toBe(false);
    await close();
  });

  test('pauses and resumes', async () => {
    const { engine, url } = await openHouse({ dashboard: { token: TOKEN, controls: true } });
    const { page, close } = await open();
    await page.goto(`${url}/#token=${TOKEN}`);
    await page.getByLabel('Reason').fill('a <b>backup</b> runs');
    await page.keyboard.press('Enter');
    await page.locator('.banner').getByText('a <b>backup</b> runs').waitFor();
    expect(engine.status().pauses).toMatchObject([{ reason: 'a <b>backup</b> runs' }]);
    await page.getByRole('button', { name: /^Resume: lift the pause/ }).click();
    await page.locator('.banner').getByText('Pause lifted.').waitFor();
    expect(engine.status().pauses).toEqual([]);
    await close();
  });

  test('shows markup in names and reasons as plain text', async () => {
    const evil = `<img src=x onerror="document.body.dataset.taken='yes'">`;
    const script = '</script><script>document.body.dataset.taken="yes"</script>';
    const { url } = await openHouse({
      verdicts: {
        [evil]: { status: 'bad', reason: script, value: 7, threshold: 3, evidence: [evil, script] },
        'a"b\'c`d]': { status: 'ok', reason: evil, value: 1, threshold: 3 },
        '__proto__ constructor': { status: 'unknown', reason: evil },
      },
    });
    const tab = await open();
    await tab.page.goto(url);
    await tab.page.locator('#issues').getByText(evil).first().waitFor();
    await tab.page.locator('#issues').getByText(script).first().waitFor();
    expect(await tab.page.locator('main img, main script').count()).toBe(0);
    expect(await tab.page.evaluate('document.body.dataset.taken')).toBeUndefined();
    // The charts are drawn nevertheless.
    expect(await tab.page.locator('.meter canvas').count()).toBeGreaterThan(2);
    expectClean(tab, url);
    await tab.close();
  });
});
