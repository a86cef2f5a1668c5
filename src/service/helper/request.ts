import { HELPER_VERSION, REQUEST_LIMIT, type HelperRequest } from '../../execute/helper-protocol.js';
import { expectBoolean, expectKnownKeys, expectObject, expectOneOf, refusal } from '../../base/expect.js';
import { isObject } from '../../base/shape.js';
import { parseStrictJson } from './strict-json.js';

const KEYS = ['version', 'do', 'action', 'parameters', 'approved', 'digest'];
const ACTION = /^[a-z][a-z0-9_]{0,63}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const PARAMETER = /^[A-Za-z]{1,32}$/;
/** Name of one text in a parameter of several, such as `policy0`. */
const NAME = /^[A-Za-z0-9]{1,32}$/;
const MOST_PARAMETERS = 8;
const LONGEST_VALUE = 4_096;

/**
 * Parses one request: the bytes before the newline. It holds only the name of an action and plain parameters, never a
 * command. Throws for everything else.
 *
 * @param asked Operations allowed on this socket.
 */
export function parseRequest(
  line: Uint8Array,
  asked: readonly HelperRequest['do'][] = ['plan', 'execute'],
): HelperRequest {
  if (line.length >= REQUEST_LIMIT) throw new Error(`The request is longer than ${REQUEST_LIMIT} bytes`);
  const given = expectObject('request', strictly(line));
  expectKnownKeys('request', given, KEYS);
  if (given.version !== HELPER_VERSION) throw refusal('version', String(HELPER_VERSION), given.version);
  expectOneOf('do', given.do, asked, 'word');
  if (typeof given.action !== 'string' || !ACTION.test(given.action)) {
    throw refusal('action', 'the name of an action', given.action);
  }
  if (given.approved !== undefined) expectBoolean('approved', given.approved);
  if (given.digest !== undefined && !(typeof given.digest === 'string' && DIGEST.test(given.digest))) {
    throw refusal('digest', 'a fingerprint of 64 hex digits', given.digest);
  }
  if (given.do === 'approve' && given.digest === undefined)
    throw refusal('digest', 'the fingerprint of the plan that is approved', given.digest);
  const parameters = Object.entries(expectObject('parameters', given.parameters));
  if (parameters.length > MOST_PARAMETERS) {
    throw refusal('parameters', `at most ${MOST_PARAMETERS}`, parameters.length);
  }
  for (const [key, value] of parameters) {
    if (!PARAMETER.test(key)) throw refusal('parameters', 'named by letters', key);
    if (!isParameter(value)) {
      throw refusal(
        `parameters.${key}`,
        `a text of at most ${LONGEST_VALUE} characters, or texts by name`,
        value,
      );
    }
  }
  return given as unknown as HelperRequest;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= LONGEST_VALUE;

const isParameter = (value: unknown): boolean =>
  isText(value) ||
  typeof value === 'boolean' ||
  (Number.isSafeInteger(value) && (value as number) >= 0) ||
  (isObject(value) && Object.entries(value).every(([key, text]) => NAME.test(key) && isText(text)));

function strictly(line: Uint8Array): unknown {
  try {
    return parseStrictJson(line);
  } catch (error) {
    throw new Error(`The request cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
