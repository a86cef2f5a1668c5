import type { Block } from '../plan.js';

const PREVIEWED: readonly string[] = ['clean_nix_store', 'clear_system_cache', 'set_cpu_governor'];

/** Refuses to carry out what this version can plan but not yet prove. */
export function previewOnly(action: string): Block | undefined {
  if (!PREVIEWED.includes(action)) return undefined;
  return {
    reason: 'unavailable',
    sentence: `This version plans \`${action}\` but does not carry it out; the steps in the plan can be done by hand`,
  };
}
