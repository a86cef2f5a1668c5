import { isNumber, isObject, isString, listOf, mapOf, oneOf, orNull, shaped, type Shape } from '../shape.js';
import { EMPTY_STATE, type GuardState } from './state.js';

const SCOPE = oneOf('host', 'process');

const FIELDS: Readonly<Record<Exclude<keyof GuardState, 'version'>, Shape>> = {
  savedAt: isNumber,
  cautious: oneOf(true, false),
  components: mapOf(
    shaped({
      backoff: mapOf(shaped({ count: isNumber, until: isNumber, since: isNumber })),
      failures: isNumber,
      breakerUntil: orNull(isNumber),
      openings: listOf(isNumber),
      needsHumanSince: orNull(isNumber),
      healthySince: orNull(isNumber),
      useless: orNull(shaped({ action: isString, value: isNumber })),
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
    shaped({ at: isNumber, component: isString, action: isString, scope: SCOPE, bootId: isString }),
  ),
};

/** Reads a state back from its JSON. Throws, and says which part is wrong, when it is not one. */
export function parseState(text: string): GuardState {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new TypeError('it is not an object');
  if (value['version'] !== EMPTY_STATE.version) {
    throw new TypeError(
      `its version is ${JSON.stringify(value['version'])}, and this library knows ${EMPTY_STATE.version}`,
    );
  }
  for (const [key, shape] of Object.entries(FIELDS)) {
    if (!shape(value[key])) throw new TypeError(`\`${key}\` is not as it was written`);
  }
  return value as unknown as GuardState;
}
