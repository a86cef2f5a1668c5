import { describe, expect, it } from 'vitest';
import { HELP, parseCommandLine } from '../../../src/service/control/command-line.js';
import { COMMANDS, CONTROL_SOCKET } from '../../../src/service/control/protocol.js';

const line = (text: string): string[] => text.split(' ').filter((word) => word !== '');

describe('the command line of luminous-healing', () => {
  it.each(['look', 'look --dry-run', 'heal --once --dry-run'])('`%s` runs in this process', (text) => {
    expect(parseCommandLine(line(text))).toEqual({ kind: 'look', services: undefined, json: false });
  });

  it('without a command requests the status from the daemon, or runs in this process if there is no daemon', () => {
    expect(parseCommandLine([])).toMatchObject({ kind: 'ask', command: 'status', orLook: true });
    expect(parseCommandLine(['status'])).toMatchObject({ kind: 'ask', command: 'status', orLook: false });
  });

  it('requests the capabilities from the daemon, or from this process if there is no daemon', () => {
    expect(parseCommandLine(['capabilities'])).toMatchObject({
      ...{ kind: 'ask', command: 'capabilities', orLook: true },
    });
    expect(() => parseCommandLine(['capabilities', 'x'])).toThrow(
      '`capabilities` takes no argument, got `x`',
    );
  });

  it('sends the other commands to the daemon, with their argument and options', () => {
    expect(parseCommandLine(line('pause disk is being replaced --json --socket /run/other'))).toEqual({
      kind: 'ask',
      command: 'pause',
      argument: 'disk is being replaced',
      socket: '/run/other',
      json: true,
      orLook: false,
    });
    expect(parseCommandLine(line('heal --dry-run'))).toMatchObject({
      command: 'heal',
      socket: CONTROL_SOCKET,
    });
  });

  it.each([
    ['--version', 'version'],
    ['status --version', 'version'],
    ['--help', 'help'],
    ['-h', 'help'],
    ['look --help', 'help'],
  ])('`%s` prints the %s', (text, kind) => expect(parseCommandLine(line(text))).toEqual({ kind }));

  it.each([
    ['heal', '`heal` requires `--dry-run`: repairs are run by the daemon, not by this command.'],
    ['heal --once', '`heal` requires `--dry-run`: repairs are run by the daemon, not by this command.'],
    ['status --once', '`--once` is an option of `heal` only.'],
    ['status --dry-run', '`--dry-run` is an option of `heal` only.'],
    ['--once', '`--once` is an option of `heal` only.'],
    ['status --services a', '`--services` is an option of `look` and `heal --once` only.'],
    ['look --services a,,b', 'Expected `--services` to be unit names separated by commas, got `a,,b`.'],
    ['look nginx', '`look` takes no argument, got `nginx`.'],
    ['status nginx', '`status` takes no argument, got `nginx`.'],
    ['pause', '`pause` requires a reason.'],
    ['approve', '`approve` requires the ID of an approval request, as shown by `status`.'],
    ['--jsn', 'Unknown option `--jsn`: did you mean `--json`?'],
    ['--dryrun heal', 'Unknown option `--dryrun`: did you mean `--dry-run`?'],
    ['-x', 'Unknown option `-x`.'],
    ['--json=1', '`--json` takes no value, got `1`.'],
    ['look --services', '`--services` requires a value.'],
    ['look --services --json', '`--services` requires a value.'],
    ['status --socket=', '`--socket` requires a value.'],
  ])('refuses `%s` in one sentence that names the help', (text, sentence) => {
    expect(() => parseCommandLine(line(text))).toThrow(
      expect.objectContaining({ message: `${sentence} Run \`luminous-healing --help\` for usage.` }) as Error,
    );
  });

  it('suggests the closest command', () => {
    expect(() => parseCommandLine(['stauts'])).toThrow(/Unknown command `stauts`.*did you mean `status`\?/);
    expect(() => parseCommandLine(['lok'])).toThrow(/did you mean `look`\?/);
  });

  it('has every command and option in its help, on lines of at most 120 characters', () => {
    for (const word of ['look', ...COMMANDS]) expect(HELP).toMatch(new RegExp(`^ {2}${word} `, 'm'));
    for (const option of ['--json', '--socket', '--services', '--version', '--once', '--dry-run'])
      expect(HELP).toContain(option);
    expect(Math.max(...HELP.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(120);
  });
});
