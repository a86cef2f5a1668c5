import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDifferent } from '../../../src/host/nixos/compare-units.js';
import { parseUnitFile, type UnitFile } from '../../../src/host/nixos/unit-file.js';

const plain = (unit: UnitFile) =>
  Object.fromEntries([...unit].map(([section, keys]) => [section, Object.fromEntries(keys)]));
const parse = (...texts: readonly string[]): UnitFile => {
  const unit: UnitFile = new Map();
  for (const text of texts) parseUnitFile(text, unit);
  return unit;
};
const differs = (from: string, to: string): boolean => isDifferent(parse(from), parse(to));

describe('a parsed unit file', () => {
  it('has values by section and key, in the given order', () => {
    const text = '[Unit]\nAfter=a\nAfter=b\n[Service]\nExecStart=/bin/x --a=b\n';
    expect(plain(parse(text))).toEqual({
      Unit: { After: ['a', 'b'] },
      Service: { ExecStart: ['/bin/x --a=b'] },
    });
  });

  it('may have comments, blank lines, surrounding white space, and two kinds of line endings', () => {
    const text = '\n # c\n;d\n  [Service]  \r\n  ExecStart =  /bin/x  \r\n\t#ExecStart=no\n\n';
    expect(plain(parse(text))).toEqual({ Service: { ExecStart: ['/bin/x'] } });
  });

  it('continues a line after a backslash, across comments, but not after two backslashes', () => {
    const text = '[Service]\nExecStart=/bin/x \\\n# why\n  -a \\\n  -b\nType=a\\\\\nUser=c\n';
    expect(plain(parse(text))).toEqual({
      Service: { ExecStart: ['/bin/x    -a    -b'], Type: ['a\\\\'], User: ['c'] },
    });
    expect(plain(parse('[Service]\nExecStart=x \\'))).toEqual({ Service: { ExecStart: ['x'] } });
    expect(plain(parse('[Service]\nA=x \\\n\nB=y'))).toEqual({ Service: { A: ['x'], B: ['y'] } });
  });

  it('resets earlier values by an empty assignment, also in a drop-in', () => {
    expect(plain(parse('[Service]\nExecStart=a\nExecStart=\nExecStart=b'))).toEqual({
      Service: { ExecStart: ['b'] },
    });
    expect(plain(parse('[Service]\nExecStart=a', '[Service]\nExecStart='))).toEqual({
      Service: { ExecStart: [] },
    });
  });

  it('may be in parts: a repeated section, a drop-in after another', () => {
    expect(plain(parse('[Unit]\nAfter=a\n[Service]\n[Unit]\nAfter=b', '[Unit]\nAfter=c'))).toEqual({
      Unit: { After: ['a', 'b', 'c'] },
      Service: {},
    });
  });

  it('ignores lines before the first section, without `=`, or without a key', () => {
    expect(plain(parse('After=a\n[Unit]\nnonsense\n=b\n'))).toEqual({ Unit: {} });
  });
});

describe('any unit file', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9/._-]{1,8}$/);
  const assignment = fc.tuple(
    fc.constantFrom('Unit', 'Service', 'Socket'),
    word,
    fc.option(word, { nil: '' }),
  );
  const said = fc.array(assignment, { maxLength: 20 });
  type Said = readonly (readonly [string, string, string])[];
  const write = (all: Said, style: (line: string) => string = (line) => `${line}\n`): string =>
    all.map(([section, key, value]) => style(`[${section}]`) + style(`${key}=${value}`)).join('');

  it('has the same meaning with added comments, white space and continuations', () => {
    const noise = fc.constantFrom('', '# a = b\n', '   ;[Unit]\n', '\n\n', '\t\n');
    fc.assert(
      fc.property(said, fc.array(noise, { minLength: 1 }), fc.nat(3), (all, noises, blanks) => {
        let turn = 0;
        const noisy = write(all, (line) => {
          const before = noises[turn++ % noises.length]!;
          const value = line.startsWith('[')
            ? line
            : line.replace('=', `${' '.repeat(blanks)}= \\\n# in between\n`);
          return `${before}${' '.repeat(blanks)}${value}${' '.repeat(blanks)}\n`;
        });
        expect(plain(parse(noisy))).toEqual(plain(parse(write(all))));
      }),
      { seed: 41, numRuns: 300 },
    );
  });

  it('has the same meaning in one file as in drop-ins in the same order', () => {
    fc.assert(
      fc.property(said, fc.nat(20), (all, cut) => {
        const parts = [write(all.slice(0, cut)), write(all.slice(cut))];
        expect(plain(parse(...parts))).toEqual(plain(parse(write(all))));
      }),
      { seed: 42, numRuns: 300 },
    );
  });

  it('has, for each key, the values after its last empty assignment', () => {
    fc.assert(
      fc.property(fc.array(fc.option(word, { nil: '' }), { minLength: 1 }), (values) => {
        const text = write(values.map((value) => ['Service', 'Key', value] as const));
        const kept = values.slice(values.lastIndexOf('') + 1);
        expect(plain(parse(text))).toEqual({ Service: { Key: kept } });
      }),
      { seed: 43, numRuns: 300 },
    );
  });

  it('is equal to itself, also with keys in another order, and differs by one more value', () => {
    fc.assert(
      fc.property(said, (all) => {
        const text = write(all);
        const byKey = [...all].sort((one, other) =>
          `${one[0]} ${one[1]}` < `${other[0]} ${other[1]}` ? -1 : 1,
        );
        expect(differs(text, text)).toBe(false);
        expect(differs(text, write(byKey))).toBe(false);
        expect(differs(text, `${text}[Service]\nMore=1\n`)).toBe(true);
        expect(differs(`${text}[Service]\nMore=1\n`, text)).toBe(true);
      }),
      { seed: 44, numRuns: 300 },
    );
  });
});

describe('two definitions of a unit', () => {
  const unit = (lines: string) => `[Unit]\nAfter=network.target\n[Service]\nExecStart=/bin/x\n${lines}`;

  it.each([
    ['the wanted units', '[Unit]\nWants=b'],
    ['a restart trigger', '[Unit]\nX-Restart-Triggers=/nix/store/b'],
    ['a reload trigger', '[Unit]\nX-Reload-Triggers=/nix/store/b'],
    ['the command', '[Service]\nExecStartPre=/bin/y'],
    ['the reload command', '[Service]\nExecReload=/bin/y'],
    ['a new section', '[Socket]\nListenStream=80'],
    ['a reset', '[Service]\nExecStart='],
  ])('differ by %s', (_what, lines) => {
    expect(differs(unit(''), unit(lines))).toBe(true);
  });

  it.each([
    'Description=other',
    'Documentation=man:x',
    'OnFailure=y.service',
    'OnSuccess=y.service',
    'OnFailureJobMode=fail',
    'IgnoreOnIsolate=yes',
    'StopWhenUnneeded=yes',
    'RefuseManualStart=yes',
    'RefuseManualStop=yes',
    'AllowIsolate=yes',
    'CollectMode=inactive-or-failed',
    'SourcePath=/x',
  ])('do not differ by %s in [Unit], which differs in other sections', (line) => {
    expect(differs(unit(''), unit(`[Unit]\n${line}`))).toBe(false);
    expect(differs(unit(`[Unit]\n${line}`), unit(''))).toBe(false);
    expect(differs(unit(''), unit(`[Service]\n${line}`))).toBe(true);
  });

  it('do not differ by [Install]', () => {
    expect(differs(unit(''), unit('[Install]\nWantedBy=multi-user.target'))).toBe(false);
  });

  it('do not differ for a running unit if only a way to reload was removed', () => {
    expect(differs(unit('[Service]\nExecReload=/bin/y'), unit(''))).toBe(false);
    expect(differs(unit('[Unit]\nX-Reload-Triggers=/x'), unit(''))).toBe(false);
    expect(differs(unit('[Unit]\nX-Reload-Triggers=/x'), unit('[Unit]\nX-Reload-Triggers=/y'))).toBe(true);
  });

  it('differ by where one value of a key ends and the next begins', () => {
    expect(differs('[Service]\nExecStart=a\nExecStart=b', '[Service]\nExecStart=ab')).toBe(true);
  });

  it('differ by the order of the values of a key', () => {
    expect(
      differs('[Service]\nExecStartPre=a\nExecStartPre=b', '[Service]\nExecStartPre=b\nExecStartPre=a'),
    ).toBe(true);
  });
});
