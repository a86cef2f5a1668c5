import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';

/** Path of Chromium: that of Debian, or the one in the environment. */
const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** Options that prevent requests of the browser itself to other machines. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Returns why the tests cannot run here, or `undefined`. Throws instead if they must run. */
export const missing: string | undefined = existsSync(EXECUTABLE)
  ? undefined
  : `There is no ${EXECUTABLE}: apt-get install chromium`;
if (missing !== undefined) {
  if (process.env['SYSTEM_TESTS_REQUIRED'] === '1') throw new Error(missing);
  console.warn(`Skipped: ${missing}`);
}

/** Page with its errors and requests. */
export interface Tab {
  readonly page: Page;
  /** Warnings and errors of the console, and uncaught errors. */
  readonly problems: readonly string[];
  /** Addresses of all requests. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Starts a real browser for the tests of a file. Returns the function that opens a page. */
export function useBrowser(): (options?: BrowserContextOptions) => Promise<Tab> {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
  });
  afterAll(async () => browser?.close());
  return async (options = {}) => {
    const context = await browser!.newContext(options);
    const page = await context.newPage();
    const problems: string[] = [];
    const asked: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => asked.push(request.url()));
    return { page, problems, asked, close: () => context.close() };
  };
}

/** Expects no errors, and no requests to other servers. */
export function expectClean({ problems, asked }: Tab, url: string): void {
  expect(problems).toEqual([]);
  expect(asked.length).toBeGreaterThan(3);
  expect(asked.filter((one) => !one.startsWith(`${url}/`))).toEqual([]);
}
