import type { Check, HealFunction } from '../detect/check.js';
import { messageOf } from '../base/errors.js';
import { expectFunction, refusal } from '../base/expect.js';
import type { Verdict } from '../model/issue.js';
import type { Snapshot } from '../model/snapshot.js';
import { bad, expectOptions, makeCheck, ok, type CommonOptions } from './make.js';
import { text, type CheckRule } from './rules.js';

/** Answer of a check of a part: whether it is ok, or a verdict. */
export type PartAnswer = boolean | Verdict;

/** A part of the host program: how it is checked, repaired and proved. */
export interface PartOptions extends Omit<CommonOptions, 'heals'> {
  /** Its name, which is the check's and the component's. */
  readonly name: string;
  /** Looks: `true` is well, `false` is bad, or a verdict. Throwing is unknown. */
  readonly check: (context: {
    readonly signal: AbortSignal;
    readonly snapshot: Snapshot;
  }) => PartAnswer | Promise<PartAnswer>;
  /** Repairs it, inside this program. It fails by throwing. Default: nothing, it is only reported. */
  readonly repair?: HealFunction;
  /**
   * Proves a repair, besides `check`: called after a repair each time `check` is well, until it has passed once. `false`
   * or throwing is bad. Default: `check` alone.
   */
  readonly proof?: (context: { readonly signal: AbortSignal }) => unknown;
}

const PART_RULE: CheckRule = {
  keys: { name: text, check: expectFunction, repair: expectFunction, proof: expectFunction },
  needs: ['name', 'check'],
  together: (name, { heals, repair, proof }) => {
    if (heals !== undefined) throw refusal(`${name}.heals`, 'left out: `repair` repairs a part', heals);
    if (proof !== undefined && repair === undefined)
      throw refusal(`${name}.repair`, 'given with `proof`', repair);
  },
};

/**
 * Makes one object of a part of the host program: check, repair and proof.
 *
 * @example
 * ```js
 * import { part } from '@luminous-nix/self-healing/checks';
 *
 * const client = { isOpen: true, connect: async () => undefined, get: async () => 'ok' };
 * const cache = part({
 *   name: 'cache',
 *   check: () => client.isOpen,
 *   repair: () => client.connect(),
 *   proof: async () => (await client.get()) === 'ok',
 * });
 * ```
 */
export function part(options: PartOptions): Check {
  expectOptions('part', PART_RULE, options);
  const { name, check, repair, proof } = options;
  let unproved = false;
  const heals: HealFunction | undefined = repair && (proof ? noted(repair, () => (unproved = true)) : repair);
  return makeCheck(
    { ...options, ...(heals === undefined ? {} : { heals }) },
    {
      ...{ name, type: 'service' },
      run: async ({ signal, snapshot }) => {
        const answer = await check({ signal, snapshot });
        const verdict =
          typeof answer === 'object' ? answer : answer ? ok(`${name} is well`) : bad(`${name} is not well`);
        if (!unproved || verdict.status !== 'ok') return verdict;
        try {
          if ((await proof?.({ signal })) === false) return bad(`${name} is well, but its proof says no`);
        } catch (error) {
          return bad(`${name} is well, but its proof failed: ${messageOf(error)}`);
        }
        unproved = false;
        return verdict;
      },
    },
  );
}

/** A plan shows the name of the function. */
function noted(repair: HealFunction, note: () => void): HealFunction {
  const run: HealFunction = (context) => {
    note();
    return repair(context);
  };
  return Object.defineProperty(run, 'name', { value: repair.name });
}
