// Runs inside a test host: prints the readings of the system by an engine's host, as an action gets them when it is
// planned. Arguments: two systems to compare, if any.
import process from 'node:process';
import { createSelfHealingEngine, defineAction } from '../../../dist/index.js';

const [, , from, to] = process.argv;
let told;
const look = defineAction({
  parse: (parameters) => parameters,
  async plan(_parameters, { read, systemIdentity, unitChanges, nixActivity }) {
    const { system } = await read({ parts: ['system'] });
    told = {
      system,
      activity: await nixActivity(),
      ...(from ? { identity: await systemIdentity(from) } : {}),
      ...(to ? { changes: await unitChanges(from, to) } : {}),
    };
    return {
      targets: ['the system'],
      steps: [],
      effect: 'Nothing',
      refusal: { reason: 'no-action', sentence: '-' },
    };
  },
  verify: () => ({ status: 'fixed', reason: 'Nothing was done' }),
  scope: 'host',
  risk: 'reversible',
  timeoutMs: 60_000,
});

const engine = createSelfHealingEngine({ actions: { look } });
await engine.executor.plan({ action: 'look', parameters: {} });
await engine.close();
console.log(JSON.stringify(told));
