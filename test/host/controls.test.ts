import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { readControls } from '../../src/host/controls.js';
import { localHost } from '../../src/host/local-host.js';
import { fakeHost } from '../../src/testing/index.js';

function emptyRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'controls-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  return root;
}

it('host controls report a host that has none of the interfaces', () => {
  const root = emptyRoot();
  expect(readControls(root)).toEqual({
    cpuPolicies: { readable: [], unreadable: [] },
    dropCaches: {
      path: `${root}/proc/sys/vm/drop_caches`,
      unwritable: 'This host has no `vm.drop_caches`',
    },
    nix: { hasStore: false, daemon: 'none', hasSystemd: false },
  });
});

it('host controls report the interfaces that a host has', () => {
  const root = emptyRoot();
  const put = (path: string) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), '');
  };
  for (const path of ['proc/sys/vm/drop_caches', 'nix/store/x', 'nix/var/nix/daemon-socket/socket'])
    put(path);
  mkdirSync(join(root, 'run/systemd/system'), { recursive: true });
  expect(readControls(root)).toMatchObject({
    dropCaches: { unwritable: null },
    nix: { hasStore: true, daemon: 'granted', hasSystemd: true },
  });
});

it('host controls are read from the local host and the fake host only on request', async () => {
  const local = localHost();
  onTestFinished(() => local.close?.());
  const controls = readControls(emptyRoot());
  const fake = fakeHost({ controls });
  for (const host of [local, fake]) {
    expect(await host.read({ parts: [] })).not.toHaveProperty('controls');
    expect(await host.read({ parts: ['load'] })).not.toHaveProperty('controls');
  }
  expect(fake.read({ parts: [], controls: true }).controls).toEqual(controls);
  const { controls: read, load } = await local.read({ parts: [], controls: true });
  expect(read).toHaveProperty('dropCaches.path', '/proc/sys/vm/drop_caches');
  expect(load).toEqual({ unknown: 'not asked for' });
});

it('host controls make an action refused on a host that does not report them', async () => {
  const { actionRegistry } = await import('../../src/actions/registry.js');
  const { makePlan } = await import('../../src/execute/planner.js');
  const thresholds = thresholdValues();
  const sources = { host: fakeHost(), actions: actionRegistry(), thresholds, services: [] };
  for (const action of ['set_cpu_governor', 'clear_system_cache', 'clean_nix_store']) {
    const { refusal, steps } = await makePlan(
      { action, parameters: {} },
      sources,
      AbortSignal.timeout(9_000),
    );
    expect(refusal).toEqual({
      reason: 'unavailable',
      sentence: expect.stringContaining('this host does not report it') as string,
    });
    expect(steps).toEqual([]);
  }
});
