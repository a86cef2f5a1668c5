import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DashboardOptions } from '@luminous-nix/self-healing';
import { allBlocks } from '../docs/blocks.js';
import { missing, useBrowser, type Tab } from './chromium.js';
import { openHouse, TOKEN, type House } from './house.js';
import {
  APACHE,
  CADDY,
  freePort,
  HAPROXY,
  missingProxy,
  NGINX,
  startProxy,
  type ProxyKind,
} from './proxy.js';

const KINDS = [NGINX, APACHE];
const why = KINDS.map(missingProxy).find((one) => one !== undefined) ?? missing;
/** Proxies that not every archive has: each is tested where it is installed. */
const OTHERS = [CADDY, HAPROXY].filter((kind) => missingProxy(kind) === undefined);

/** Configuration that docs/dashboard.md prints for this proxy. */
function printed({ name }: ProxyKind): string {
  const [block, ...more] = allBlocks().filter(
    ({ at, info }) => at.startsWith('docs/dashboard.md') && info === name,
  );
  if (block === undefined || more.length > 0) throw new Error(`docs/dashboard.md has no lines for ${name}`);
  return block.code;
}

interface Behind extends House {
  /** Address for visitors. */
  readonly publicUrl: string;
}

/** Starts a house behind a proxy with this configuration, in which the dashboard is at 127.0.0.1:8080. */
async function behind(
  kind: ProxyKind,
  lines: string,
  options: (publicUrl: string) => DashboardOptions,
): Promise<Behind> {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}/healing/`;
  const house = await openHouse({ dashboard: options(publicUrl) });
  await startProxy(kind, lines.replaceAll('127.0.0.1:8080', new URL(house.url).host), port);
  return { ...house, publicUrl };
}

const guarded = (publicUrl: string): DashboardOptions => ({ token: TOKEN, controls: true, publicUrl });

/** Expects that the page is styled, that its events arrive at once, and that a command reaches the engine. */
async function expectAlive({ page }: Tab, { engine, publicUrl }: Behind): Promise<string> {
  await page.goto(`${publicUrl}#token=${TOKEN}`);
  await page.getByRole('heading', { level: 1, name: 'All healthy.' }).waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  // No event of the engine causes a new view: the pause itself must arrive while the stream is open.
  await page.getByLabel('Reason').fill('a test');
  await page.keyboard.press('Enter');
  await page.locator('.banner').getByText('a test').waitFor();
  await page.getByRole('button', { name: /^Resume: lift the pause/ }).click();
  await page.locator('.banner').waitFor({ state: 'detached' });
  return engine.status().commands[0]?.by ?? '';
}

describe.skipIf(why !== undefined)('the dashboard behind a real proxy', () => {
  const open = useBrowser();

  test.each([...KINDS, ...OTHERS])(
    'works with the configuration that the documentation prints for $name',
    async (kind) => {
      const house = await behind(kind, printed(kind), guarded);
      const tab = await open();
      expect(await expectAlive(tab, house)).toBe('dashboard token, from 127.0.0.1 by a proxy');
      expect(tab.problems).toEqual([]);
      await tab.close();
    },
  );

  test.each([
    ['nginx', NGINX, 'gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;'],
    ['apache', APACHE, 'SetOutputFilter DEFLATE'],
  ] as const)('works if %s compresses everything', async (_, kind, extra) => {
    const house = await behind(kind, `${extra}\n${printed(kind)}`, guarded);
    const tab = await open();
    await expectAlive(tab, house);
    await tab.close();
  });

  test.each(OTHERS)('works if $name compresses everything', async (kind) => {
    const compressed =
      kind === CADDY
        ? `encode gzip\n${printed(kind)}`
        : `${printed(kind)}\n    compression algo gzip\n    compression type text/event-stream text/html application/json`;
    const house = await behind(kind, compressed, guarded);
    const tab = await open();
    await expectAlive(tab, house);
    await tab.close();
  });

  test.each([
    ['proxy_set_header Host $host;', NGINX],
    ['proxy_set_header Host $http_host;', NGINX],
    ['ProxyPreserveHost On', APACHE],
  ] as const)('works whatever a proxy sends as the Host header: %s', async (line, kind) => {
    const lines = printed(kind);
    // Directives of nginx belong into the `location` block.
    const changed = kind === NGINX ? lines.replace('{', `{\n${line}`) : `${line}\n${lines}`;
    const house = await behind(kind, changed, guarded);
    const tab = await open();
    await expectAlive(tab, house);
    await tab.close();
  });

  test.each(KINDS)('works behind a password that $name requires', async (kind) => {
    const folder = mkdtempSync(join(tmpdir(), 'passwords-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'passwords');
    const hash = createHash('sha1').update('secret').digest('base64');
    writeFileSync(file, `alice:{SHA}${hash}\n`, { mode: 0o644 });
    chmodSync(folder, 0o755);
    const lines =
      kind === NGINX
        ? `auth_basic "ops"; auth_basic_user_file ${file};\n${printed(kind)}`
        : `<Location "/">\nAuthType Basic\nAuthName "ops"\nAuthUserFile ${file}\nRequire valid-user\n</Location>\n${printed(kind)}`;
    const house = await behind(kind, lines, guarded);
    expect((await fetch(house.publicUrl)).status).toBe(401);
    const tab = await open({ httpCredentials: { username: 'alice', password: 'secret' } });
    await expectAlive(tab, house);
    await tab.close();
  });

  test.each(KINDS)(
    'is refused without a token, in a sentence that names the option to set: $name',
    async (kind) => {
      const house = await behind(kind, printed(kind), (publicUrl) => ({ publicUrl }));
      for (const path of ['', 'api/view', 'api/events', 'page.js']) {
        const answer = await fetch(`${house.publicUrl}${path}`);
        expect(answer.status).toBe(403);
        expect(await answer.text()).toContain('Behind a proxy this dashboard requires a `token`');
      }
    },
  );

  test.each(KINDS)(
    'is shown without `publicUrl`, and names the option to set for controls: $name',
    async (kind) => {
      const house = await behind(kind, printed(kind), () => ({ token: TOKEN, controls: true }));
      const { page, close } = await open();
      await page.goto(`${house.publicUrl}#token=${TOKEN}`);
      await page.getByRole('heading', { level: 1, name: 'All healthy.' }).waitFor();
      await page.getByLabel('Reason').fill('a test');
      await page.keyboard.press('Enter');
      await page
        .getByText(/Behind a proxy, set `?publicUrl`? to the address/)
        .first()
        .waitFor();
      expect(house.engine.status().pauses).toEqual([]);
      await close();
    },
  );

  test('keeps the tokens of two dashboards of one origin apart', async () => {
    const port = await freePort();
    const at = (path: string): string => `http://127.0.0.1:${port}/${path}/`;
    const [one, two] = await Promise.all(
      ['one', 'two'].map((path) =>
        openHouse({ dashboard: { token: `${path}-${TOKEN}`, publicUrl: at(path) } }),
      ),
    );
    const lines = [one!, two!]
      .map(({ url }, index) => `location /${['one', 'two'][index]}/ { proxy_pass ${url}/; }`)
      .join('\n');
    await startProxy(NGINX, lines, port);
    const { page, close } = await open();
    const sent: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (request.url().startsWith(at('two'))) sent.push(request.headers()['x-luminous-token']);
    });
    await page.goto(`${at('one')}#token=one-${TOKEN}`);
    await page.getByRole('heading', { level: 1, name: 'All healthy.' }).waitFor();
    await page.goto(at('two'));
    await page.getByRole('heading', { level: 2, name: 'Sign in' }).waitFor();
    expect(sent.length).toBeGreaterThan(2);
    expect(sent.filter((token) => token !== undefined)).toEqual([]);
    await close();
  });
});
