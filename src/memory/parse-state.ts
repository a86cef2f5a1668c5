import {
  isBoolean,
  isNumber,
  isObject,
  isString,
  listOf,
  mapOf,
  oneOf,
  orAbsent,
  orNull,
  shaped,
  type Shape,
} from '../base/shape.js';
import { NO_GENERATIONS } from './generations.js';
import { EMPTY_STATE, FRESH_RECORD, type GuardState } from './state.js';

const SCOPE = oneOf('host', 'process');
/** An absolute path, which cannot be mistaken for an option. */
const isPath: Shape = (value) => typeof value === 'string' && value.startsWith('/');

const GENERATION = shaped({
  from: isPath,
  to: orNull(isPath),
  verb: oneOf('switch', 'boot'),
  units: listOf(isString),
  failing: listOf(isString),
});

const UNIT_RECORD = shaped({
  run: isString,
  activeSince: orNull(isNumber),
  activeUntil: orNull(isNumber),
  healthy: isBoolean,
  failedAt: orNull(isNumber),
  failing: isBoolean,
});

const SYSTEM_RECORD = shaped({
  previous: orNull(isPath),
  enteredAt: isNumber,
  seenAt: isNumber,
  blindMs: isNumber,
  quietSince: isNumber,
  good: isBoolean,
  bad: orNull(shaped({ at: isNumber, why: isString })),
  units: mapOf(UNIT_RECORD),
});

const LAST_FIX = shaped({
  at: isNumber,
  action: isString,
  check: orNull(isString),
  bootId: isString,
  system: orNull(isPath),
  gained: orNull(isBoolean),
  strikes: isNumber,
  probation: isBoolean,
});

const FIELDS: Readonly<Record<Exclude<keyof GuardState, 'version'>, Shape>> = {
  savedAt: isNumber,
  cautious: isBoolean,
  components: mapOf(
    shaped({
      backoff: mapOf(shaped({ count: isNumber, until: isNumber, since: isNumber })),
      failures: isNumber,
      breakerUntil: orNull(isNumber),
      openings: listOf(isNumber),
      needsHumanSince: orNull(isNumber),
      healthySince: orNull(isNumber),
      useless: orNull(shaped({ action: isString, value: isNumber })),
      // Left out in states of earlier versions.
      ...{ strikes: orAbsent(isNumber), relapses: orAbsent(isNumber), fixed: orAbsent(orNull(LAST_FIX)) },
    }),
  ),
  acts: listOf(
    shaped({
      at: isNumber,
      component: isString,
      action: isString,
      scope: SCOPE,
      outcome: oneOf('fixed', 'ineffective', 'failed', 'pending-reboot'),
      words: isString,
      relapsed: orAbsent(oneOf(true)),
    }),
  ),
  storm: orNull(shaped({ since: isNumber, lastFailure: isNumber })),
  pauses: mapOf(isNumber),
  approvals: listOf(
    shaped({
      id: isString,
      digest: isString,
      component: isString,
      action: isString,
      reason: isString,
      askedAt: isNumber,
      answer: oneOf('waiting', 'yes'),
    }),
  ),
  intents: listOf(
    shaped({
      ...{ at: isNumber, component: isString, action: isString, scope: SCOPE, bootId: isString },
      ...{ generation: orAbsent(GENERATION), awaitsReboot: orAbsent(isBoolean) },
      ...{ id: orAbsent(isString), check: orAbsent(isString) },
    }),
  ),
  generations: shaped({
    running: orNull(isPath),
    systems: mapOf(SYSTEM_RECORD),
    lastChange: orNull(shaped({ at: isNumber, action: isString, from: isPath, to: orNull(isPath) })),
    repeat: orNull(isPath),
  }),
  undo: orAbsent(
    listOf(
      shaped({
        at: isNumber,
        component: isString,
        action: isString,
        parameters: isObject,
        bootId: isString,
        until: isNumber,
      }),
    ),
  ),
  commands: orAbsent(
    listOf(
      shaped({
        ...{ at: isNumber, of: isString, by: isString },
        command: oneOf('pause', 'resume', 'approve', 'reject', 'reset'),
      }),
    ),
  ),
};

/** Largest state that is read or written, in bytes; far above what an engine needs. */
export const LARGEST_STATE = 4 * 1024 * 1024;
/** Deepest nesting that is read. Deeper JSON could be parsed, but not serialized again. */
const DEEPEST = 64;

/** Parses a state. Throws a `SyntaxError` or `TypeError` with the reason if it is invalid. */
export function parseState(text: string): GuardState {
  if (isDeeper(text, DEEPEST)) throw new TypeError(`it is nested deeper than ${DEEPEST} levels`);
  const parsed: unknown = JSON.parse(text);
  if (!isObject(parsed)) throw new TypeError('it is not an object');
  const { version } = EMPTY_STATE;
  // Version 1 had no generations.
  const value = parsed['version'] === 1 ? { ...parsed, version, generations: NO_GENERATIONS } : parsed;
  if (value['version'] !== version)
    throw new TypeError(
      `its version is ${JSON.stringify(value['version'])}, and this library knows ${version}`,
    );
  for (const [key, shape] of Object.entries(FIELDS)) {
    if (!shape(value[key])) throw new TypeError(`\`${key}\` is not as it was written`);
  }
  const state = value as unknown as GuardState;
  const components = Object.entries(state.components).map(([component, record]) => {
    // States of earlier versions lack some fields; their breaker counted failures.
    const defaults = { ...FRESH_RECORD, strikes: record.failures };
    return [component, { ...defaults, ...record }] as const;
  });
  return { ...state, components: Object.fromEntries(components) };
}

/** Returns whether the nesting exceeds `most`. A loop, because a regular expression could overflow the stack. */
function isDeeper(text: string, most: number): boolean {
  let depth = 0;
  let inString = false;
  for (let place = 0; place < text.length; place += 1) {
    const char = text[place];
    if (char === '"') inString = !inString;
    else if (inString) place += char === '\\' ? 1 : 0;
    else if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth -= 1;
    if (depth > most) return true;
  }
  return false;
}
