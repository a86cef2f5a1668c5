import { messageOf } from '../../base/errors.js';
import { parsePolicy } from './policy.js';
import { readRootFile } from './root-file.js';
import { parseStrictJson } from './strict-json.js';

/**
 * Returns why the root helper would refuse its policy, as one sentence; `undefined` when it accepts it, and where there
 * is no policy: the helper is optional.
 *
 * @param owner Numeric id of the user it must belong to. Default root.
 */
export function policyMistake(path: string, owner = 0): string | undefined {
  try {
    parsePolicy(parseStrictJson(readRootFile(path, owner)));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : `${path}: ${messageOf(error)}`;
  }
}
