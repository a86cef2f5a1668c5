import { describe, expect, it } from 'vitest';
import { createSelfHealingEngine } from '../../src/engine/create.js';
import { isSelfHealingError } from '../../src/base/errors.js';
import { fakeClock, fakeExecutor, fakeHost, recordingLogger } from '../../src/testing/index.js';

const make = (options: unknown) => () => createSelfHealingEngine(options as never);

describe('an invalid option of the engine', () => {
  it.each([
    [{ dry_run: true }, 'Unknown option `dry_run` in `options`: did you mean `dryRun`?'],
    [{ drurun: true }, 'did you mean `dryRun`?'],
    [{ service: ['nginx'] }, 'did you mean `services`?'],
    [{ frobnicate: 1 }, 'Unknown option `frobnicate` in `options`; known: dryRun'],
    [{ dryRun: 'true' }, 'Expected `dryRun` to be true or false, got `"true"` (string)'],
    [{ verbose: 1 }, 'Expected `verbose` to be true or false'],
    [{ logger: {} }, 'Expected `logger` to be an object with a method `debug`'],
    [{ host: () => 1 }, 'Expected `host` to be an object with a method `read`'],
    [{ detector: {} }, 'Expected `detector` to be an object with a method `detectIssues`'],
    [{ resolver: {} }, 'Expected `resolver` to be an object with a method `getAction`'],
    [{ executor: { execute: () => 1 } }, 'Expected `executor` to be an object with a method `plan`'],
    [{ clock: { now: () => 1 } }, 'Expected `clock` to be an object with a method `monotonic`'],
    [{ services: 'nginx' }, 'Expected `services` to be an array of unit names'],
    [{ services: ['ng inx'] }, 'Expected `services[0]` to be a systemd unit name'],
    [{ protect: 'nginx' }, 'Expected `protect` to be an array of strings'],
    [{ protect: [''] }, 'Expected `protect[0]` to be a non-empty string'],
    [
      { thresholds: { cpuPercent: NaN } },
      'Expected `cpuPercent` to be a number from 0 to 100, got `NaN` (number)',
    ],
    [
      { thresholds: { cpuPercent: 'high' } },
      'Expected `cpuPercent` to be a number from 0 to 100, got `"high"` (string)',
    ],
    [{ thresholds: { diskPercent: 101 } }, 'Expected `diskPercent` to be a number from 0 to 100'],
    [{ enabledChecks: ['cpus'] }, 'Unknown check `cpus` in `enabledChecks`: did you mean `cpu`?'],
    [{ enabledChecks: 'cpu' }, 'Expected `enabledChecks` to be an array of strings'],
    [{ checks: [{ name: 'cpu' }] }, 'Expected `check.name` to be a name that no other check has'],
    [{ actions: { mine: {} } }, 'Expected `actions.mine` to be an object with a method `parse`'],
    [{ actions: [] }, 'Expected `actions` to be an object'],
    [{ guards: { lasting: { cpu: 0 } } }, 'Expected `guards.lasting.cpu` to be'],
    [{ guards: { lastnig: {} } }, 'did you mean `lasting`?'],
    [
      { detector: { detectIssues: () => 1 }, thresholds: {} },
      'Expected `thresholds` to be left out beside `detector`',
    ],
    [null, 'Expected `options` to be an object, got `null`'],
    [[], 'Expected `options` to be an object, got `[]` (array)'],
    [true, 'Expected `options` to be an object, got `true` (boolean)'],
  ])('%o is refused in one sentence', (options, sentence) => {
    const given =
      options !== null && typeof options === 'object' && !Array.isArray(options) && !('host' in options);
    const make_ = make(given ? { host: fakeHost(), ...options } : options);
    expect(make_).toThrow(sentence);
    let thrown: unknown;
    try {
      make_();
    } catch (error) {
      thrown = error;
    }
    expect(isSelfHealingError(thrown)).toBe(true);
    expect(thrown).toMatchObject({ code: 'invalid-argument' });
    expect((thrown as Error).message).not.toContain('\n');
  });
});

describe('the options of the engine', () => {
  it('may all be omitted or undefined', () => {
    const names = [
      'dryRun',
      'verbose',
      'logger',
      'services',
      'protect',
      'thresholds',
      'enabledChecks',
      'checks',
    ];
    const more = ['actions', 'guards', 'detector', 'resolver', 'executor', 'clock', 'state', 'approve'];
    const nothing = Object.fromEntries([...names, ...more].map((name) => [name, undefined]));
    const engine = createSelfHealingEngine({ ...nothing, host: fakeHost() });
    expect(engine).toMatchObject({ dryRun: false, verbose: false, healingEnabled: true });
  });

  it("are never modified: the caller's object may be frozen", async () => {
    const deep = <T extends object>(value: T): T => {
      for (const part of Object.values(value))
        if (typeof part === 'object' && part !== null) deep(part as object);
      return Object.freeze(value);
    };
    const options = {
      ...deep({
        dryRun: true,
        services: ['nginx', { unit: 'redis', keepRunning: true }],
        protect: ['mine'],
        thresholds: { cpuPercent: 70 },
        enabledChecks: ['cpu'],
        guards: { lasting: { cpu: 1 } },
      }),
      host: fakeHost(),
      clock: fakeClock(),
      executor: fakeExecutor(),
      logger: recordingLogger(),
    };
    const engine = createSelfHealingEngine(Object.freeze(options));
    await engine.detectAndHeal();
    engine.detector.thresholds.cpuPercent = 60;
    engine.detector.enabledChecks = ['disk'];
    engine.dryRun = false;
    expect(options.thresholds.cpuPercent).toBe(70);
  });

  it('are passed to the parts that use them', async () => {
    const host = fakeHost();
    const engine = createSelfHealingEngine({
      host,
      services: ['nginx'],
      thresholds: { memoryPercent: 50 },
      enabledChecks: ['memory', 'services'],
    });
    expect(engine.detector.thresholds.memoryPercent).toBe(50);
    await engine.detectAndHeal();
    expect(host.requests[0]).toMatchObject({ parts: ['memory', 'units'], units: ['nginx.service'] });
  });
});
