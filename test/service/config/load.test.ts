import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS } from '../../../src/model/guards.js';
import { silentLogger } from '../../../src/base/logger.js';
import { loadConfig, parseConfig } from '../../../src/service/config/load.js';
import { engineOf } from '../../../src/service/daemon/running.js';

const mistakes = async (text: string): Promise<readonly string[]> => {
  const loaded = await parseConfig(text, 'c.json');
  return 'mistakes' in loaded ? loaded.mistakes : [];
};

describe('a configuration', () => {
  it('may be empty, and may have comments and trailing commas', async () => {
    expect(await parseConfig('{}', 'c.json')).toEqual({ config: {} });
    expect(await parseConfig('// mine\n{ "interval": 30, /* s */ }', 'c.json')).toEqual({
      config: { interval: 30 },
    });
  });

  it('may set every option', async () => {
    const config = {
      interval: 0.5,
      dryRun: true,
      verbose: false,
      jsonEvents: true,
      services: ['nginx', { unit: 'redis', keepRunning: true, restartForMemory: false }],
      protect: ['database*'],
      thresholds: { cpuPercent: 90, memoryPercent: 90, diskPercent: 80, loadAverage: 8 },
      enabledChecks: ['cpu', 'services'],
      guards: DEFAULT_GUARDS,
      nix: {
        allowRollback: true,
        deleteOlderThan: '30d',
        rebuild: { flake: '/etc/nixos#host', flags: ['-L'] },
      },
      allowedActions: ['restart_service'],
      state: '/var/lib/x/state.json',
      metrics: { host: '0.0.0.0', port: 9_100 },
      dashboard: { host: '192.0.2.1', port: 0, tokenFile: '/etc/token', controls: true },
    };
    expect(await parseConfig(JSON.stringify(config), 'c.json')).toEqual({ config });
  });

  it('has all its mistakes reported, each with its position, in the order of the file', async () => {
    const text = `{
  "interval": 0,
  "services": ["nginx", "two words",
               { "keepRunning": 1 }],
  "guards": { "lasting": { "cpu": 0 } },
  "dryrun": true, "verbose": true,
  "verbose": false
}`;
    expect(await mistakes(text)).toEqual([
      'c.json:2:3: Expected `interval` to be a number of seconds over 0 and up to 2147483, got `0` (number)',
      'c.json:3:25: Expected `services[1]` to be a systemd unit name, got `"two words"` (string)',
      'c.json:4:16: `services[2]` lacks `unit`',
      'c.json:4:18: Expected `services[2].keepRunning` to be true or false, got `1` (number)',
      'c.json:5:28: Expected `guards.lasting.cpu` to be a number from 1 to 1000, got `0` (number)',
      'c.json:6:3: Unknown option `dryrun` in `configuration`: did you mean `dryRun`?',
      'c.json:7:3: `verbose` stands here twice',
    ]);
  });

  it.each([
    ['', 'c.json:1:1: Unexpected end of input'],
    ['{ "a": }', 'c.json:1:8: Unexpected `}`'],
    ['{\n  "a" 1 }', 'c.json:2:7: Unexpected number'],
    ['[]', 'c.json:1:1: Expected `configuration` to be an object, got `[]` (array)'],
    ['null', 'c.json:1:1: Expected `configuration` to be an object, got `null`'],
    ['{ "protect": "a" }', 'c.json:1:3: Expected `protect` to be a list of unit names, got `"a"` (string)'],
    [
      '{ "__proto__": {} }',
      'c.json:1:3: Unknown option `__proto__` in `configuration`: did you mean `protect`?',
    ],
    [
      '{ "constructor": 1 }',
      /^c\.json:1:3: Unknown option `constructor` in `configuration`; known: interval/,
    ],
    [
      '{ "metrics": { "port": 1.5 } }',
      'c.json:1:16: Expected `metrics.port` to be a whole number, got `1.5` (number)',
    ],
    [
      '{ "metrics": { "host": "a b" } }',
      /Expected `metrics\.host` to be an IP address or the name of a host/,
    ],
    [
      '{ "state": "state.json" }',
      'c.json:1:3: Expected `state` to be an absolute path, got `"state.json"` (string)',
    ],
    ['{ "allowedActions": ["restart"] }', /^c\.json:1:22: Unknown action `restart` in `allowedActions\[0\]`/],
  ])('is refused: %s', async (text, sentence) => {
    expect(await mistakes(text)).toEqual([
      typeof sentence === 'string' ? sentence : expect.stringMatching(sentence),
    ]);
  });

  it('is refused for an invalid combination', async () => {
    const text = '{ "metrics": {}, "dashboard": { "host": "0.0.0.0", "port": 9090, "controls": true } }';
    expect(await mistakes(text)).toEqual([
      'c.json:1:18: `metrics` and `dashboard` cannot both have port 9090',
      'c.json:1:33: `dashboard.host` is 0.0.0.0, which needs a `dashboard.tokenFile`',
      'c.json:1:66: `dashboard.controls` needs a `dashboard.tokenFile`',
    ]);
  });

  it('that is accepted is accepted by the engine, too', async () => {
    let accepted = 0;
    const value = fc.oneof(
      fc.integer({ min: -5, max: 200 }),
      fc.double(),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
    );
    const usually = <T>(valid: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
      fc.oneof({ weight: 9, arbitrary: valid }, { weight: 1, arbitrary: value });
    const unit = usually(fc.constantFrom('nginx', 'redis.service', 'worker@*'));
    const text = fc
      .record(
        {
          dryRun: usually(fc.boolean()),
          services: fc.array(fc.oneof(unit, fc.record({ unit })), { maxLength: 3 }),
          thresholds: fc.dictionary(
            fc.constantFrom('cpuPercent', 'diskPercent', 'loadAverage'),
            usually(fc.integer({ min: 0, max: 100 })),
          ),
          guards: fc.record({
            lasting: fc.dictionary(fc.constantFrom('cpu', 'load'), usually(fc.integer({ min: 1, max: 20 }))),
          }),
          enabledChecks: fc.array(usually(fc.constantFrom('cpu', 'disk', 'services')), { maxLength: 3 }),
        },
        { requiredKeys: [] },
      )
      .map((config) => JSON.stringify(config));
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        const loaded = await parseConfig(given, 'c.json');
        if (!('config' in loaded)) return;
        engineOf(loaded.config, { logger: silentLogger, stateFolder: undefined });
        accepted += 1;
      }),
      { seed: 6, numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(100);
    expect(accepted).toBeLessThan(490);
  });

  it('of any text gives a configuration or mistakes with their positions', async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        for (const mistake of await mistakes(text)) {
          expect(mistake).toMatch(/^c\.json:\d+:\d+: ./);
          found += 1;
        }
      }),
      { seed: 6, numRuns: 1_000 },
    );
    expect(found).toBeGreaterThan(500);
  });
});

describe('a configuration file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('that does not exist is reported as missing, with what to do', async () => {
    const path = join(folder, 'none.json');
    expect(await loadConfig(path)).toEqual({
      mistakes: [
        `The configuration ${path} cannot be read: ENOENT: no such file or directory, open '${path}'; write one, of which \`{}\` is the shortest`,
      ],
    });
  });

  it.each([
    ['is not text', Buffer.from([0x7b, 0xff, 0x7d]), /not valid for encoding utf-8/],
    ['is huge', Buffer.alloc(1024 * 1024 + 1, ' '), /it has 1048577 bytes \(limit 1048576\)/],
  ])('that %s is refused', async (_, content, sentence) => {
    const path = join(folder, 'odd.json');
    writeFileSync(path, content);
    expect(await loadConfig(path)).toEqual({ mistakes: [expect.stringMatching(sentence)] });
  });
});
