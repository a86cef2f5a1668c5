import { describe, expect, it } from 'vitest';
import { endOfSwitch, gateOf, refusalIn } from '../../src/execute/switch-end.js';
import type { StepReport } from '../../src/model/execution.js';

const reportOf = (output: string, status = 1): StepReport => ({
  step: 'switch',
  ok: false,
  output,
  error: `\`systemd-run switch\` exited with ${status}`,
  durationMs: 1,
});

describe('the stage at which a switch failed', () => {
  it.each([
    ['a check refused it', 'Pre-switch checks failed\n', 1, 'refused'],
    ['a check of the Perl program refused it', 'no space left\nPre-switch checks failed: 1\n', 1, 'refused'],
    ['the lock is held', 'Could not acquire lock\n', 1, 'busy'],
    ['the boot loader failed', 'grub: no device\nFailed to install bootloader\n', 1, 'boot-loader'],
    ['it ended before the activation for another reason', 'unknown\n', 1, 'not-begun'],
    ['it printed nothing', '', 1, 'not-begun'],
    ['it ended with another status', '', 4, 'activated'],
    ['it was ended by a signal', '', 137, 'activated'],
    ['units were being stopped', 'stopping the following units: a.service\n', 1, 'activated'],
    ['it activated', 'activating the configuration...\nfailed\n', 1, 'activated'],
    [
      'a script printed the sentence during the activation',
      'activating the configuration...\nPre-switch checks failed\n',
      4,
      'activated',
    ],
    ['a script has the words within a line', 'note: Pre-switch checks failed last week\n', 2, 'activated'],
  ] as const)('is known if %s', (_, output, status, end) => {
    expect(endOfSwitch(reportOf(output, status))).toBe(end);
  });

  it('is unknown without output of the program', () => {
    expect(endOfSwitch({})).toBe('activated');
    expect(endOfSwitch({ error: 'it was stopped while it was running' })).toBe('activated');
  });
});

describe('the gate that stopped a switch', () => {
  it('has the name and the output of the check, without the lines of systemd-run', () => {
    const output = [
      'Running as unit: luminous-healing-switch-abc.service',
      'dbus is about to change its implementation',
      "Pre-switch check 'switchInhibitors' failed",
      'Pre-switch checks failed',
      'Finished with result: exit-code',
    ].join('\n');
    const block = gateOf(reportOf(output));
    expect(block).toEqual({
      reason: 'needs-approval',
      sentence:
        'its own check refuses a switch: `switchInhibitors`: dbus is about to change its implementation',
    });
    expect(refusalIn([{ ...reportOf(output), block: block! }])).toBe(
      '`switchInhibitors`: dbus is about to change its implementation',
    );
  });

  const reasonIn = (...lines: string[]) =>
    gateOf(reportOf([...lines, 'Pre-switch checks failed', ''].join('\n')))?.sentence.replace(
      'its own check refuses a switch: ',
      '',
    );

  it.each([
    ['has only the output if no check is named', ['/boot is full'], '/boot is full'],
    ['has only the name if there is no output', ["Pre-switch check 'boot' failed"], '`boot`'],
    ['is empty if there is neither', [], ''],
    ['has no empty lines', ['one', '', '  two'], 'one two'],
    [
      'has the last ten lines of the output',
      Array.from({ length: 11 }, (_, index) => String(index)),
      '1 2 3 4 5 6 7 8 9 10',
    ],
    ['has 600 characters of the output at most', ['x'.repeat(601)], 'x'.repeat(600)],
  ])('%s', (_what, lines, expected) => {
    expect(reasonIn(...lines)).toBe(expected);
  });

  it('is the lock of another switch, without a check', () => {
    const block = gateOf(reportOf('Could not acquire lock\n'));
    expect(block?.reason).toBe('in-transition');
    expect(refusalIn([{ ...reportOf(''), block: block! }])).toBeUndefined();
  });

  it.each(['', 'Failed to install bootloader\n', 'activating the configuration...\n'])(
    'does not exist for %j',
    (output) => {
      expect(gateOf(reportOf(output))).toBeUndefined();
      expect(refusalIn([reportOf(output)])).toBeUndefined();
    },
  );
});
