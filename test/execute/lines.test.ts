import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { logLines, splitLines } from '../../src/execute/lines.js';

/** Returns the lines of a stream that is written in these chunks, and then ended. */
async function linesOf(chunks: readonly (string | Buffer)[], isEnded = true): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  splitLines(stream, (line) => void lines.push(line));
  for (const chunk of chunks) {
    stream.write(chunk);
    await turn();
  }
  if (isEnded) stream.end();
  await turn();
  return lines;
}

describe('the lines of a stream', () => {
  it.each<[string, string[], string[]]>([
    ['one chunk', ['one\ntwo\n'], ['one', 'two']],
    ['several chunks', ['on', 'e\nt', 'wo\n'], ['one', 'two']],
    ['a last line without an end', ['one\ntwo'], ['one', 'two']],
    ['line ends of other systems', ['one\r\ntwo\rthree\n'], ['one', 'two', 'three']],
    ['empty lines', ['one\n\ntwo\n'], ['one', '', 'two']],
    ['nothing', [], []],
  ])('are found in %s', async (_what, chunks, expected) => {
    expect(await linesOf(chunks)).toEqual(expected);
  });

  it('are passed on when they are complete', async () => {
    expect(await linesOf(['one\ntw'], false)).toEqual(['one']);
  });

  it('keep a character that two chunks share', async () => {
    const bytes = Buffer.from('größer\nübel');
    const split = bytes.indexOf('ö') + 1;
    expect(await linesOf([bytes.subarray(0, split), bytes.subarray(split)])).toEqual(['größer', 'übel']);
  });

  it('mark a character that is cut off by the end of the stream', async () => {
    expect(await linesOf([Buffer.from('für').subarray(0, 2)])).toEqual(['f\ufffd']);
  });

  it('are kept up to 500 characters of a line that does not end', async () => {
    expect(await linesOf(['x'.repeat(600), 'y\n', 'z'])).toEqual([`${'x'.repeat(500)}y`, 'z']);
  });

  it('end with the stream, also if it fails', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    splitLines(stream, (line) => void lines.push(line));
    stream.write('one\ntwo');
    await turn();
    // Without a listener, this would throw.
    stream.emit('error', new Error('EIO'));
    stream.destroy();
    await turn();
    expect(lines).toEqual(['one']);
  });
});

describe('a logged line', () => {
  const logged = (...lines: string[]): string[] => {
    const seen: string[] = [];
    lines.forEach(logLines((line) => void seen.push(line)));
    return seen;
  };

  it.each([
    ['colors', '\u001b[1;31mred\u001b[0m', 'red'],
    ['a cursor movement', '\u001b[?25lhidden\u001b[2K', 'hidden'],
    ['control characters', 'a\u0000b\u0007c\u009bd\u007fe', 'abcde'],
    ['white space around it', '  building…\t', 'building…'],
  ])('has no %s', (_what, line, expected) => {
    expect(logged(line)).toEqual([expected]);
  });

  it('is not logged if nothing is left of it', () => {
    expect(logged('one', '', '  ', '\u001b[0m', 'two')).toEqual(['one', 'two']);
  });

  it('has 500 characters at most', () => {
    expect(logged('x'.repeat(501))).toEqual(['x'.repeat(500)]);
  });

  it('is one of 5,000, and the next one says that there are more', () => {
    const lines = Array.from({ length: 5_010 }, (_, index) => `line ${index + 1}`);
    const seen = logged(...lines);
    expect(seen.slice(0, -1)).toEqual(lines.slice(0, 5_000));
    expect(seen.at(-1)).toBe('Output after 5000 lines is not logged');
  });

  it('is not counted if it is empty', () => {
    expect(logged(...Array.from({ length: 6_000 }, () => ''), 'one')).toEqual(['one']);
  });
});
