import { describe, expect, it } from 'vitest';
import { parseAnswer } from '../../src/execute/helper-answer.js';
import type { HelperRequest } from '../../src/execute/helper-protocol.js';
import { planOf, unitTargetOf } from '../make.js';

const REQUEST: HelperRequest = {
  ...{ version: 1, do: 'execute', action: 'restart_service', parameters: { service: 'nginx' } },
};
const limits = { timeoutMs: 1_000, interruptible: true };
const COMMAND = { kind: 'command', argv: ['true'], needsRoot: true, ...limits };
const EFFECTS = {
  touches: [{ id: 'a.service', names: ['a.service'], how: 'stopped', refuseManualStart: false }],
  touchesIfUp: ['b.service'],
  starts: [{ id: 'c.service', names: ['c.service'], atBoot: true }],
  ...{ onFailure: [], onSuccess: [], emergency: [] },
};
const GENERATION = { from: '/nix/store/b', to: '/nix/store/a', verb: 'switch', units: [], failing: [] };
const PLAN = planOf({ targets: [{ kind: 'plain', id: 'x' }] });
const REPORT = { step: 'true', ok: true, durationMs: 1 };
const ANSWER = {
  ...{ version: 1, action: REQUEST.action, outcome: 'executed', success: true, dryRun: false },
  ...{ plan: PLAN, steps: [REPORT], durationMs: 2 },
};
const BLOCK = { reason: 'needs-approval', sentence: 'A check refuses it' };

const parse = (answer: object, request: HelperRequest = REQUEST) =>
  parseAnswer(`${JSON.stringify({ ...ANSWER, ...answer })}\n`, request);
const SHAPE = 'The answer of the root helper is invalid: it does not have the shape of an answer';

describe('an answer of the root helper is accepted', () => {
  it('without its version, and frozen', () => {
    const { version: _version, ...answer } = ANSWER;
    const parsed = parse({});
    expect(parsed).toEqual(answer);
    const parts = [parsed, parsed.plan, parsed.plan?.parameters, parsed.plan?.targets, parsed.plan?.notes];
    for (const part of [...parts, parsed.plan?.steps, ...(parsed.plan?.targets ?? [])])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it.each<[string, object]>([
    ['a command with input', { ...COMMAND, input: '1' }],
    ['a command after the start limit', { ...COMMAND, onlyIf: 'start-limit-hit' }],
    ['a command that undoes a switch', { ...COMMAND, onlyIf: 'not-activated' }],
    ['a command without the boot loader', { ...COMMAND, onlyIf: 'boot-loader-failed' }],
    ['a file to write', { kind: 'write', path: '/sys/x', content: '1', needsRoot: true, ...limits }],
  ])('with a step that is %s', (_which, step) => {
    const [parsed] = parse({ plan: { ...PLAN, steps: [step] } }).plan?.steps ?? [];
    expect(parsed).toEqual(step);
    expect(Object.isFrozen(parsed)).toBe(true);
  });

  it('with a function step, which cannot run here', () => {
    const steps = [{ kind: 'call', name: 'measure', ...limits }];
    const [parsed] = parse({ plan: { ...PLAN, steps } }).plan?.steps ?? [];
    expect(parsed).toMatchObject(steps[0]!);
    if (parsed?.kind !== 'call') throw new Error('It is no call');
    const { signal } = new AbortController();
    expect(() => parsed.run({ signal })).toThrow('`measure` runs in the root helper only');
  });

  it.each<[string, object]>([
    ['was skipped', { outcome: 'skipped', blockedBy: 'budget', error: '6 of 6', steps: [] }],
    ['failed', { outcome: 'failed', error: '`true` exited with 1' }],
  ])('without a plan if the act %s', (_how, more) => {
    const parsed = parse({ ...more, plan: undefined });
    expect(parsed).toMatchObject(more);
    expect(parsed).not.toHaveProperty('plan');
  });

  it.each<[string, object]>([
    ['an unreadable unit', { kind: 'unreadable', id: 'x.service', reason: 'no bus' }],
    ['a unit', unitTargetOf()],
    ['a unit of a group', unitTargetOf({ listedThrough: ['web.target'], lacksDependency: true })],
  ])('with a target that is %s', (_which, target) => {
    expect(parse({ plan: { ...PLAN, targets: [target] } }).plan?.targets).toEqual([target]);
  });

  it.each(['stopped', 'restarted', 'reloaded'])('with an effect on a unit that is %s', (how) => {
    const effects = { ...EFFECTS, touches: [{ ...EFFECTS.touches[0], how }] };
    expect(parse({ plan: { ...PLAN, effects } }).plan?.effects).toEqual(effects);
  });

  it.each<[string, object]>([
    ['a reversible risk', { risk: 'reversible' }],
    ['the approval of a person', { approval: 'It stops mail', approvedBy: 'person' }],
    ['a way back', { undo: 'Start it', restore: { action: 'x', parameters: {} }, baseline: { load: 1 } }],
    ['a refusal', { refusal: BLOCK }],
    ['a switch', { generation: GENERATION }],
    ['a switch at the next boot', { generation: { ...GENERATION, verb: 'boot' } }],
    ['a rebuild', { generation: { ...GENERATION, to: null } }],
  ])('with a plan that has %s', (_what, more) => {
    expect(parse({ plan: { ...PLAN, ...more } }).plan).toMatchObject(more);
  });

  it.each<[string, object]>([
    ['was not needed', { ...REPORT, notNeeded: true }],
    ['was retried', { ...REPORT, ok: false, error: 'exited with 1', retried: true }],
    ['was blocked', { ...REPORT, ok: false, output: 'no', block: BLOCK }],
  ])('with a step that %s', (_how, report) => {
    expect(parse({ steps: [report] }).steps).toEqual([report]);
  });
});

describe('an answer of the root helper is refused', () => {
  it.each([
    ['without its last newline', JSON.stringify(ANSWER), 'it is incomplete'],
    ['that is not JSON', 'Segmentation fault\n', 'it is not JSON'],
  ])('%s', (_which, text, message) => {
    expect(() => parseAnswer(text, REQUEST)).toThrow(message);
  });

  it.each<[string, object]>([
    ['no duration', { durationMs: undefined }],
    ['no steps', { steps: undefined }],
    ['an unknown outcome', { outcome: 'done' }],
    ['an unknown reason for a block', { outcome: 'skipped', blockedBy: 'tired', error: 'No' }],
    ['a report without its result', { steps: [{ ...REPORT, ok: undefined }] }],
    ['a report that was perhaps not needed', { steps: [{ ...REPORT, notNeeded: 'perhaps' }] }],
    ['a report that was not retried', { steps: [{ ...REPORT, retried: false }] }],
  ])('with %s', (_what, more) => {
    expect(() => parse(more)).toThrow(SHAPE);
  });

  it.each<[string, object]>([
    ['of process scope', { scope: 'process' }],
    ['with an unknown risk', { risk: 'none' }],
    ['without targets', { targets: undefined }],
    ['with an unknown kind of target', { targets: [{ kind: 'mount', id: 'x' }] }],
    ['with a unit without its state', { targets: [{ ...unitTargetOf(), activeState: undefined }] }],
    ['with an unreadable target without a reason', { targets: [{ kind: 'unreadable', id: 'x' }] }],
    ['with an unknown kind of step', { steps: [{ ...COMMAND, kind: 'shell' }] }],
    ['with an unknown condition', { steps: [{ ...COMMAND, onlyIf: 'always' }] }],
    ['with a command of one text', { steps: [{ ...COMMAND, argv: 'true' }] }],
    ['with a step without a limit', { steps: [{ ...COMMAND, timeoutMs: null }] }],
    ['with a file without its content', { steps: [{ ...COMMAND, kind: 'write', path: '/sys/x' }] }],
    ['with unknown effects', { effects: { ...EFFECTS, touches: [{ ...EFFECTS.touches[0], how: 'hurt' }] } }],
    ['with an approval by nobody', { approvedBy: 'nobody' }],
    ['with an unknown verb of a switch', { generation: { ...GENERATION, verb: 'test' } }],
    ['without the running system', { generation: { ...GENERATION, from: null } }],
  ])('with a plan %s', (_what, more) => {
    expect(() => parse({ plan: { ...PLAN, ...more } })).toThrow(SHAPE);
  });

  it.each<[string, object, string]>([
    ['is skipped without a gate', { outcome: 'skipped', error: 'No' }, '`skipped` contradicts'],
    ['is skipped without a sentence', { outcome: 'skipped', blockedBy: 'budget' }, '`skipped` contradicts'],
    ['failed without an error', { outcome: 'failed' }, '`failed` contradicts'],
    ['was executed without a plan', { plan: undefined }, '`executed` contradicts'],
    ['was only planned', { outcome: 'planned' }, '`planned` contradicts'],
    ['has no name', { action: '' }, 'it is about ``'],
    ['failed without a name, after a step', { action: '', outcome: 'failed', error: 'No' }, 'it is about ``'],
    [
      'failed under another name, before any step',
      { action: 'other', outcome: 'failed', error: 'No', steps: [] },
      'it is about `other`',
    ],
    ['has no name and no steps', { action: '', steps: [] }, 'it is about ``'],
  ])('if the act %s', (_how, more, message) => {
    expect(() => parse(more)).toThrow(message);
  });

  it('if it was executed, but a plan was requested', () => {
    const request: HelperRequest = { ...REQUEST, do: 'plan' };
    expect(() => parse({}, request)).toThrow('the outcome `executed` contradicts the rest of it');
    expect(parse({ outcome: 'planned' }, request).outcome).toBe('planned');
  });
});

describe('the plan in an answer of the root helper', () => {
  const requested: HelperRequest = {
    ...REQUEST,
    parameters: {
      ...{ service: 'nginx', governors: { policy0: 'performance', policy4: 'powersave' }, level: 5 },
    },
  };

  it.each<[string, boolean, Record<string, unknown>]>([
    ['the same parameters', true, { ...requested.parameters }],
    ['one more', true, { ...requested.parameters, maxFreed: 1 }],
    [
      'entries in another order',
      true,
      {
        ...requested.parameters,
        governors: { policy4: 'powersave', policy0: 'performance' },
      },
    ],
    ['one less', false, { ...requested.parameters, service: undefined }],
    ['none of them', false, {}],
    ['another number', false, { ...requested.parameters, level: 6 }],
    ['another text', false, { ...requested.parameters, service: 'sshd' }],
    ['another entry', false, { ...requested.parameters, governors: { policy0: 'performance' } }],
    ['a list in place of a text', false, { ...requested.parameters, service: ['nginx'] }],
  ])('fits the request if it has %s: %s', (_what, fits, parameters) => {
    const parsed = () => parse({ plan: { ...PLAN, parameters } }, requested);
    if (fits) expect(parsed().plan?.parameters).toEqual(parameters);
    else expect(parsed).toThrow('its plan is for another action');
  });

  it('fits the request only if it is of the same action', () => {
    const plan = { ...PLAN, action: 'reload_service' };
    expect(() => parse({ plan })).toThrow('its plan is for another action');
  });
});
