import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BUILT_IN_NAMES } from '../../src/actions/registry.js';
import { silentLogger } from '../../src/base/logger.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { OTHER_MACHINE } from '../../src/execute/elevate.js';
import {
  executeHealingAction,
  getPermissionStatus,
  NixOSPermissionHandler,
  type PermissionHandlerOptions,
} from '../../src/execute/permission-handler.js';
import { NO_HISTORY } from '../../src/memory/generations.js';
import { failedUnit, fakeHost } from '../../src/testing/index.js';

const BIN = fileURLToPath(new URL('../fixtures/bin', import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handler-options-'));
  vi.stubEnv('PATH', `${BIN}${delimiter}${process.env.PATH ?? ''}`);
  vi.stubEnv('FAKE_LOG', join(folder, 'log'));
  vi.stubEnv('LUMINOUS_DEV_MODE', undefined);
  as(0);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Simulates running as root, or not. */
const as = (uid: number) => void vi.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(uid);
const RESTART = { action: 'restart_service', parameters: { service: 'nginx' } };
const handler = (more: PermissionHandlerOptions = {}) =>
  new NixOSPermissionHandler({ host: fakeHost({ units: [failedUnit()] }), readsThisMachine: true, ...more });

describe('an option of the executor', () => {
  it.each<PermissionHandlerOptions>([
    {},
    { host: fakeHost() },
    { readsThisMachine: false },
    { readsThisMachine: () => true },
    { actions: {} },
    { healer: () => undefined },
    { services: ['nginx'] },
    { protect: ['nginx'] },
    { thresholds: () => thresholdValues() },
    { mounts: {} },
    { guards: {} },
    { nix: {} },
    { keepSystems: () => [] },
    { history: () => NO_HISTORY },
    { logger: silentLogger },
    { helperSocket: '/run/helper.socket' },
  ])('is known: %o', async (options) => {
    expect(() => new NixOSPermissionHandler(options)).not.toThrow();
    // The same options are accepted by the function.
    const none = { action: 'none', host: fakeHost(), ...options };
    const { action, ...rest } = none;
    expect(await executeHealingAction(action, {}, rest)).toMatchObject({ blockedBy: 'no-action' });
  });

  const logger = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };
  it.each<[unknown, string]>([
    ['services', 'Expected `options` to be an object, got `"services"` (string)'],
    [{ helperSockets: '/x' }, 'in `options`: did you mean `helperSocket`?'],
    [{ helperSocket: 'helper.socket' }, 'Expected `helperSocket` to be an absolute path'],
    [{ host: {} }, 'Expected `host` to be an object with a method `read`'],
    [{ host: null }, 'Expected `host` to be an object with a method `read`'],
    [{ logger: { ...logger, debug: 1 } }, 'Expected `logger` to be an object with a method `debug`'],
    [{ logger: { ...logger, info: 1 } }, 'Expected `logger` to be an object with a method `info`'],
    [{ logger: { ...logger, warn: 1 } }, 'Expected `logger` to be an object with a method `warn`'],
    [{ logger: { ...logger, error: 1 } }, 'Expected `logger` to be an object with a method `error`'],
    [{ healer: {} }, 'Expected `healer` to be a function'],
    [{ thresholds: {} }, 'Expected `thresholds` to be a function'],
    [{ keepSystems: [] }, 'Expected `keepSystems` to be a function'],
    [{ history: {} }, 'Expected `history` to be a function'],
    [{ readsThisMachine: 'yes' }, 'Expected `readsThisMachine` to be true or false'],
  ])('is refused if it is invalid: %o', (options, message) => {
    expect(() => new NixOSPermissionHandler(options as PermissionHandlerOptions)).toThrow(message);
  });

  it('`readsThisMachine` may be a function, which is called again for each plan', async () => {
    let isThis = false;
    const executor = handler({ readsThisMachine: () => isThis });
    const elsewhere = { outcome: 'skipped', blockedBy: 'unavailable', error: OTHER_MACHINE.sentence };
    expect(await executor.execute(RESTART)).toMatchObject(elsewhere);
    isThis = true;
    expect(await executor.execute(RESTART)).toMatchObject({ outcome: 'executed' });
  });

  it('`readsThisMachine` is false by default with a host', async () => {
    const host = fakeHost({ units: [failedUnit()] });
    expect((await new NixOSPermissionHandler({ host }).plan(RESTART)).refusal).toEqual(OTHER_MACHINE);
  });

  it('`logger` may be left out where a warning would be logged', async () => {
    as(1_000);
    vi.stubEnv('LUMINOUS_DEV_MODE', '1');
    expect(await handler().execute(RESTART)).toMatchObject({ outcome: 'executed' });
  });

  it('`helperSocket` is the one whose state is returned', async () => {
    as(1_000);
    const helperSocket = join(folder, 'helper.socket');
    writeFileSync(helperSocket, '');
    const { socket, way, description } = await handler({ helperSocket }).getStatus();
    expect([socket, way]).toEqual([true, 'helper']);
    expect(description).toContain(helperSocket);
  });
});

describe('the permissions of this process', () => {
  it('are the same by the function and by an executor without options', async () => {
    expect(await getPermissionStatus()).toEqual(await new NixOSPermissionHandler().getStatus());
  });
});

describe('the capabilities of the executor', () => {
  it('are listed for each action, with or without a signal', async () => {
    const executor = handler();
    const { signal } = new AbortController();
    for (const options of [undefined, {}, { signal }]) {
      const capabilities = await executor.capabilities(options);
      expect(capabilities.map(({ action }) => action)).toEqual(BUILT_IN_NAMES);
      expect(capabilities.find(({ action }) => action === 'restart_service')).toEqual({
        ...{ action: 'restart_service', status: 'available' },
        reason: 'It would be carried out by this process, which is root',
      });
    }
  });

  it.each<[unknown, string]>([
    ['signal', 'Expected `options` to be an object'],
    [{ signals: 1 }, 'in `options`: did you mean `signal`?'],
    [{ signal: {} }, 'Expected `signal` to be an AbortSignal'],
  ])('are refused for the options %o', async (options, message) => {
    await expect(handler().capabilities(options as never)).rejects.toThrow(message);
  });
});

describe('a plan for another machine', () => {
  const executor = () => handler({ readsThisMachine: false });

  it('is refused', async () => {
    const { refusal, notes } = await executor().plan(RESTART);
    expect(refusal).toEqual(OTHER_MACHINE);
    expect(notes).not.toContain(OTHER_MACHINE.sentence);
  });

  it('has a note in a dry run, and is not refused', async () => {
    const { refusal, notes } = await executor().plan(RESTART, { dryRun: true });
    expect(refusal).toBeUndefined();
    expect(notes).toEqual([OTHER_MACHINE.sentence]);
  });
});

describe('an invalid call of the executor', () => {
  it.each<[unknown, string]>([
    [null, 'Expected `action` to be an object'],
    [{ action: '', parameters: {} }, 'Expected `action.action` to be the name of an action'],
    [{ ...RESTART, dryRun: true }, 'Expected `action.dryRun` to be left out'],
  ])('is not planned: %o', async (action, message) => {
    await expect(handler().plan(action as never)).rejects.toThrow(message);
  });

  it.each<[unknown, unknown, object]>([
    [null, undefined, { action: 'undefined', dryRun: false, error: 'Expected `action` to be an object' }],
    [{ action: '', parameters: {} }, {}, { action: '', error: 'Expected `action.action` to be the name' }],
    [{ ...RESTART, dryRun: true }, { dryRun: true }, { dryRun: true, error: 'Expected `action.dryRun`' }],
    [RESTART, null, { action: 'restart_service', dryRun: false, error: 'Expected `options`' }],
    [RESTART, { dryRun: 'yes' }, { dryRun: false, error: 'Expected `dryRun` to be true or false' }],
    [RESTART, { dryRun: true, approved: 1 }, { dryRun: true, error: 'Expected `approved` to be true' }],
  ])('is a failed result: %o with %o', async (action, options, expected) => {
    const { error = '', ...result } = await handler().execute(action as never, options as never);
    const { error: words, ...rest } = expected as { readonly error: string };
    expect(result).toMatchObject({ outcome: 'failed', success: false, steps: [], ...rest });
    expect(error.startsWith(words)).toBe(true);
  });

  it.each<[unknown, unknown, string]>([
    [{}, 'dryRun', 'Expected `options` to be an object'],
    [{}, { dryrun: true }, 'in `options`: did you mean `dryRun`?'],
    ['nginx', {}, 'Expected `parameters` to be an object'],
    [{ service: 'nginx', dryRun: true }, {}, 'Expected `parameters.dryRun` to be left out'],
  ])('is refused by the function: %o with %o', async (parameters, options, message) => {
    const given = typeof options === 'object' ? { host: fakeHost(), ...options } : options;
    await expect(
      executeHealingAction('restart_service', parameters as never, given as never),
    ).rejects.toThrow(message);
  });
});
