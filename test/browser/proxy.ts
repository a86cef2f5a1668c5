import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const isRoot = process.getuid?.() === 0;
const MODULES = '/usr/lib/apache2/modules';

/** Proxy from Debian: its program, its package, and the frame of its configuration. */
export interface ProxyKind {
  readonly name: 'nginx' | 'apache' | 'caddy' | 'haproxy';
  /** `true` if its tests may be skipped even if system tests are required: `.ci/run` does not install it. */
  readonly optional?: boolean;
  readonly program: string;
  readonly package: string;
  /** Arguments that run a configuration in the foreground. */
  readonly argv: (config: string, folder: string) => readonly string[];
  /** Returns the whole configuration around the lines of a user. */
  readonly config: (lines: string, port: number, folder: string) => string;
}

export const NGINX: ProxyKind = {
  name: 'nginx',
  program: '/usr/sbin/nginx',
  package: 'nginx-light',
  argv: (config, folder) => ['-c', config, '-p', folder, '-e', 'stderr'],
  config: (lines, port, folder) => `
${isRoot ? 'user root;' : ''}
daemon off;
pid ${folder}/pid;
error_log stderr;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/${one};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
${lines}
  }
}
`,
};

export const APACHE: ProxyKind = {
  name: 'apache',
  program: '/usr/sbin/apache2',
  package: 'apache2-bin',
  argv: (config, folder) => ['-DFOREGROUND', '-f', config, '-d', folder],
  config: (lines, port, folder) => `
${[
  'mpm_event',
  'authz_core',
  'authz_user',
  'authn_core',
  'authn_file',
  'auth_basic',
  'filter',
  'deflate',
  'proxy',
  'proxy_http',
]
  .map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`)
  .join('\n')}
${isRoot ? 'User www-data\nGroup www-data' : ''}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
ErrorLog ${folder}/errors
Listen 127.0.0.1:${port}
${lines}
`,
};

export const CADDY: ProxyKind = {
  ...{ name: 'caddy', program: '/usr/bin/caddy', package: 'caddy', optional: true },
  argv: (config) => ['run', '--adapter', 'caddyfile', '--config', config],
  config: (lines, port) => `
{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
${lines}
}
`,
};

export const HAPROXY: ProxyKind = {
  ...{ name: 'haproxy', program: '/usr/sbin/haproxy', package: 'haproxy', optional: true },
  argv: (config) => ['-db', '-f', config],
  config: (lines, port) => `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend web
  bind 127.0.0.1:${port}
  use_backend healing if { path_beg /healing/ }
${lines}
`,
};

/** Returns why a proxy cannot be tested here, or `undefined`. Throws instead if it must be. */
export function missingProxy({ program, package: name, optional }: ProxyKind): string | undefined {
  if (existsSync(program)) return undefined;
  const words = `There is no ${program}: apt-get install ${name}`;
  if (process.env['SYSTEM_TESTS_REQUIRED'] === '1' && !optional) throw new Error(words);
  console.warn(`Skipped: ${words}`);
  return words;
}

/** Returns a port that is free now, because a proxy cannot choose one itself. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a proxy with this configuration until the test has finished; resolves when it answers. */
export async function startProxy(kind: ProxyKind, lines: string, port: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), `${kind.name}-`));
  const config = join(folder, 'config');
  writeFileSync(config, kind.config(lines, port, folder));
  const child = spawn(kind.program, kind.argv(config, folder), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${kind.name} did not start: ${said}${errorsIn(folder)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const errorsIn = (folder: string): string =>
  existsSync(join(folder, 'errors')) ? readFileSync(join(folder, 'errors'), 'utf8') : '';

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      // The kernel may assign the free port to this connection, which then connects to itself.
      resolve(socket.localPort !== port);
      socket.destroy();
    });
  });
