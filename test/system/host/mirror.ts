import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Source of Debian packages on this machine. */
export interface PackageSource {
  /** Address of the archive; `undefined` means the default of debootstrap. */
  readonly mirror: string | undefined;
  /** Options for `apt-get`, as configured on this machine. */
  readonly aptOptions: readonly string[];
  /** The same for programs other than apt. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Reads the configuration of this machine's apt for the packages of a Debian suite. */
export async function findPackageSource(suite: string): Promise<PackageSource> {
  const settings = await lines('apt-config', ['dump', '--format', '%f=%v%n']);
  const fetching = settings.filter((line) => /^Acquire::(https?::|Check-).*=./.test(line));
  const proxy = (scheme: string) => {
    const start = `Acquire::${scheme}::Proxy=`;
    return fetching.find((line) => line.startsWith(start))?.slice(start.length);
  };
  const environment: Record<string, string> = {};
  for (const scheme of ['http', 'https']) {
    const address = proxy(scheme);
    if (address !== undefined && address !== 'DIRECT') environment[`${scheme}_proxy`] = address;
  }
  return {
    mirror: await findMirror(suite),
    aptOptions: fetching.flatMap((setting) => ['-o', setting]),
    environment,
  };
}

async function findMirror(suite: string): Promise<string | undefined> {
  const targets = await lines('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)',
    'Created-By: Packages',
  ]);
  const archives = targets
    .map((line) => line.split(' '))
    // The origin is empty before the first `apt-get update`; other distributions use its suite names too.
    .filter(([, , component, origin]) => component === 'main' && (origin === 'Debian' || origin === ''));
  const sameSuite = archives.find(([, release]) => release === suite);
  // The archive of another suite has this one too, unless it contains updates only.
  const sameArchive = archives.find(
    ([address, , , origin]) => origin === 'Debian' && !address?.includes('security'),
  );
  return (sameSuite ?? sameArchive)?.[0];
}

async function lines(command: string, args: readonly string[]): Promise<string[]> {
  try {
    const { stdout } = await execute(command, args);
    return stdout.split('\n').filter((line) => line !== '');
  } catch (error) {
    // debootstrap also runs without apt, and knows an archive itself.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
