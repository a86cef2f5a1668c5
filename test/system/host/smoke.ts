import assert from 'node:assert/strict';
import { bootTestHost } from './boot.js';
import { buildImage } from './build.js';
import { findTraces } from './leftovers.js';
import { missingRequirements } from './requirements.js';

const missing = missingRequirements();
assert.deepEqual(missing, []);

let start = performance.now();
const lap = (what: string, result: unknown = '') => {
  console.log(`${(performance.now() - start).toFixed(0).padStart(7)} ms  ${what} ${String(result)}`);
  start = performance.now();
};

lap('image', await buildImage());
const host = await bootTestHost();
lap('boot');
try {
  await check();
} finally {
  await host.close();
  await host.close();
}
lap('close');
await assert.rejects(host.run(['true']));
assert.deepEqual(findTraces(host.name), []);
lap('no traces');

async function check(): Promise<void> {
  const first = async (...argv: string[]) => (await host.run(argv)).stdout.trim();
  assert.equal(await host.systemctl('is-system-running'), 'running');
  assert.equal(await host.systemctl('--failed', '--no-legend'), '');
  lap('running, nothing failed');

  await host.systemctl('restart', 'nginx');
  assert.match(await first('curl', '-sS', 'http://localhost/'), /Welcome to nginx/);
  lap('nginx restarted');

  lap('nix', await first('nix-env', '--version'));
  await host.writeFile('/root/thing/bin/switch-to-configuration', '#!/bin/sh\nexit 0\n', 0o755);
  const path = await first('nix-store', '--add', '/root/thing');
  assert.match(path, /^\/nix\/store\//);
  await first('nix-env', '-p', '/nix/var/nix/profiles/system', '--set', path);
  assert.match(
    await first('nix-env', '-p', '/nix/var/nix/profiles/system', '--list-generations'),
    /1 .*\(current\)/,
  );
  await host.run(['nix-store', '--gc', '--max-freed', '1']);
  lap('nix generation', path);
  await host.run(['useradd', '-m', '-G', 'nix-users', 'alice']);
  await host.run(['nix-store', '--gc', '--print-dead'], { user: 'alice', env: { NIX_REMOTE: 'daemon' } });
  lap(
    'nix-daemon for',
    (await host.run(['sh', '-c', 'echo $(id -un) $HOME'], { user: 'alice' })).stdout.trim(),
  );

  lap('node', (await host.node(['--version'])).stdout.trim());
  await host.node(['-e', 'fs.accessSync("/repo/package.json")']);
  assert.match(
    (await host.node(['-e', 'fs.writeFileSync("/repo/x", "")'], { allowFailure: true })).stderr,
    /EROFS/,
  );
  assert.equal((await host.run(['sh', '-c', 'kill -9 $$'], { allowFailure: true })).exitCode, 137);
  await assert.rejects(
    host.run(['sh', '-c', 'sleep 77 & sleep 77'], { timeoutMs: 200 }),
    /did not end within/,
  );
  await assert.rejects(host.run(['pgrep', '-f', 'sleep 77']), /ended with 1/);
  lap('exit codes and time-outs');

  await host.writeUnit('thing.service', '[Service]\nExecStart=sleep infinity\n');
  await host.systemctl('start', 'thing');
  await host.waitFor('thing to run', async () => (await host.systemctl('is-active', 'thing')) === 'active');
  lap('unit');

  const small = await host.mountSmallFileSystem('/srv/small', 16);
  lap('small file system', JSON.stringify(small));
  assert.match(
    await first('df', '--output=source,fstype,target'),
    new RegExp(`${small.device} +ext4 +/srv/small`),
  );
  const full = await host.run(['dd', 'if=/dev/zero', 'of=/srv/small/x', 'bs=1M'], { allowFailure: true });
  assert.match(full.stderr, /No space left/);
  const tiny = await host.mountSmallFileSystem('/var/tiny', 8, { inodes: 64 });
  await host.mountSmallFileSystem('/nix', 64);
  assert.match(await first('nix-store', '--query', '--roots', path), /profiles\/system/);
  await assert.rejects(host.mountSmallFileSystem('/tmp/small', 8), /own disk/);
  lap('more small file systems', tiny.device);

  const bootId = await host.readFile('/proc/sys/kernel/random/boot_id');
  const firstPid = host.pid;
  await host.reboot();
  assert.notEqual(await host.readFile('/proc/sys/kernel/random/boot_id'), bootId);
  assert.notEqual(host.pid, firstPid);
  assert.equal(await host.systemctl('is-system-running'), 'running');
  assert.match(await first('findmnt', '/srv/small'), new RegExp(small.device));
  assert.match(await first('journalctl', '--list-boots', '--no-pager'), /-1 [^]* 0 /);
  lap('reboot');

  const other = await bootTestHost({ apiVfsWritable: true });
  lap('second host');
  await other.systemctl('restart', 'nginx');
  await other.run(['sh', '-c', 'echo 1 > /proc/sys/vm/drop_caches']);
  await assert.rejects(host.run(['sh', '-c', 'echo 1 > /proc/sys/vm/drop_caches']));
  await assert.rejects(other.readFile('/srv/small/x'));
  await host.systemctl('is-active', 'nginx');
  await other.close();
  assert.deepEqual(findTraces(other.name), []);
  lap('second host closed');
}
