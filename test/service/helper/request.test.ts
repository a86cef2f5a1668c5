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

  it('may have 8,191 bytes, and one more with its newline', () => {
    expect(parsed(JSON_OF_PLAN.padEnd(8_191))).toEqual(PLAN);
    expect(() => parsed(JSON_OF_PLAN.padEnd(8_192))).toThrow('The request is longer than 8192 bytes');
  });

  it.each(['[]', 'null', '"plan"'])('is an object, not %s', (text) => {
    expect(() => parsed(text)).toThrow('Expected `request` to be an object');
  });

  it('accepts a colon and a quote in a text', () => {
    const parameters = { service: 'a":"b', path: '{"x":1}\\' };
    expect(parsed(JSON.stringify({ ...PLAN, parameters })).parameters).toEqual(parameters);
  });

  it.each([
    ['a text of the greatest length', 'n'.repeat(4_096)],
    ['an empty text', ''],
    ['true', true],
    ['false', false],
    ['zero', 0],
    ['the greatest exact number', Number.MAX_SAFE_INTEGER],
    ['texts by name', { policy0: 'powersave', policy1: 'x'.repeat(1_000) }],
    ['a name of the greatest length', { ['p'.repeat(32)]: 'x' }],
    ['no texts by name', {}],
  ])('accepts %s as a parameter', (_what, value) => {
    const sent = { ...PLAN, parameters: { one: value } };
    expect(parsed(JSON.stringify(sent))).toEqual(sent);
  });

  it.each([
    ['a negative number', -1],
    ['a fraction', 0.5],
    ['a number too great to be exact', 2 ** 53],
    ['nothing', null],
    ['a list', []],
    ['a path as the name of a text', { '../etc/shadow': 'x' }],
    ['an option as the name of a text', { '--root': 'x' }],
    ['no name of a text', { '': 'x' }],
    ['a name of a text that is too long', { ['p'.repeat(33)]: 'x' }],
    ['a number by name', { policy0: 1 }],
    ['an object by name', { policy0: { x: 'y' } }],
    ['texts by name of which one is too long', { policy0: 'x', policy1: 'x'.repeat(4_097) }],
  ])('refuses %s as a parameter', (_what, value) => {
    expect(() => parsed(JSON.stringify({ ...PLAN, parameters: { one: value } }))).toThrow(
      'Expected `parameters.one` to be a text of at most 4096 characters, or texts by name',
    );
  });

  it('accepts 8 parameters, and a name of 32 letters', () => {
    const names = [...'abcdefg', 'h'.repeat(32)];
    const sent = { ...PLAN, parameters: Object.fromEntries(names.map((name) => [name, 'x'])) };
    expect(parsed(JSON.stringify(sent))).toEqual(sent);
    const long = { ...PLAN, parameters: { ['h'.repeat(33)]: 'x' } };
    expect(() => parsed(JSON.stringify(long))).toThrow('named by letters');
  });

  it('to approve needs the fingerprint of a plan, of 64 hex digits', () => {
    const asked = (more: object) =>
      parseRequest(bytes(JSON.stringify({ ...PLAN, do: 'approve', ...more })), ['plan', 'approve']);
    const digest = 'a0'.repeat(32);
    expect(asked({ digest })).toMatchObject({ do: 'approve', digest });
    expect(() => asked({})).toThrow('the fingerprint of the plan that is approved');
    for (const odd of ['a'.repeat(63), 'a'.repeat(65), 'A0'.repeat(32), 7, null])
      expect(() => asked({ digest: odd })).toThrow('a fingerprint of 64 hex digits');
  });

  it('is refused at a socket for another operation', () => {
    expect(() => parseRequest(bytes(JSON_OF_PLAN), ['approve'])).toThrow('Unknown word `plan` in `do`');
    const approval = { ...PLAN, do: 'approve', digest: 'a0'.repeat(32) };
    expect(() => parsed(JSON.stringify(approval))).toThrow('Unknown word `approve` in `do`');
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
    [
      'a command beside it',
      JSON.stringify({ ...PLAN, argv: ['reboot'] }),
      'Unknown option `argv` in `request`',
    ],
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
