import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HealingResult } from '@luminous-nix/self-healing';
import { afterEach, expect, test } from 'vitest';
import { commandsOf, describeOnHost, PROGRAMS } from './lab.js';

const TRANSCRIPT = join(import.meta.dirname, '../fixtures/kill-nginx.txt');

/** Returns a transcript without the parts that differ between runs: times and the id of nginx's run. */
const masked = (text: string): string =>
  text.replace(/\b\d+(\.\d+)? m?s\b/g, 'TIME').replace(/\([0-9a-f]{8,}\W*\)/g, '(RUN)');

const START = 'systemctl --no-ask-password start -- nginx.service';

describeOnHost('nginx on a systemd host', (lab) => {
  afterEach(async () => {
    await lab.host.run(['rm', '-f', '/etc/nginx/conf.d/broken.conf']);
    await lab.host.systemctl('reset-failed');
    await lab.host.systemctl('start', 'nginx');
  });

  const page = async () => (await lab.host.run(['curl', '-sS', 'http://localhost/'])).stdout;

  test('is found, restarted and proved to run after a SIGKILL, with the default settle time', async () => {
    await lab.kill('nginx');
    await expect(page()).rejects.toThrow(/connect to localhost/);

    const result = await lab.healOne('nginx', { options: { guards: {} } });
    expect(result).toMatchObject({
      outcome: 'fixed',
      success: true,
      dryRun: false,
      actionTaken: 'restart_service',
      attempts: [{ action: 'restart_service', outcome: 'fixed' }],
      issue: {
        type: 'service',
        severity: 3,
        component: 'nginx',
        description: 'nginx.service has failed (signal)',
        metricValue: 0,
        threshold: 1,
      },
      plan: {
        action: 'restart_service',
        parameters: { service: 'nginx' },
        risk: 'disruptive',
        scope: 'host',
      },
    });
    expect(commandsOf(result)[0]).toBe(START);
    const [run] = await lab.runs('nginx');
    expect(result).toHaveProperty('proof', expect.stringContaining(run!));
    expect(result.durationMs).toBeGreaterThanOrEqual(3_000);
    expect(await page()).toContain('Welcome to nginx');
  });

  test('is repaired as the README shows; UPDATE_DOCS=1 writes its transcript', async () => {
    const script = [
      'pid=$(cat /run/nginx.pid); pkill -9 nginx; tail --pid="$pid" -f /dev/null',
      `curl -sS http://localhost/; node ${PROGRAMS}/narrated.mjs`,
    ].join('\n');
    const { stdout } = await lab.host.run(['sh', '-c', `exec 2>&1\n${script}`]);
    const transcript = `# pkill -9 nginx\n# curl -sS http://localhost/\n${stdout}`;
    if (process.env['UPDATE_DOCS']) writeFileSync(TRANSCRIPT, transcript);
    expect(masked(transcript)).toBe(masked(readFileSync(TRANSCRIPT, 'utf8')));
    expect(await page()).toContain('Welcome to nginx');
  });

  test('is found without being listed, because multi-user.target wants it', async () => {
    await lab.kill('nginx');
    const results = await lab.heal();
    expect(results).toMatchObject([{ outcome: 'fixed', issue: { component: 'nginx' } }]);
    expect(await page()).toContain('Welcome to nginx');
  });

  test.each([['listed', ['nginx']] as const, ['not listed', undefined] as const])(
    'is healed by monitoring within a few cycles when it dies while %s',
    async (_, services) => {
      const damage = ['systemctl', 'kill', '--signal=KILL', 'nginx'];
      const [told] = await lab.drive([['monitor', { interval: 0.5, damage, forMs: 15_000 }]], {
        options: { services },
      });
      expect(told).toMatchObject({
        results: [{ outcome: 'fixed', issue: { component: 'nginx' }, actionTaken: 'restart_service' }],
        metrics: { issuesDetected: 1, issuesResolved: 1, issuesFailed: 0, successRate: 1 },
      });
      expect(told.openedInCycle).toBeGreaterThanOrEqual(2);
      expect(told.openedInCycle).toBeLessThanOrEqual(4);
      expect(await page()).toContain('Welcome to nginx');
    },
  );

  test('is not changed by a dry run, which shows the exact steps of the real run that follows', async () => {
    await lab.kill('nginx');
    const before = [...(await lab.runs('nginx', 'dbus', 'systemd-logind')), await lab.jobs()];
    const planned = await lab.healOne('nginx', { options: { dryRun: true } });
    expect(planned).toMatchObject({ outcome: 'planned', success: true, dryRun: true });
    expect([...(await lab.runs('nginx', 'dbus', 'systemd-logind')), await lab.jobs()]).toEqual(before);
    expect(await lab.show('ActiveState', 'nginx')).toBe('failed');

    const done = await lab.healOne('nginx');
    expect(done.outcome).toBe('fixed');
    expect(done.plan?.steps).toEqual(planned.plan?.steps);
    expect(commandsOf(planned)[0]).toBe(START);
  });

  test('that dies soon after its repair has relapsed, waits for the backoff, and counts for the breaker', async () => {
    const death = [
      ['run', ['systemctl', 'kill', '--signal=KILL', 'nginx']],
      ['sleep', 500],
      ['detectAndHeal'],
    ] as const;
    const outcomes = async (firstMs: number) => {
      const guards = { settleMs: { service: 300 }, backoff: { firstMs } };
      const steps = [...death, ...death, ...death, ...death] as const;
      const told = await lab.drive(steps, { options: { services: ['nginx'], guards } });
      const results = [told[2], told[5], told[8], told[11]].flat();
      return results.map(({ outcome, blockedBy }) => blockedBy ?? outcome);
    };
    expect(await outcomes(60_000)).toEqual(['fixed', 'backoff', 'backoff', 'backoff']);
    expect(await lab.show('ActiveState', 'nginx')).toBe('failed');
    await lab.host.systemctl('reset-failed', 'nginx');
    await lab.host.systemctl('start', 'nginx');
    expect(await outcomes(0)).toEqual(['fixed', 'fixed', 'fixed', 'breaker-open']);
  });

  test('is restarted by the executor alone, whose report has the command and is no proof', async () => {
    await lab.kill('nginx');
    const restart = { action: 'restart_service', parameters: { service: 'nginx' } };
    const [dry, real] = await lab.drive([
      ['execute', { ...restart, dryRun: true }],
      ['execute', restart],
    ]);
    expect(dry).toMatchObject({ outcome: 'planned', success: true, dryRun: true, steps: [] });
    expect(real).toMatchObject({ outcome: 'executed', success: true });
    expect(real.steps).toMatchObject([
      { step: START, ok: true },
      { ok: true, notNeeded: true },
      { ok: true, notNeeded: true },
    ]);
    expect(real.steps.map(({ step }) => step)).toEqual(commandsOf(dry));
    expect(await page()).toContain('Welcome to nginx');
  });

  test('is not restarted while it is healthy, unless it is listed', async () => {
    const restart = { action: 'restart_service', parameters: { service: 'nginx' } };
    const run = await lab.runs('nginx');
    const [unlisted] = await lab.drive([['execute', restart]]);
    expect(unlisted).toMatchObject({ outcome: 'skipped', blockedBy: 'not-allowed', steps: [] });
    expect(unlisted.error).toContain('nginx.service is active, not failed');
    expect(await lab.runs('nginx')).toEqual(run);

    const [listed] = await lab.drive([['execute', restart]], { options: { services: ['nginx'] } });
    expect(listed).toMatchObject({ outcome: 'executed' });
    expect(await lab.runs('nginx')).not.toEqual(run);
  });

  test('that cannot start because of its configuration is a failed repair, with the error of systemd', async () => {
    await lab.kill('nginx');
    await lab.host.writeFile('/etc/nginx/conf.d/broken.conf', 'no_such_directive;\n');
    const result = await lab.healOne('nginx');
    expect(result).toMatchObject({ outcome: 'failed', success: false, actionTaken: 'restart_service' });
    expect(result.error).toMatch(/exited with 1: Job for nginx\.service failed/);
    expect(await lab.show('ActiveState', 'nginx')).toBe('failed');
  });

  test('reloads within the same run, with new workers', async () => {
    const workers = async () =>
      (await lab.host.run(['pgrep', '--full', 'nginx: worker process$'])).stdout.trim().split('\n');
    const [run] = await lab.runs('nginx');
    const old = await workers();
    const [execution] = await lab.drive(
      [['execute', { action: 'reload_service', parameters: { service: 'nginx' } }]],
      { options: { services: ['nginx'] } },
    );
    expect(execution).toMatchObject({
      outcome: 'executed',
      steps: [{ step: 'systemctl --no-ask-password reload -- nginx.service', ok: true }],
    });
    await lab.host.waitFor('other workers', async () => !(await workers()).some((pid) => old.includes(pid)));
    expect(await lab.runs('nginx')).toEqual([run]);
  });

  test('is healed by quickHeal only with `dryRun: false`, and the process then ends by itself', async () => {
    const quickHeal = async (options: object) => {
      const given = { services: ['nginx'], enabledChecks: ['services'], ...options };
      const { stdout } = await lab.host.node([`${PROGRAMS}/quick-heal.mjs`, JSON.stringify(given)]);
      const { results, doneAt } = JSON.parse(stdout) as { results: HealingResult[]; doneAt: number };
      expect(Date.now() - doneAt, 'time from the result to the end of the process').toBeLessThan(1_500);
      return results;
    };
    await lab.kill('nginx');
    expect(await quickHeal({})).toMatchObject([{ outcome: 'planned', dryRun: true }]);
    expect(await lab.show('ActiveState', 'nginx')).toBe('failed');
    expect(await quickHeal({ dryRun: false, guards: { settleMs: { service: 300 } } })).toMatchObject([
      { outcome: 'fixed', dryRun: false },
    ]);
    expect(await page()).toContain('Welcome to nginx');
  });

  test('is reported, and not touched, by `npm start`', async () => {
    await lab.kill('nginx');
    const jobs = await lab.jobs();
    const { stdout, stderr, exitCode } = await lab.host.node(['/repo/dist/service/dry-run.js']);
    console.log(stdout);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/✗ nginx +nginx\.service has failed \(signal\)/);
    expect(stdout).toContain(`$ ${START}`);
    expect(stdout).toContain('nothing blocks it');
    // eslint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
    expect(await lab.jobs()).toBe(jobs);

    const { stdout: json } = await lab.host.node(['/repo/dist/service/dry-run.js', '--json']);
    const report = JSON.parse(json) as { issues: { component: string }[] };
    expect(report).toMatchObject({ permissions: { root: true } });
    expect(report.issues.map(({ component }) => component)).toContain('nginx');
  });
});
