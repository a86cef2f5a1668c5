import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { SimplifiedHealingEngine } from '../../engine/engine.js';
import { SimpleDashboard } from '../../observe/dashboard/simple-dashboard.js';
import { MetricsServer } from '../../observe/metrics-server.js';
import type { DaemonConfig } from '../config/config.js';

/** A server of metrics or of the dashboard. */
export interface Outlet {
  readonly name: string;
  /** Starts it; rejects when it cannot, and can then be tried again. */
  readonly open: () => Promise<Served>;
}

export interface Served {
  readonly url: string;
  /** Address of the dashboard with its token, for those who may control the daemon. */
  readonly link?: string;
  readonly stop: () => Promise<void>;
}

/** Returns the servers that a configuration asks for. */
export function outletsOf(
  { metrics, dashboard }: DaemonConfig,
  healingEngine: SimplifiedHealingEngine,
  stateFolder: string | undefined,
): Outlet[] {
  const outlets: Outlet[] = [];
  if (metrics) {
    outlets.push({
      name: 'Metrics',
      async open() {
        const server = new MetricsServer({ healingEngine, ...metrics });
        return { url: (await server.start()).url, stop: () => server.stop() };
      },
    });
  }
  if (dashboard) {
    const { host, port, tokenFile, ...rules } = dashboard;
    outlets.push({
      name: 'The dashboard',
      async open() {
        const token = tokenFile === undefined ? undefined : await tokenFrom(tokenFile, stateFolder);
        const page = new SimpleDashboard(healingEngine, { ...rules, token });
        try {
          const { url } = await page.start({ host, port });
          return { url, link: linkTo(rules.publicUrl ?? url, token), stop: () => page.stop() };
        } catch (error) {
          await page.stop();
          throw error;
        }
      },
    });
  }
  return outlets;
}

/** Returns the address with the token behind the `#`, which browsers never send. */
const linkTo = (url: string, token: string | undefined): string =>
  url.replace(/\/?$/, '/') + (token === undefined ? '' : `#token=${encodeURIComponent(token)}`);

/**
 * Returns the token in a file. A missing file in the daemon's own state folder is created with a random token, readable
 * by its group; any other missing file is an error.
 */
async function tokenFrom(path: string, stateFolder: string | undefined): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const isOurs = stateFolder !== undefined && dirname(resolve(path)) === resolve(stateFolder);
    if (!isOurs || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const token = randomBytes(24).toString('base64url');
  // Written atomically: a partial token would be refused forever.
  const unfinished = `${path}.new`;
  await writeFile(unfinished, `${token}\n`, { mode: 0o600, flush: true });
  await chmod(unfinished, 0o640);
  await rename(unfinished, path);
  return token;
}
