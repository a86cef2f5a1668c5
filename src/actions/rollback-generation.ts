import { existsSync } from 'node:fs';
import { defineAction, verifyByCheck } from './define.js';
import { noParameters } from './parameters.js';
import { unavailable } from './service.js';

/** Goes back to the NixOS generation that ran before, by the evidence of this library's own record. */
export const rollbackGeneration = defineAction({
  parse: noParameters,
  plan() {
    const draft = {
      targets: ['system'],
      steps: [],
      effect: 'The system runs the generation that ran before this one',
    };
    if (!existsSync('/run/current-system/bin/switch-to-configuration')) {
      return {
        ...draft,
        refusal: unavailable('This host does not run NixOS: it has no generations to go back to'),
      };
    }
    return {
      ...draft,
      refusal: unavailable('Which generation ran before this one is not on record'),
      approval: 'A rollback without evidence on record is for a person to decide',
    };
  },
  verify: verifyByCheck,
  scope: 'host',
  risk: 'disruptive',
  timeoutMs: 30 * 60_000,
});
