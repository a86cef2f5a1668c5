import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { hostEnvironment } from './environment.js';
import { findPackageSource } from './mirror.js';
import { isRunning } from './processes.js';
import { recipes, type Suite } from './recipe.js';

/** Returns the image folder for the current recipe of a suite, whether it exists or not. */
export function imagePath(suite: Suite = 'bookworm'): string {
  const hash = createHash('sha256').update(JSON.stringify(recipes[suite])).digest('hex').slice(0, 16);
  return join(
    process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
    'luminous-nix-self-healing',
    `host-${hash}`,
  );
}

/**
 * Builds the image of a suite, unless it is in the cache, and returns its folder. Takes a minute or two; needs root and
 * network.
 */
export async function buildImage(suite: Suite = 'bookworm'): Promise<string> {
  const image = imagePath(suite);
  if (existsSync(image)) return image;
  await mkdir(dirname(image), { recursive: true });
  await removeUnfinished(image);
  const unfinished = `${image}.${process.pid}-${randomBytes(4).toString('hex')}.unfinished`;
  try {
    await fill(unfinished, suite);
    await rename(unfinished, image).catch((error: unknown) => {
      // Another process finished its build first.
      if (!existsSync(image)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return image;
}

async function fill(folder: string, suite: Suite): Promise<void> {
  const recipe = recipes[suite];
  const source = await findPackageSource(recipe.suite);
  const environment = {
    ...hostEnvironment(),
    ...source.environment,
    DEBIAN_FRONTEND: 'noninteractive',
  };
  const inside = (...argv: readonly string[]) => runInNamespaces([`--root=${folder}`, ...argv], environment);
  const aptGet = (...args: readonly string[]) => inside('apt-get', '--quiet', ...source.aptOptions, ...args);

  const include = `--include=${recipe.base.join(',')}`;
  const archive = source.mirror === undefined ? [] : [source.mirror];
  await runInNamespaces(
    ['debootstrap', '--variant=minbase', include, recipe.suite, folder, ...archive],
    environment,
  );
  await aptGet('update');
  await aptGet('install', '--yes', '--no-install-recommends', ...recipe.packages);
  for (const command of recipe.commands) await inside(...command);
  for (const [path, content] of Object.entries(recipe.files)) await writeFile(join(folder, path), content);
}

/** Runs a command whose processes and mounts end with it, or with this process. */
async function runInNamespaces(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const shelter = [
    '--pdeathsig',
    'KILL',
    'unshare',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount',
    '--mount-proc',
  ];
  const child = spawn('setpriv', [...shelter, ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status === 0) return;
  const end = Buffer.concat(output).toString().slice(-4000);
  throw new Error(`Building the test host failed: "${argv.join(' ')}" ended with ${status}:\n${end}`);
}

async function removeUnfinished(image: string): Promise<void> {
  const pattern = new RegExp(`^${basename(image)}\\.(\\d+)-\\w+\\.unfinished$`);
  for (const name of await readdir(dirname(image))) {
    const owner = pattern.exec(name)?.[1];
    if (owner === undefined || isRunning(Number(owner))) continue;
    await rm(join(dirname(image), name), { recursive: true, force: true });
  }
}
