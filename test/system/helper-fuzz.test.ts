import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Execution } from '@luminous-nix/self-healing';
import { requestBytes } from '../fuzz/requests.js';
import { installHelper, MEMBER } from './helper-units.js';
import { describeOnHost, PROGRAMS } from './lab.js';

/** Number of generated requests at the real socket. */
const RUNS = Number(process.env['SOCKET_FUZZ_RUNS'] ?? 1_000);
const SEED = 20_261_123;

describeOnHost('the socket of the root helper', (lab) => {
  test(
    'answers any input in one line, and affects nothing outside of the policy',
    async () => {
      // One of the requested units is allowed; another one exists, and must not be affected.
      await installHelper(lab.host, {
        actions: ['restart_service'],
        services: ['nginx'],
        limits: { componentPerHour: 1_000, hostPerHour: 1_000 },
      });
      await lab.host.writeUnit('redis.service', '[Service]\nExecStart=sleep infinity\n');
      await lab.host.systemctl('start', 'nginx', 'redis');
      const untouched = ['redis', 'dbus', 'systemd-logind', 'systemd-journald'];
      const before = await lab.runs(...untouched);

      const sound = Buffer.from(
        '{"version":1,"do":"execute","action":"restart_service","parameters":{"service":"nginx"}}\n',
      );
      const odd = fc.sample(requestBytes, { seed: SEED, numRuns: RUNS - 2 }).map(withNewline);
      // At the end it must work as at the beginning.
      const requests = [sound, ...odd, sound];
      const input = JSON.stringify({
        requests: requests.map((bytes) => Buffer.from(bytes).toString('base64')),
        patient: true,
      });
      const { stdout } = await lab.host.node([`${PROGRAMS}/ask-helper.mjs`], {
        user: MEMBER,
        input,
        timeoutMs: 30 * 60_000,
      });
      const told = (JSON.parse(stdout) as { said?: string; code?: string }[]).map(({ said = '', code }) => {
        expect(code).toBeUndefined();
        expect(said.indexOf('\n')).toBe(said.length - 1);
        return JSON.parse(said) as Execution;
      });
      expect(told).toHaveLength(RUNS);
      const outcomes: Record<string, number> = {};
      for (const { outcome, action, plan, error } of told) {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        if (outcome === 'executed' || outcome === 'planned') {
          expect([action, ...(plan?.targets.map(({ id }) => id) ?? [])]).toEqual([
            'restart_service',
            'nginx.service',
          ]);
        } else expect(error).toBeTypeOf('string');
      }
      console.log(`${RUNS} requests through the socket, seed ${SEED}: ${JSON.stringify(outcomes)}`);
      expect([told.at(0)?.outcome, told.at(-1)?.outcome]).toEqual(['executed', 'executed']);
      expect(await lab.runs(...untouched)).toEqual(before);
      expect(await lab.host.systemctl('--failed', '--plain', '--no-legend')).toBe('');

      const journal = await lab.host.run([
        'journalctl',
        '-t',
        'luminous-healing-helper',
        '-o',
        'cat',
        '--no-pager',
      ]);
      const lines = journal.stdout.split('\n').filter(Boolean);
      expect(lines.filter((line) => !/^(request|answer) {[\x20-\x7e]*}$/.test(line))).toEqual([]);
      expect(lines.filter((line) => line.startsWith('answer')).length).toBe(RUNS);
      expect(lines.length).toBe(2 * RUNS);
    },
    40 * 60_000,
  );
});

/** Every request ends with a newline, except those that were damaged to have one inside. */
function withNewline(bytes: Uint8Array): Uint8Array {
  return bytes.includes(0x0a) ? bytes : Uint8Array.from([...bytes, 0x0a]);
}
