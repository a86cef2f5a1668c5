import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/base/logger.js';
import { parseConfig } from '../../../src/service/config/load.js';
import { engineOf } from '../../../src/service/daemon/running.js';

const parsed = (checks: unknown, more = {}) => parseConfig(JSON.stringify({ ...more, checks }), 'c.json');
const mistakes = async (checks: unknown, more = {}): Promise<readonly string[]> => {
  const loaded = await parsed(checks, more);
  return 'mistakes' in loaded ? loaded.mistakes : [];
};

describe('checks in the configuration file', () => {
  it('may be of every kind without code, and become checks of the engine', async () => {
    const checks = {
      web: { http: { url: 'http://127.0.0.1/health', json: { status: 'up' } }, heals: 'nginx', every: 60 },
      cache: {
        tcp: { port: 6379, ready: 'redis' },
        heals: { action: 'restart_service', parameters: { service: 'redis' } },
      },
      certificate: { tls: { host: 'example.org', minDays: 21 }, every: 3600, severity: 2 },
      app: { unixSocket: { path: '/run/app.sock' }, failAfter: 3, recoverAfter: 2, settleMs: 5_000 },
      api: { process: { unit: 'api', maxZombies: 10 } },
      log: { file: { path: '/var/log/app.log', lacks: 'panic', onlyNew: true } },
      backup: { directory: { path: '/var/backup', newestMaxAgeSeconds: 90_000 }, component: 'backups' },
      raid: { command: { argv: ['mdadm', '--detail', '--test', '/dev/md0'] }, timeoutMs: 10_000 },
      nightly: { timer: { timer: 'backup', maxAgeSeconds: 90_000 } },
      time: { clock: {} },
      stalls: { pressure: { resource: 'memory', of: 'full', maxPercent: 20 } },
    };
    const loaded = await parsed(checks, { services: ['nginx', 'redis'], enabledChecks: ['cpu'] });
    expect('mistakes' in loaded ? loaded.mistakes : []).toEqual([]);
    if (!('config' in loaded)) return;
    await using engine = engineOf(loaded.config, { logger: silentLogger, stateFolder: undefined });
    expect(engine.detector.enabledChecks).toEqual(['cpu', ...Object.keys(checks)]);
  });

  it.each<[string, unknown, string]>([
    [
      'an unknown kind',
      { web: { htpp: {} } },
      '1:19: Unknown option `htpp` in `checks.web`: did you mean `http`?',
    ],
    [
      'an unknown option',
      { web: { http: { url: 'http://x', stauts: 1 } } },
      'Unknown option `stauts` in `checks.web.http`: did you mean `status`?',
    ],
    [
      'a wrong value',
      { web: { http: { url: 'x' } } },
      '1:27: Expected `checks.web.http.url` to be an address such as',
    ],
    ['an option that is needed', { web: { http: {} } }, '`checks.web.http` lacks `url`'],
    ['no kind', { web: { heals: 'nginx' } }, '`checks.web` needs exactly one kind of check, has none'],
    [
      'two kinds',
      { web: { clock: {}, tcp: { port: 1 } } },
      'needs exactly one kind of check, has tcp and clock',
    ],
    [
      'options that exclude each other',
      { a: { process: { unit: 'a', match: 'b' } } },
      'Expected `checks.a.process` to be an object with exactly one of',
    ],
    [
      'the name of a built-in check',
      { cpu: { clock: {} } },
      '1:12: Expected `checks.cpu` to be a name that no built-in check has, got `"cpu"` (string)',
    ],
    [
      'a wrong unit',
      { web: { clock: {}, heals: 'two words' } },
      'Expected `checks.web.heals` to be a systemd unit name',
    ],
    [
      'a wrong time',
      { web: { clock: {}, every: 0 } },
      'Expected `checks.web.every` to be a number of seconds over 0',
    ],
    ['a list', [], 'Expected `checks` to be an object'],
    [
      'a relative secret',
      { a: { http: { url: 'http://x', auth: { token: { file: 'x' } } } } },
      'Expected `checks.a.http.auth.token.file` to be an absolute path',
    ],
  ])('are refused with %s, with its position', async (_what, checks, sentence) => {
    expect(await mistakes(checks)).toEqual([expect.stringContaining(sentence)]);
  });

  it('are refused if they would restart a unit that may not be restarted', async () => {
    const checks = { web: { clock: {}, heals: 'nginx' } };
    expect(await mistakes(checks, { services: ['redis'] })).toEqual([
      expect.stringContaining('`checks.web.heals` is nginx, which is not in `services`'),
    ]);
    expect(await mistakes(checks, { services: ['nginx.service'] })).toEqual([]);
    expect(await mistakes(checks)).toEqual([]);
  });
});
