import { isSelfHealingError } from '../base/errors.js';
import { EMPTY_STATE, type GuardState } from '../memory/state.js';
import type { Store } from '../memory/store.js';
import { conformance, insist, mustNotFail, rejectionOf, format, type Make } from './conformance.js';

/** Options of {@link storeConformance}. */
export interface StoreConformanceOptions {
  /** Creates another store in the location of the last one, as after a restart. */
  readonly reopen?: Make<Store>;
  /** `true` if only one store can hold a location. Default `false`. */
  readonly locks?: boolean;
}

/** Returns tests for a `Store`. `make` must create each store in a new, empty location. */
export function storeConformance(make: Make<Store>, { reopen, locks = false }: StoreConformanceOptions = {}) {
  return conformance(make, {
    async '`load` returns undefined if nothing was ever saved'(store) {
      const loaded = await mustNotFail('`load`', () => store.load());
      insist(loaded === undefined, `In an empty place \`load\` returned ${format(loaded)}`);
    },
    async 'a dry run can load'(store) {
      const loaded = await mustNotFail('`load` for a dry run', () => store.load({ readOnly: true }));
      insist(loaded === undefined, `In an empty place \`load\` returned ${format(loaded)}`);
    },
    async 'the last saved state is loaded after a restart'(store) {
      if (reopen === undefined) return;
      await store.load();
      await mustNotFail('`save`', () => store.save(stateOf(1)));
      await mustNotFail('`save` a second time', () => store.save(stateOf(2)));
      await store.close?.();
      await insistOnState(await reopen(), stateOf(2));
    },
    async 'a held state is locked for another store'(store) {
      if (reopen === undefined || !locks) return;
      await store.load();
      await store.save(stateOf(1));
      const rival = await reopen();
      const reason = await rejectionOf('`load` of a state that another store holds', () => rival.load());
      const locked = isSelfHealingError(reason) && reason.code === 'locked';
      insist(locked, `It rejected with ${format(reason)} and not with the code \`locked\``);
      await mustNotFail('`load` for a dry run', () => rival.load({ readOnly: true }));
      await rival.close?.();
    },
    async 'it can be closed twice, and without a load'(store) {
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
