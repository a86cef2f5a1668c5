import { existsSync } from 'node:fs';
import { NIX_STORE } from '../detect/component.js';
import { mountOf } from '../detect/disk.js';
import { clearingLevel, percent } from '../detect/percent.js';
import { expectKnownKeys } from '../expect.js';
import { isUnknown } from '../host/reading.js';
import { bytes } from '../words.js';
import type { Block } from '../plan.js';
import { defineAction, verifyByCheck, type PlanDraft } from './define.js';
import { pathParameter } from './parameters.js';
import { unavailable } from './service.js';

/** Collects garbage in the Nix store, down to the clearing level of its file system and no further. */
export const cleanNixStore = defineAction({
  parse(parameters) {
    expectKnownKeys('parameters', parameters, ['path']);
    return { path: pathParameter('path', parameters.path, NIX_STORE) };
  },
  async plan({ path }, { read, thresholds }) {
    const refused = (refusal: Block): PlanDraft => ({
      targets: [`disk:${path}`],
      steps: [],
      effect: 'Store paths that nothing refers to are deleted',
      refusal,
    });
    if (!existsSync(NIX_STORE)) return refused(unavailable('This host has no Nix store'));
    const { mounts } = await read({ parts: ['mounts'] });
    if (isUnknown(mounts)) return refused(unavailable(`The mounts are not known: ${mounts.unknown}`));
    const mount = mountOf(path, mounts);
    if (mount === undefined || mount.device !== mountOf(NIX_STORE, mounts)?.device) {
      return refused(unavailable(`The Nix store is not on the file system of ${path}`));
    }
    if (isUnknown(mount.space)) {
      return refused(unavailable(`How full ${path} is, is not known: ${mount.space.unknown}`));
    }
    const level = clearingLevel(thresholds.diskPercent);
    const { used, available } = mount.space;
    const surplus = Math.max(0, Math.ceil(used - (level / 100) * (used + available)));
    if (surplus === 0) {
      const sentence = `${mount.mountPoint} is ${percent(mount.space.percent)} full, which is under ${percent(level)} already`;
      return refused({ reason: 'no-expected-gain', sentence });
    }
    return {
      targets: [`disk:${mount.mountPoint}`],
      effect: `Up to ${bytes(surplus)} of store paths that nothing refers to are deleted, until ${mount.mountPoint} is under ${percent(level)}`,
      steps: [
        {
          kind: 'command',
          argv: ['nix-store', '--gc', '--max-freed', String(surplus)],
          needsRoot: false,
          timeoutMs: 30 * 60_000,
          interruptible: true,
        },
      ],
    };
  },
  verify: verifyByCheck,
  scope: 'host',
  risk: 'reversible',
  timeoutMs: 30 * 60_000,
});
