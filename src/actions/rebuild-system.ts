import { existsSync } from 'node:fs';
import { defineAction, verifyByCheck } from './define.js';
import { noParameters } from './parameters.js';
import { unavailable } from './service.js';

/** Builds the NixOS configuration and switches to it. Never picked by default; always for a person to approve. */
export const rebuildSystem = defineAction({
  parse: noParameters,
  plan() {
    const draft = { targets: ['system'], effect: 'The system runs its configuration, built anew' };
    if (!existsSync('/run/current-system/bin/switch-to-configuration')) {
      return {
        ...draft,
        steps: [],
        refusal: unavailable('This host does not run NixOS: there is nothing to rebuild'),
      };
    }
    return {
      ...draft,
      steps: [
        {
          kind: 'command',
          argv: ['nixos-rebuild', 'switch'],
          needsRoot: true,
          timeoutMs: 60 * 60_000,
          interruptible: false,
        },
      ],
      undo: 'Forward to the generation that runs now, which is recorded first',
      approval: 'A rebuild changes the whole system',
    };
  },
  verify: verifyByCheck,
  scope: 'host',
  risk: 'disruptive',
  timeoutMs: 60 * 60_000,
});
