import { failingUnits } from '../memory/generations.js';
import type { Block } from '../model/plan.js';
import { isUnknown } from '../model/reading.js';
import { defineAction } from './define.js';
import {
  failingNow,
  profileBefore,
  readSystems,
  setProfile,
  changeBlock,
  undoChange,
  verifyGeneration,
  withoutSystems,
} from './on-generation.js';
import { noParameters } from './parameters.js';
import { refusedDraft, unavailable } from './on-service.js';
import { inTransientUnit, wordOf } from './transient-unit.js';

const REBUILD_MS = 2 * 60 * 60_000;
const NOTHING = 'There is nothing to rebuild';
const EFFECT = 'The system runs a new build of its configuration';
/** Variables that a build needs, as far as they are set: those that NixOS's own upgrade service has. */
const PROXIES = ['all_proxy', 'ftp_proxy', 'http_proxy', 'https_proxy', 'no_proxy', 'rsync_proxy'];
const PASSED = ['PATH', 'HOME', 'NIX_PATH', 'NIX_SSL_CERT_FILE', 'NIX_CONFIG', 'CURL_CA_BUNDLE', ...PROXIES];

/** Builds the NixOS configuration and switches to it. Never picked by default; always needs approval. */
export const rebuildSystem = defineAction({
  parse: noParameters,
  async plan(_parameters, context) {
    const refused = (refusal: Block) => refusedDraft('system', EFFECT, refusal);
    const systems = await readSystems(context);
    if (isUnknown(systems)) return refused(unavailable(`${NOTHING}: ${systems.unknown}`));
    const failing = await failingNow(failingUnits(context.history.generations), context);
    if (isUnknown(failing)) return refused(unavailable(`What fails now is not known: ${failing.unknown}`));
    const busy = await changeBlock(context);
    if (busy) return refused(busy);
    const { flake, flags } = context.nix.rebuild;
    const from = systems.running.path;
    return {
      targets: ['system'],
      effect: EFFECT,
      steps: [
        inTransientUnit({
          unit: `luminous-healing-rebuild-${wordOf(from)}`,
          argv: ['nixos-rebuild', 'switch', ...(flake === undefined ? [] : ['--flake', flake]), ...flags],
          passes: PASSED.filter((name) => process.env[name] !== undefined),
          timeoutMs: REBUILD_MS,
        }),
        // A build whose switch was refused is the newest entry of the profile, and would boot next.
        { ...setProfile(profileBefore('', systems)), onlyIf: 'not-activated' },
      ],
      undo: `Back to ${from}, which runs now; done by itself when more units fail afterwards than before`,
      generation: {
        from,
        to: null,
        verb: 'switch',
        units: failing.filter((unit) => unit.endsWith('.service')),
        failing,
      },
      approval: 'A rebuild changes the whole system',
    };
  },
  unavailable: withoutSystems(NOTHING),
  verify: (_parameters, context) => verifyGeneration(context),
  undo: (_parameters, context) => undoChange(context),
  scope: 'host',
  risk: 'disruptive',
  timeoutMs: REBUILD_MS + 60_000,
});
