import { describe, expect, it } from 'vitest';
import {
  EXECUTE_OPTIONS,
  expectExecuteOptions,
  expectHealingAction,
  expectPlanOptions,
  refuseDryRunIn,
} from '../../src/execute/execute-options.js';
import { planOf } from '../make.js';

const signal = new AbortController().signal;

describe('the options of `execute`', () => {
  it('are these', () => {
    expect(EXECUTE_OPTIONS).toEqual(['dryRun', 'signal', 'approved', 'plan', 'onPlan']);
  });

  it.each<[string, object | undefined]>([
    ['left out', undefined],
    ['empty', {}],
    ['complete', { dryRun: false, signal, approved: true, plan: planOf(), onPlan: () => undefined }],
    [
      'all undefined',
      { dryRun: undefined, signal: undefined, approved: undefined, plan: undefined, onPlan: undefined },
    ],
  ])('are returned as they are if they are %s', (_which, options) => {
    expect(expectExecuteOptions(options)).toEqual(options ?? {});
  });

  it.each<[unknown, string]>([
    [null, 'Expected `options` to be an object'],
    [{ dryrun: true }, 'Unknown option `dryrun` in `options`: did you mean `dryRun`?'],
    [{ dryRun: 'yes' }, 'Expected `dryRun` to be true or false'],
    [{ approved: 1 }, 'Expected `approved` to be true or false'],
    [{ signal: {} }, 'Expected `signal` to be an AbortSignal'],
    [{ onPlan: 'log' }, 'Expected `onPlan` to be a function'],
    [{ plan: 'restart' }, 'Expected `plan` to be an object'],
  ])('%o are refused: %s', (options, message) => {
    expect(() => expectExecuteOptions(options)).toThrow(message);
  });

  it.each(['action', 'targets', 'steps'])('are refused if their plan lacks `%s`', (key) => {
    expect(() => expectExecuteOptions({ plan: { ...planOf(), [key]: undefined } })).toThrow(
      'Expected `plan` to be a plan, as `executor.plan(action)` returns it',
    );
  });
});

describe('the options of `plan`', () => {
  it.each([{}, { dryRun: true, signal }, { dryRun: undefined, signal: undefined }])(
    'are returned as they are: %o',
    (options) => {
      expect(expectPlanOptions(options)).toBe(options);
    },
  );

  it.each<[unknown, string]>([
    [undefined, 'Expected `options` to be an object'],
    [{ approved: true }, 'Unknown option `approved` in `options`; known: dryRun, signal'],
    [{ dryRun: 'yes' }, 'Expected `dryRun` to be true or false'],
    [{ signal: 1 }, 'Expected `signal` to be an AbortSignal'],
  ])('%o are refused: %s', (options, message) => {
    expect(() => expectPlanOptions(options)).toThrow(message);
  });
});

describe('an action to execute', () => {
  it('is returned as it is', () => {
    const action = { action: 'restart_service', parameters: { service: 'nginx' } };
    expect(expectHealingAction(action)).toBe(action);
  });

  it.each<[unknown, string]>([
    ['restart_service', 'Expected `action` to be an object'],
    [{ parameters: {} }, 'Expected `action.action` to be the name of an action'],
    [{ action: '', parameters: {} }, 'Expected `action.action` to be the name of an action'],
    [{ action: 'none' }, 'Expected `action.parameters` to be an object'],
    [{ action: 'none', parameters: [] }, 'Expected `action.parameters` to be an object'],
    [
      { action: 'none', parameters: {}, dryRun: true },
      'Expected `action.dryRun` to be left out: `dryRun` belongs in the options, got `true`',
    ],
  ])('is refused if it is %o: %s', (action, message) => {
    expect(() => expectHealingAction(action)).toThrow(message);
  });
});

describe('a dry run that is requested in the wrong place', () => {
  it.each(['dryRun', 'dry_run'])('is refused, also with the value `undefined`: %s', (key) => {
    expect(() => refuseDryRunIn('parameters', { [key]: undefined })).toThrow(
      `Expected \`parameters.${key}\` to be left out: \`dryRun\` belongs in the options`,
    );
  });

  it('is not seen in other parameters', () => {
    expect(() => refuseDryRunIn('parameters', { service: 'nginx' })).not.toThrow();
  });
});
