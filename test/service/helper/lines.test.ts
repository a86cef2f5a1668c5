import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ANSWER_LIMIT } from '../../../src/execute/helper-protocol.js';
import { executionOf, type Execution } from '../../../src/model/execution.js';
import { lineOf } from '../../../src/service/helper/line-of.js';
import { readLine } from '../../../src/service/helper/read-line.js';

const answerOf = (outputs: readonly (string | undefined)[], more: Partial<Execution> = {}): Execution => ({
  ...executionOf('restart_service', {
    outcome: 'executed',
    steps: outputs.map((output, index) => ({
      ...{ step: `step ${index}`, ok: true, durationMs: 1 },
      ...(output !== undefined && { output }),
    })),
  }),
  ...more,
});
const parsed = (execution: Execution) => JSON.parse(lineOf(execution)) as Execution;

describe('the line of an answer', () => {
  it('is the whole answer with the version, and ends in one newline', () => {
    const answer = answerOf(['it runs', undefined]);
    const line = lineOf(answer);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({ version: 1, ...answer });
  });

  it('keeps the end of an output: 8,192 characters of each step', () => {
    const [short, long] = parsed(answerOf(['x'.repeat(8_192), `${'x'.repeat(8_192)}y`])).steps;
    expect(short?.output).toBe('x'.repeat(8_192));
    expect(long?.output).toBe(`${'x'.repeat(8_191)}y`);
  });

  it.each([2_048, 512, 128])(
    'keeps %i characters of each output when it would be too long otherwise',
    (keep) => {
      // With four times as much it is too long; a quarter of the limit is for the rest of the steps.
      const count = Math.floor((0.75 * ANSWER_LIMIT) / keep / 1.5);
      const { steps } = parsed(answerOf(Array.from({ length: count }, () => `${'x'.repeat(10_000)}y`)));
      expect(steps).toHaveLength(count);
      expect(steps[0]?.output).toBe(`${'x'.repeat(keep - 1)}y`);
    },
  );

  it('may be exactly as long as the limit, and not longer', () => {
    const spare = ANSWER_LIMIT - Buffer.byteLength(lineOf(answerOf([], { error: '' })));
    expect(Buffer.byteLength(lineOf(answerOf([], { error: 'e'.repeat(spare) })))).toBe(ANSWER_LIMIT);
    expect(parsed(answerOf([], { error: 'e'.repeat(spare + 1) })).error).toMatch(/too long to be given$/);
  });

  it('is a failure that shows that a step was begun when the rest is too long even without output', () => {
    const long = answerOf([undefined, undefined], {
      error: 'é'.repeat(ANSWER_LIMIT / 2),
      dryRun: false,
      durationMs: 7,
    });
    expect(parsed(long)).toEqual({
      ...{
        version: 1,
        action: 'restart_service',
        outcome: 'failed',
        success: false,
        dryRun: false,
        durationMs: 7,
      },
      error: 'The outcome is `executed`; the rest of the answer was too long to be given',
      steps: [{ step: 'restart_service', ok: true, durationMs: 1 }],
    });
  });
});

describe('a line that is read', () => {
  const LIMITS = { limit: 8, withinMs: 60_000 };
  /** Reads a line that comes in pieces. `end` closes the other side after them. */
  function read(pieces: readonly string[], { end = false, error }: { end?: boolean; error?: Error } = {}) {
    const input = new PassThrough();
    const line = readLine(input, LIMITS).then((bytes) => Buffer.from(bytes).toString());
    for (const piece of pieces) input.write(piece);
    if (end) input.end();
    if (error) input.destroy(error);
    return { line, input };
  }

  it.each([
    ['in one piece', ['abc\n'], 'abc'],
    ['in pieces', ['a', 'b', 'c', '\n'], 'abc'],
    ['of nothing', ['\n'], ''],
    ['of the greatest length', ['1234567\n'], '1234567'],
  ])('%s is returned without its newline', async (_how, pieces, expected) => {
    const { line, input } = read(pieces);
    expect(await line).toBe(expected);
    expect(['data', 'error'].map((event) => input.listenerCount(event))).toEqual([
      0,
      input.listenerCount('error'),
    ]);
  });

  it.each<[string, readonly string[], Parameters<typeof read>[1], string]>([
    ['too long', ['12345678\n'], {}, 'it is longer than 8 bytes'],
    ['too long without a newline', ['1234', '5678'], {}, 'it is longer than 8 bytes'],
    ['followed by more', ['a\nb'], {}, 'something came after it'],
    ['followed by a second line', ['a\n\n'], {}, 'something came after it'],
    ['incomplete', ['abc'], { end: true }, 'the other side closed after 3 bytes'],
    ['broken', ['abc'], { error: new Error('ECONNRESET') }, 'ECONNRESET'],
  ])('that is %s is refused', async (_how, pieces, how, why) => {
    await expect(read(pieces, how).line).rejects.toThrow(`Expected one line: ${why}`);
  });

  it('that does not come in time is refused', async () => {
    const line = readLine(new PassThrough(), { limit: 8, withinMs: 1 });
    await expect(line).rejects.toThrow('Expected one line: it did not come within 1 ms');
  });

  it('leaves no listener and no timer behind', async () => {
    const input = new PassThrough();
    const before = ['data', 'end', 'error'].map((event) => input.listenerCount(event));
    const line = readLine(input, LIMITS);
    input.write('a\n');
    await line;
    expect(['data', 'end', 'error'].map((event) => input.listenerCount(event))).toEqual(before);
  });

  describe('with a timer', () => {
    afterEach(() => void vi.useRealTimers());

    it.each([
      ['is returned', 'a\n', 'resolve'],
      ['is refused', 'a\nb', 'reject'],
    ])('leaves neither it nor a listener behind when it %s', async (_how, piece, expected) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const input = new PassThrough();
      const before = ['data', 'end', 'error'].map((event) => input.listenerCount(event));
      const end = readLine(input, LIMITS).then(
        () => 'resolve',
        () => 'reject',
      );
      expect(vi.getTimerCount()).toBe(1);
      input.write(piece);
      expect(await end).toBe(expected);
      expect(vi.getTimerCount()).toBe(0);
      expect(['data', 'end', 'error'].map((event) => input.listenerCount(event))).toEqual(before);
    });
  });
});
