import { isSelfHealingError } from '../base/errors.js';
import { EMPTY_STATE, type GuardState } from '../memory/state.js';
import type { Store } from '../memory/store.js';
import {
  conformance,
  insist,
  mustNotFail,
  rejectionOf,
  describeValue,
  type ConformanceCase,
  type Make,
} from './conformance.js';

/** What a {@link storeConformance} may be told. */
export interface StoreConformanceOptions {
  /** Makes another store in the place of the one that was made last, as after a restart. */
  readonly reopen?: Make<Store>;
  /** Whether a place can be held by one store only. Default `false`. */
  readonly locks?: boolean;
}

/** What every `Store` promises. `make` must make each store in a new and empty place. */
export function storeConformance(
  make: Make<Store>,
  { reopen, locks = false }: StoreConformanceOptions = {},
): ConformanceCase[] {
  return conformance(make, {
    async '`load` gives nothing where nothing was ever saved'(store) {
      const loaded = await mustNotFail('`load`', () => store.load());
      insist(loaded === undefined, `In an empty place \`load\` gave ${describeValue(loaded)}`);
    },
    async 'a dry run loads, too'(store) {
      const loaded = await mustNotFail('`load` for a dry run', () => store.load({ readOnly: true }));
      insist(loaded === undefined, `In an empty place \`load\` gave ${describeValue(loaded)}`);
    },
    async 'the last state that was saved is what is loaded after a restart'(store) {
      if (reopen === undefined) return;
      await store.load();
      await mustNotFail('`save`', () => store.save(stateOf(1)));
      await mustNotFail('`save` a second time', () => store.save(stateOf(2)));
      await store.close?.();
      await insistOnState(await reopen(), stateOf(2));
    },
    async 'what one store holds is locked for another'(store) {
      if (reopen === undefined || !locks) return;
      await store.load();
      await store.save(stateOf(1));
      const rival = await reopen();
      const reason = await rejectionOf('`load` of a state that another store holds', () => rival.load());
      const locked = isSelfHealingError(reason) && reason.code === 'locked';
      insist(locked, `It rejected with ${describeValue(reason)} and not with the code \`locked\``);
      await mustNotFail('`load` for a dry run', () => rival.load({ readOnly: true }));
      await rival.close?.();
    },
    async 'it can be closed twice, and without having been loaded'(store) {
      await mustNotFail('`close`', () => store.close?.());
      await mustNotFail('`close` a second time', () => store.close?.());
    },
  });
}

const stateOf = (savedAt: number): GuardState => ({
  ...EMPTY_STATE,
  savedAt,
  pauses: { [`because of ${savedAt} "☃"`]: savedAt },
});

async function insistOnState(store: Store, expected: GuardState): Promise<void> {
  const loaded = await mustNotFail('`load` after a restart', () => store.load());
  await store.close?.();
  const [got, wanted] = [JSON.stringify(loaded), JSON.stringify(expected)];
  insist(got === wanted, `Saved was ${wanted}, loaded was ${got ?? 'nothing'}`);
}
