import fc from 'fast-check';
import { BUILT_IN_NAMES } from '../../src/actions/registry.js';
import { anyCharacter } from '../any-character.js';

/** Units that the policy of the fuzz tests lists, does not list, and cannot list. */
const UNITS = [
  'nginx',
  'redis',
  'stack',
  'web',
  'other',
  'ghost',
  'db@main',
  'sshd',
  'dbus',
  'systemd-logind',
  'luminous-healing',
];

/** Names that could be mistaken for something else than a service. */
const HOSTILE_NAMES = [
  '',
  '-',
  '--',
  '--all',
  '--force nginx',
  '-H root@elsewhere',
  '*',
  'nginx*',
  '?ginx',
  '[n]ginx',
  '.',
  '..',
  '../nginx',
  '/etc/passwd',
  '/usr/lib/systemd/system/nginx.service',
  'nginx/../sshd',
  'nginx sshd',
  'nginx\tsshd',
  'nginx\nsshd',
  'nginx.service\n',
  '\nnginx',
  'nginx\r\n',
  'nginx\u0000',
  'nginx\u0000.service',
  'nginx.service.service',
  'nginx.service,sshd.service',
  'nginx;reboot',
  'nginx && reboot',
  '$(reboot)',
  '`reboot`',
  'nginx|sh',
  'nginx.socket',
  'nginx.target',
  'nginx.slice',
  'reboot.target',
  '-.mount',
  '-.slice',
  'init.scope',
  'nginx@',
  '@nginx',
  'nginx@sshd',
  'db@',
  'db@../main',
  'db@main@x',
  'NGINX',
  'Nginx.service',
  'nginx.Service',
  'nginx.SERVICE',
  'ngіnx',
  'nginx\u200b',
  '\u202enigxn',
  'nginx\ud800',
  'ｎｇｉｎｘ',
  'sshd.service',
  'ssh',
  'ssh@1',
  'sshd@1-2:22',
  'dbus-broker',
  'dbus-org.freedesktop.login1',
  'systemd-logind.service',
  'systemd\\x2dlogind',
  'user@1000',
  'luminous-healing-helper@0-1-1000',
  'luminous-healing.service',
  'nix-daemon',
  '__proto__',
  'constructor',
  'toString',
  'a'.repeat(255),
  `${'a'.repeat(247)}.service`,
  `${'a'.repeat(248)}.service`,
  'ü',
  '%i',
  'nginx%n',
  '~',
];

const anyText = fc.oneof(
  fc.string({ maxLength: 20, unit: anyCharacter }),
  fc.string({ maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom('n', 'g', 'i', 'x', '.', '@', '-', '/', '\\', '\n', ' '),
    maxLength: 12,
  }),
);
const mixed = fc
  .tuple(fc.constantFrom(...UNITS), anyText, fc.boolean())
  .map(([unit, text, before]) => (before ? text + unit : unit + text));
const unitName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...UNITS) },
  { weight: 1, arbitrary: fc.constantFrom(...UNITS).map((unit) => `${unit}.service`) },
  { weight: 3, arbitrary: fc.constantFrom(...HOSTILE_NAMES) },
  { weight: 1, arbitrary: mixed },
  { weight: 1, arbitrary: anyText },
);

const verb = fc.constantFrom('plan', 'execute');
const parametersFor = (action: string): fc.Arbitrary<Record<string, string>> => {
  if (action === 'restart_service' || action === 'reload_service') {
    return fc.oneof(
      { weight: 9, arbitrary: fc.record({ service: unitName }) },
      { weight: 1, arbitrary: fc.constant({ freeing: 'memory' }) },
    );
  }
  if (action === 'clean_nix_store')
    return fc.constantFrom({}, { path: '/' }, { path: '/../etc' }, { path: '-f' });
  if (action === 'set_cpu_governor') {
    return fc.constantFrom({}, { governor: 'performance' }, { governor: '../x' }, { governor: 'a\nb' });
  }
  return fc.constant({});
};

/** Requests of a client, with the action first. */
const action = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('restart_service', 'reload_service') },
  { weight: 1, arbitrary: fc.constantFrom(...BUILT_IN_NAMES) },
);
const request = action.chain((action) =>
  fc.record(
    {
      version: fc.constant(1),
      do: verb,
      action: fc.constant(action),
      parameters: parametersFor(action),
      approved: fc.boolean(),
    },
    { requiredKeys: ['version', 'do', 'action', 'parameters'] },
  ),
);

const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1, 1.5, 2, 1e308, '', '1', [], {}, ['nginx'], {
    service: 'nginx',
  }),
  anyText,
  fc.array(anyText, { maxLength: 3 }),
  fc.dictionary(anyText, anyText, { maxKeys: 3 }),
);
const KEYS = ['version', 'do', 'action', 'parameters', 'approved'];
const oddKey = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'command',
    'argv',
    'steps',
    'plan',
    'uid',
    'Do',
    'action ',
  ),
  anyText,
);

/** Request with one invalid part. */
const nearlyRequest = fc.oneof(
  fc
    .tuple(request, fc.constantFrom(...KEYS), anyValue)
    .map(([given, key, value]) => ({ ...given, [key]: value })),
  fc
    .tuple(request, fc.constantFrom(...KEYS))
    .map(([given, key]) => Object.fromEntries(Object.entries(given).filter(([name]) => name !== key))),
  fc.tuple(request, oddKey, anyValue).map(([given, key, value]) => withOwn(given, key, value)),
  fc.tuple(request, oddKey, anyText).map(([given, key, value]) => ({
    ...given,
    parameters: withOwn(given.parameters, key, value),
  })),
  fc.tuple(request, anyText).map(([given, action]) => ({ ...given, action })),
  anyValue,
);

/** `__proto__` as an own key, as `JSON.parse` creates it. */
const withOwn = (given: object, key: string, value: unknown): object =>
  Object.defineProperty({ ...given }, key, { value, enumerable: true, configurable: true, writable: true });

const deep = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth);

/** Text that is almost JSON, ambiguous JSON, or too much JSON. */
const trickyText = fc.oneof(
  // The same key twice, once spelled differently.
  fc.tuple(request, fc.constantFrom(...KEYS), anyValue, fc.boolean()).map(([given, key, value, escaped]) => {
    const spelled = escaped ? `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}` : key;
    return `{"${spelled}":${JSON.stringify(value)},${JSON.stringify(given).slice(1)}`;
  }),
  fc
    .tuple(unitName, unitName)
    .map(
      ([one, other]) =>
        `{"version":1,"do":"plan","action":"restart_service","parameters":{"service":${JSON.stringify(one)},"service":${JSON.stringify(other)}}}`,
    ),
  fc.tuple(request, anyText).map(([given, text]) => JSON.stringify(given) + text),
  fc.tuple(request, anyText).map(([given, text]) => text + JSON.stringify(given)),
  fc.tuple(request, request).map(([one, other]) => `${JSON.stringify(one)}\n${JSON.stringify(other)}`),
  request.map((given) => JSON.stringify(given, undefined, 2)),
  request.map((given) => JSON.stringify(given).replaceAll('"', "'")),
  fc
    .tuple(request, fc.integer({ min: 1, max: 60 }))
    .map(([given, end]) => JSON.stringify(given).slice(0, -end)),
  fc.integer({ min: 1, max: 4_000 }).map((depth) => deep('[', ']', depth)),
  fc.integer({ min: 1, max: 1_500 }).map((depth) => deep('{"a":', '}', depth).replace('}', '1}')),
  fc
    .tuple(request, fc.integer({ min: 1, max: 2_000 }))
    .map(([given, depth]) => `{"parameters":${deep('[', ']', depth)},${JSON.stringify(given).slice(1)}`),
  fc
    .integer({ min: 4_000, max: 9_000 })
    .map(
      (length) =>
        `{"version":1,"do":"plan","action":"restart_service","parameters":{"service":"${'n'.repeat(length)}"}}`,
    ),
  fc.constantFrom(
    '',
    ' ',
    'null',
    'NaN',
    'Infinity',
    '1e999',
    '-0',
    '"',
    '{',
    '{}',
    '[]',
    '{"version":1e0}',
    '\u2028',
    '\ufeff{}',
  ),
);

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bytes that were damaged, or never were a text. */
const damaged = fc
  .tuple(
    request,
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0x0a, 0x00, 0x22, 0x5c, 0xff, 0xc0, 0xed)),
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    fc.boolean(),
  )
  .map(([given, changes, insert]) => {
    const bytes = [...encoded(JSON.stringify(given))];
    for (const [at, byte] of changes) bytes.splice(at % bytes.length, insert ? 0 : 1, byte);
    return Uint8Array.from(bytes);
  });
const otherwiseEncoded = request.map((given) =>
  Uint8Array.from(Buffer.from(JSON.stringify(given), 'utf16le')),
);

/** Any input before the newline. */
export const requestBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 14, arbitrary: request.map((given) => encoded(JSON.stringify(given))) },
  { weight: 5, arbitrary: nearlyRequest.map((given) => encoded(JSON.stringify(given) ?? '')) },
  { weight: 4, arbitrary: trickyText.map(encoded) },
  { weight: 4, arbitrary: damaged },
  { weight: 1, arbitrary: otherwiseEncoded },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
);
