import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';

/** Debian's own, or the one that is named. */
const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** Nothing that would ask another machine for anything. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why the tests cannot run here; `undefined` when they can. Where they must run, it is an error instead. */
export const missing: string | undefined = existsSync(EXECUTABLE)
  ? undefined
  : `There is no ${EXECUTABLE}: apt-get install chromium`;
if (missing !== undefined) {
  if (process.env['SYSTEM_TESTS_REQUIRED'] === '1') throw new Error(missing);
  console.warn(`Skipped: ${missing}`);
}

/** A page, with its problems and requests. */
export interface Tab {
  readonly page: Page;
  /** Warnings and errors of the console, and uncaught errors. */
  readonly problems: readonly string[];
  /** Addresses of all requests. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Starts a real browser for the tests of a file. Gives the function that opens a page. */
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

/** Nothing was thrown or complained about, and nothing was asked of anybody else. */
export function expectClean({ problems, asked }: Tab, url: string): void {
  expect(problems).toEqual([]);
  expect(asked.length).toBeGreaterThan(3);
  expect(asked.filter((one) => !one.startsWith(`${url}/`))).toEqual([]);
}
