import { readdirSync, readFileSync } from 'node:fs';
import { expectKnownKeys } from '../expect.js';
import { defineAction, verifyByCheck } from './define.js';
import { wordParameter } from './parameters.js';
import { unavailable } from './service.js';

const POLICIES = '/sys/devices/system/cpu/cpufreq';

/** Writes a frequency governor into each CPU policy; what was there before is remembered. */
export const setCpuGovernor = defineAction({
  parse(parameters) {
    expectKnownKeys('parameters', parameters, ['governor']);
    return { governor: wordParameter('governor', parameters.governor, 'performance') };
  },
  plan({ governor }) {
    const draft = {
      targets: ['cpu'],
      steps: [],
      effect: `The frequency governor of every CPU is \`${governor}\``,
    };
    const policies = cpuPolicies();
    if (policies.length === 0)
      return { ...draft, refusal: unavailable('This machine has no cpufreq to govern') };
    const lacking = policies.find(({ offered }) => !offered.includes(governor));
    if (lacking) {
      const offer = lacking.offered.join(', ') || 'nothing';
      return { ...draft, refusal: unavailable(`${lacking.path} offers ${offer}, not \`${governor}\``) };
    }
    return {
      ...draft,
      steps: policies.map(({ path }) => ({
        kind: 'write' as const,
        path: `${path}/scaling_governor`,
        content: governor,
        needsRoot: true,
        timeoutMs: 5_000,
        interruptible: false,
      })),
      undo: `Back to ${policies.map(({ path, current }) => `${current} in ${path}`).join(', ')}`,
    };
  },
  verify: verifyByCheck,
  scope: 'host',
  risk: 'reversible',
  timeoutMs: 60_000,
});

interface Policy {
  readonly path: string;
  readonly current: string;
  readonly offered: readonly string[];
}

function cpuPolicies(): Policy[] {
  try {
    return readdirSync(POLICIES)
      .filter((name) => name.startsWith('policy'))
      .map((name) => {
        const path = `${POLICIES}/${name}`;
        const text = (file: string): string => readFileSync(`${path}/${file}`, 'utf8').trim();
        return {
          path,
          current: text('scaling_governor'),
          offered: text('scaling_available_governors').split(/\s+/),
        };
      });
  } catch {
    return [];
  }
}
