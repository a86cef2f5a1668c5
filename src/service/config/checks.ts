import { CLOCK_RULE, clock } from '../../checks/clock.js';
import { COMMAND_RULE, command } from '../../checks/command.js';
import { DIRECTORY_RULE, directory } from '../../checks/directory.js';
import { FILE_RULE, file } from '../../checks/file.js';
import { HTTP_RULE } from '../../checks/http-options.js';
import { http } from '../../checks/http.js';
import { COMMON_KEYS, type CommonOptions } from '../../checks/make.js';
import { PRESSURE_RULE, pressure } from '../../checks/pressure.js';
import { PROCESS_RULE, process } from '../../checks/process.js';
import type { CheckRule, Leaf } from '../../checks/rules.js';
import { TCP_RULE, tcp } from '../../checks/tcp.js';
import { TIMER_RULE, timer } from '../../checks/timer.js';
import { TLS_RULE, tls } from '../../checks/tls.js';
import { UNIX_SOCKET_RULE, unixSocket } from '../../checks/unix-socket.js';
import type { Check, HealingChoice } from '../../detect/check.js';
import { watchedUnits, type ServiceOption } from '../../detect/watched.js';
import { messageOf } from '../../base/errors.js';
import { refusal } from '../../base/expect.js';
import { unitName } from '../../model/unit-name.js';
import type { Mistake, Rule } from './rule.js';
import { isBuiltInCheck } from '../../model/built-in-checks.js';

/** Each kind of check that a file can have: what makes it, and the rule of its options. */
const KINDS = {
  http: [http, HTTP_RULE],
  tcp: [tcp, TCP_RULE],
  tls: [tls, TLS_RULE],
  unixSocket: [unixSocket, UNIX_SOCKET_RULE],
  process: [process, PROCESS_RULE],
  file: [file, FILE_RULE],
  directory: [directory, DIRECTORY_RULE],
  command: [command, COMMAND_RULE],
  timer: [timer, TIMER_RULE],
  clock: [clock, CLOCK_RULE],
  pressure: [pressure, PRESSURE_RULE],
} as const satisfies Record<string, readonly [(options: never) => Check, CheckRule]>;

type Kind = keyof typeof KINDS;
const NAMES = Object.keys(KINDS) as Kind[];

/** One check of the file: exactly one kind with its options, and what every check has. */
export type CheckConfig = Omit<CommonOptions, 'name' | 'heals'> & {
  readonly heals?: string | HealingChoice;
} & {
  readonly [K in Kind]?: Omit<Parameters<(typeof KINDS)[K][0]>[0] & object, keyof CommonOptions>;
};

/** Rule of one check of the file. */
export const CHECK_RULE: Rule = {
  keys: { ...COMMON_KEYS, ...Object.fromEntries(NAMES.map((kind) => [kind, KINDS[kind][1]])) },
};

/** Rule of the name of a check. */
export const checkNames: Leaf = (name, value) => {
  if (value === '' || (typeof value === 'string' && isBuiltInCheck(value)))
    throw refusal(name, 'a name that no built-in check has', value);
};

const kindsOf = (check: CheckConfig): readonly Kind[] => NAMES.filter((kind) => check[kind] !== undefined);

/** Returns mistakes in the combination of checks. `services` are the units that may be restarted. */
export function mistakesInChecks(
  checks: Readonly<Record<string, CheckConfig>> = {},
  services?: readonly ServiceOption[],
): Mistake[] {
  const allowed = services && new Set(watchedUnits(services).keys());
  return Object.entries(checks).flatMap(([name, check]) => {
    const { heals } = check;
    if (typeof heals === 'string' && allowed?.has(unitName(heals)) === false) {
      const sentence = `\`checks.${name}.heals\` is ${heals}, which is not in \`services\`, so it would never be restarted`;
      return [{ place: ['checks', name, 'heals'], sentence }];
    }
    const kinds = kindsOf(check);
    if (kinds.length !== 1) {
      const sentence = `\`checks.${name}\` needs exactly one kind of check, has ${kinds.join(' and ') || 'none'}; known: ${NAMES.join(', ')}`;
      return [{ place: ['checks', name], sentence }];
    }
    const [kind] = kinds as [Kind];
    try {
      KINDS[kind][1].together?.(`checks.${name}.${kind}`, check[kind] as Record<string, unknown>);
      return [];
    } catch (error) {
      return [{ place: ['checks', name, kind], sentence: messageOf(error) }];
    }
  });
}

/** Makes the checks of the file. Throws for what {@link mistakesInChecks} refuses. */
export function checksOf(checks: Readonly<Record<string, CheckConfig>> = {}): Check[] {
  return Object.entries(checks).map(([name, check]) => {
    const [kind] = kindsOf(check);
    if (kind === undefined) throw refusal(`checks.${name}`, 'a check', check);
    const { [kind]: own, ...common } = check;
    const make = KINDS[kind][0] as (options: object) => Check;
    return make({ ...common, ...own, name });
  });
}
