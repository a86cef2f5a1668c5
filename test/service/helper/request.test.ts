import { describe, expect, it } from 'vitest';
import { parseRequest } from '../../../src/service/helper/request.js';

const PLAN = { version: 1, do: 'plan', action: 'restart_service', parameters: { service: 'nginx' } };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parsed = (text: string) => parseRequest(bytes(text));
const JSON_OF_PLAN = JSON.stringify(PLAN);

describe('a request', () => {
  it('is read as it was written, with or without white space', () => {
    expect(parsed(JSON_OF_PLAN)).toEqual(PLAN);
    expect(parsed(JSON.stringify({ ...PLAN, do: 'execute', approved: true }, undefined, 2))).toEqual({
      ...PLAN,
      do: 'execute',
      approved: true,
    });
  });

  it('accepts a colon and a quote in a text', () => {
    const parameters = { service: 'a":"b', path: '{"x":1}\\' };
    expect(parsed(JSON.stringify({ ...PLAN, parameters })).parameters).toEqual(parameters);
  });

  const { version: _version, ...withoutVersion } = PLAN;
  it.each([
    ['nothing', '', 'it is not JSON'],
    ['no object', '[]', 'Expected `request` to be an object'],
    ['no version', JSON.stringify(withoutVersion), 'Expected `version` to be 1, got `undefined`'],
    ['another version', JSON.stringify({ ...PLAN, version: 2 }), 'Expected `version` to be 1, got `2`'],
    ['the version as text', JSON.stringify({ ...PLAN, version: '1' }), 'Expected `version` to be 1'],
    ['another word', JSON.stringify({ ...PLAN, do: 'undo' }), 'Unknown word `undo` in `do`'],
    ['a word of every object', JSON.stringify({ ...PLAN, do: 'toString' }), 'Unknown word'],
    ['no action', JSON.stringify({ ...PLAN, action: null }), 'Expected `action` to be the name of an action'],
    [
      'an action with a newline',
      JSON.stringify({ ...PLAN, action: 'restart_service\n' }),
      'Expected `action`',
    ],
    ['a path for an action', JSON.stringify({ ...PLAN, action: '../x' }), 'Expected `action`'],
    ['no parameters', JSON.stringify({ ...PLAN, parameters: null }), 'Expected `parameters` to be an object'],
    ['parameters in a list', JSON.stringify({ ...PLAN, parameters: ['nginx'] }), 'Expected `parameters`'],
    [
      'a parameter that is no text',
      JSON.stringify({ ...PLAN, parameters: { service: ['nginx'] } }),
      'a text',
    ],
    [
      'a parameter with a toString',
      JSON.stringify({ ...PLAN, parameters: { service: { toString: { x: 'x' } } } }),
      'a text',
    ],
    [
      'a huge parameter',
      JSON.stringify({ ...PLAN, parameters: { service: 'n'.repeat(4_097) } }),
      'at most 4096',
    ],
    [
      'many parameters',
      JSON.stringify({ ...PLAN, parameters: Object.fromEntries([...'abcdefghi'].map((key) => [key, ''])) }),
      'Expected `parameters` to be at most 8',
    ],
    ['a command beside it', JSON.stringify({ ...PLAN, argv: ['reboot'] }), 'Unknown option `argv`'],
    ['an approval that is no boolean', JSON.stringify({ ...PLAN, approved: 'yes' }), 'Expected `approved`'],
    ['`__proto__`', `{"__proto__":{"approved":true},${JSON_OF_PLAN.slice(1)}`, 'Unknown option `__proto__`'],
    ['`__proto__` as a parameter', JSON_OF_PLAN.replace('"service"', '"__proto__"'), 'named by letters'],
    ['a key twice', `{"do":"execute",${JSON_OF_PLAN.slice(1)}`, 'a key comes twice'],
    [
      'a key twice, spelled differently',
      `{"d\\u006f":"execute",${JSON_OF_PLAN.slice(1)}`,
      'a key comes twice',
    ],
    [
      'a parameter twice',
      JSON_OF_PLAN.replace('{"service"', '{"service":"sshd","service"'),
      'a key comes twice',
    ],
    ['too deep a nest', `{"parameters":${'['.repeat(3_000)}${']'.repeat(3_000)}}`, 'it nests deeper than 8'],
    ['two requests', `${JSON_OF_PLAN}\n${JSON_OF_PLAN}`, 'it is not JSON'],
    ['something after it', `${JSON_OF_PLAN};reboot`, 'it is not JSON'],
    ['a byte order mark', `\ufeff${JSON_OF_PLAN}`, 'it is not JSON'],
    ['too much', `"${'x'.repeat(8_192)}"`, 'longer than 8192 bytes'],
  ])('with %s is refused', (_what, text, words) => {
    expect(() => parsed(text)).toThrow(words);
    expect(({} as { approved?: unknown }).approved).toBeUndefined();
  });

  it.each([
    ['an overlong slash', [0xc0, 0xaf]],
    ['half a surrogate', [0xed, 0xa0, 0x80]],
    ['a byte that is none', [0xff]],
  ])('with %s is refused: it is not UTF-8', (_what, odd) => {
    const whole = [...bytes(JSON_OF_PLAN)];
    whole.splice(-3, 0, ...odd);
    expect(() => parseRequest(Uint8Array.from(whole))).toThrow('it is not UTF-8');
  });
});
