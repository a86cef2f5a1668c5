import { expect, test } from 'vitest';
import { describeOnHost } from './lab.js';

/** Service that fails at once, and hangs once /run/test-hang exists. */
const HANGS_LATER = `Type=notify
ExecStart=sh -c 'test -e /run/test-hang && exec sleep infinity; exit 1'`;

describeOnHost('a step that does not end', (lab) => {
  /** Failed service whose next start will hang. */
  async function hanging(timeout: string): Promise<string> {
    const service = await lab.service('hang', `${HANGS_LATER}\nTimeoutStartSec=${timeout}`);
    await lab.start(service);
    await lab.until('failed', service);
    await lab.host.writeFile('/run/test-hang', '');
    return service;
  }

  /** Returns processes inside whose command line contains the word. */
  const alive = async (word: string) =>
    (await lab.host.run(['pgrep', '--full', '--list-full', `^sleep ${word}`], { allowFailure: true })).stdout;

  test.each([
    ['children and grandchildren', '4001', 'sleep 4001 & (sleep 4001 & sleep 4001) & sleep 4001'],
    [
      'children that ignore SIGTERM',
      '4002',
      `trap "" TERM; sh -c 'trap "" TERM; sleep 4002; sleep 4002' & sleep 4002; sleep 4002`,
    ],
    [
      'children that outlive it and keep its output open',
      '4003',
      'sleep 4003 & (sleep 4003 &) ; exec sleep 4003',
    ],
  ])('is killed at its timeout with all its processes: a script with %s', async (_, word, script) => {
    await lab.host.writeFile('/root/script', `#!/bin/sh\n${script}\n`, 0o755);
    const start = Date.now();
    const [execution] = await lab.drive([['execute', { action: 'run_script', parameters: {} }]], {
      commands: { run_script: { argv: ['/root/script'], timeoutMs: 700 } },
    });
    expect(execution).toMatchObject({
      outcome: 'failed',
      success: false,
      steps: [{ step: '/root/script', ok: false }],
    });
    expect(execution.error).toContain('did not end within');
    expect(Date.now() - start).toBeLessThan(6_000);
    expect(await alive(word)).toBe('');
  });

  test('fails when systemd gives up the start, with that result', async () => {
    const service = await hanging('2s');
    const result = await lab.healOne(service);
    expect(result).toMatchObject({ outcome: 'failed', success: false, actionTaken: 'restart_service' });
    expect(result.durationMs).toBeGreaterThan(1_500);
    expect(result.durationMs).toBeLessThan(10_000);
    expect(await lab.show('ActiveState', service)).toBe('failed');
  });

  test('is not waited for any longer after the engine is stopped, if it has no limit', async () => {
    const service = await hanging('infinity');
    const [[result], verdicts] = await lab.drive([['detectAndHeal', 1_000], ['inspect']], {
      options: { services: [service] },
    });
    expect(result).toMatchObject({ outcome: 'failed', success: false, actionTaken: 'restart_service' });
    expect(result?.durationMs).toBeLessThan(5_000);
    // The job continues, because systemd runs it.
    expect(verdicts).toMatchObject([{ component: service, status: 'ok' }]);
    expect(await alive('infinity')).not.toBe('');
    expect((await lab.host.run(['pgrep', 'systemctl'], { allowFailure: true })).stdout).toBe('');
  });

  test('is not waited for after the engine is stopped, if it runs behind sudo', async () => {
    await lab.host.run(['useradd', '--create-home', 'alice']);
    await lab.host.writeFile('/etc/sudoers.d/alice', 'alice ALL=(ALL) NOPASSWD: ALL\n', 0o440);
    const service = await hanging('infinity');
    const [[result]] = await lab.drive([['detectAndHeal', 1_000]], {
      options: { services: [service] },
      user: 'alice',
      env: { LUMINOUS_DEV_MODE: '1' },
    });
    expect(result).toMatchObject({ outcome: 'failed', success: false });
    expect(result?.durationMs).toBeLessThan(6_000);
    expect((await lab.host.run(['pgrep', 'systemctl'], { allowFailure: true })).stdout).toBe('');
  });

  test('reports that the engine was stopped, and nothing else, if it was stopped while reading or planning', async () => {
    const service = await lab.service('ill', 'ExecStart=sleep infinity');
    await lab.host.systemctl('start', service);
    await lab.kill(service);
    const aborts = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15].map((ms) => ['detectAndHeal', ms] as const);
    const rounds = await lab.drive(aborts, { options: { services: [service], dryRun: true } });
    const reasons = rounds.flat().map(({ outcome, blockedBy, error }) => blockedBy ?? error ?? outcome);
    expect(rounds).toHaveLength(aborts.length);
    for (const reason of reasons) expect(['paused', 'planned']).toContain(reason);
  });
});
