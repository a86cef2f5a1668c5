import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { allBlocks, root } from '../docs/blocks.js';
import { describeOnHost } from './lab.js';

const blocks = allBlocks().filter(({ at }) => at.startsWith('docs/systemd.md'));
const [steps] = blocks.filter(({ info }) => info === 'steps').map(({ code }) => code);
const [config = '', policy = ''] = blocks
  .filter(({ language }) => language === 'json')
  .map(({ code }) => code);
const TARBALL = 'luminous-nix-self-healing-0.1.0.tgz';

/**
 * Replaces npm, because the host has no network: it unpacks the package where npm would, makes its programs executable
 * like npm, and takes the dependencies from the clone.
 */
const NPM = `#!/bin/sh -e
test "$1 $2" = 'install --prefix'
folder=$3/node_modules/@luminous-nix/self-healing
mkdir -p "$folder"
tar -xzf "$4" -C "$folder" --strip-components=1
chmod +x "$folder/dist/service/control.js"
ln -sfn /repo/node_modules "$folder/node_modules"
`;

describeOnHost('the steps of docs/systemd.md on Debian 12, as printed', (lab) => {
  const write = (path: string, content: string) => lab.host.writeFile(path, content);
  const run = () =>
    lab.host.run(['sh'], { input: steps!, cwd: '/root', allowFailure: true, timeoutMs: 60_000 });

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'packed-'));
    try {
      const argv = ['pack', '--ignore-scripts', '--pack-destination', folder];
      await promisify(execFile)('npm', argv, { cwd: root });
      const input = await readFile(join(folder, TARBALL));
      await lab.host.run(['sh', '-c', `cat > /root/${TARBALL}`], { input });
    } finally {
      await rm(folder, { recursive: true });
    }
    await write('/usr/local/bin/npm', NPM);
    await lab.host.run(['chmod', '+x', '/usr/local/bin/npm']);
    await write('/etc/luminous-healing/policy.json', policy);
    await lab.host.run(['rm', '-rf', '/etc/sysusers.d']); // As on a fresh Debian 12.
  });

  test('stop at a mistake in the configuration, before anything is started', async () => {
    await write('/etc/luminous-healing/config.json', config.replace('dryRun', 'dryrun'));
    const { exitCode, stdout, stderr } = await run();
    expect(exitCode).toBe(78);
    expect(stdout + stderr).toContain('did you mean `dryRun`?');
    const { stdout: enabled } = await lab.host.run(['systemctl', 'is-enabled', 'luminous-healing'], {
      allowFailure: true,
    });
    expect(enabled.trim()).toBe('disabled');
  });

  test('install a running daemon, and a control command that works', async () => {
    await write('/etc/luminous-healing/config.json', config);
    const { exitCode, stdout, stderr } = await run();
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 });
    for (const unit of ['luminous-healing.service', 'luminous-healing-helper.socket']) {
      expect(await lab.show('ActiveState', unit)).toBe('active');
      expect(await lab.show('UnitFileState', unit)).toBe('enabled');
    }
    const { stdout: status } = await lab.host.run(['luminous-healing', 'status', '--json']);
    expect(JSON.parse(status)).toMatchObject({ dryRun: true });
  });
});
