import { describe, expect, it } from 'vitest';
import { jobsOf, namedBy } from '../../src/execute/plan-effects.js';
import type { CallStep, CommandStep, WriteStep } from '../../src/model/plan.js';

const limits = { timeoutMs: 1_000, interruptible: true };
const stepOf = (...argv: string[]): CommandStep => ({ kind: 'command', argv, needsRoot: true, ...limits });

describe('the units of a systemctl step', () => {
  it.each<[string, string[], string[]]>([
    ['has one', ['systemctl', 'restart', 'nginx.service'], ['nginx.service']],
    ['has a short name', ['systemctl', 'restart', 'nginx'], ['nginx.service']],
    ['has several', ['systemctl', 'stop', 'a.socket', 'b'], ['a.socket', 'b.service']],
    ['has options', ['systemctl', '--now', 'stop', '--no-block', 'a.socket'], ['a.socket']],
    ['ends its options', ['systemctl', 'stop', '--', 'a.socket'], ['a.socket']],
    ['names the root after its options', ['systemctl', 'stop', '--', '-.mount'], ['-.mount']],
    ['ends its options first', ['systemctl', '--', 'stop', '-.slice'], ['-.slice']],
    ['has a path', ['/usr/bin/systemctl', 'stop', 'a.socket'], ['a.socket']],
    ['is behind another program', ['sudo', '-n', 'systemctl', 'stop', 'a.socket'], ['a.socket']],
    ['has a word that is no name', ['systemctl', 'stop', 'a b', 'c.socket'], ['c.socket']],
    ['names none', ['systemctl', 'daemon-reload'], []],
    ['is of another program', ['mysystemctl', 'stop', 'a.socket'], []],
    ['names it as an argument only', ['echo', 'systemctl.conf', 'a.socket'], []],
  ])('are found if it %s', (_how, argv, units) => {
    expect(namedBy(stepOf(...argv))).toEqual(units);
  });

  it('are none if it is no command', () => {
    const write: WriteStep = { kind: 'write', path: 'systemctl', content: 'a', needsRoot: true, ...limits };
    const call: CallStep = { kind: 'call', name: 'systemctl stop a', run: () => undefined, ...limits };
    expect([namedBy(write), namedBy(call), jobsOf(write)]).toEqual([[], [], []]);
  });
});

describe('the jobs of a systemctl step', () => {
  it.each([
    ['start', ['start']],
    ['stop', ['stop']],
    ['restart', ['restart']],
    ['try-restart', ['restart']],
    ['reload', ['reload']],
    ['reload-or-restart', ['restart', 'reload']],
    ['try-reload-or-restart', ['restart', 'reload']],
    ['reset-failed', []],
    ['show', []],
    ['status', []],
    ['is-active', []],
    ['is-failed', []],
    ['isolate', ['restart']],
    ['toString', ['restart']],
  ])('of the verb `%s` are %j', (verb, jobs) => {
    expect(jobsOf(stepOf('systemctl', verb, '--', 'nginx.service'))).toEqual(
      jobs.map((job) => ({ verb: job, unit: 'nginx.service' })),
    );
  });

  it('are queued for each of its units', () => {
    expect(jobsOf(stepOf('systemctl', 'stop', 'a', 'b'))).toEqual([
      { verb: 'stop', unit: 'a.service' },
      { verb: 'stop', unit: 'b.service' },
    ]);
  });
});
