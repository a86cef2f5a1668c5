import { nearest } from '../expect.js';
import { PROTECTED_UNITS } from '../guard/protected.js';
import type { Host } from '../host/host.js';
import { isUnknown } from '../host/reading.js';
import { isUnitName } from '../host/systemd/unit-name.js';
import type { Logger } from '../logger.js';

/** What an entry may stand for: it is compared without its suffix, and covers the instances of a template. */
const KINDS = ['.service', '.socket', '.timer', '.target', '.path', '.mount', '@0.service'];
const SUFFIX = /\.(service|socket|target|device|mount|automount|swap|timer|path|slice|scope)$/;

/** What a warning of misspelt names needs. */
export interface ProtectNames {
  readonly host: Host;
  readonly logger: Logger;
  readonly protect: readonly string[];
  /** Names of units without suffix, of which one was probably meant. */
  readonly names: () => Promise<readonly string[]>;
  readonly signal: AbortSignal;
}

/**
 * Warns of names in `protect` that systemd does not know: what is misspelt protects nothing. Patterns may stand for what
 * comes later. Returns whether systemd could be asked.
 */
export async function warnOfUnknownProtect(parts: ProtectNames): Promise<boolean> {
  const { host, logger, protect, names, signal } = parts;
  const asked = new Map(
    protect
      .filter((entry) => !entry.endsWith('*') && !(PROTECTED_UNITS as readonly string[]).includes(entry))
      .map((entry): [string, readonly string[]] => [entry, unitsOf(entry).filter(isUnitName)]),
  );
  const { units } = await host.read({ parts: ['units'], units: [...asked.values()].flat(), signal });
  if (isUnknown(units)) return false;
  const known = new Set(units.asked.filter(isThere).map(({ name }) => name));
  const missing = [...asked].filter(([, candidates]) => !candidates.some((name) => known.has(name)));
  const active = missing.length === 0 ? [] : await names();
  for (const [entry] of missing) {
    const meant = nearest(entry.replace(SUFFIX, ''), active);
    const hint = meant === undefined ? '' : `: did you mean \`${meant}\`?`;
    logger.warn(`\`protect\` names \`${entry}\`, and systemd does not know such a unit${hint}`);
  }
  return true;
}

const unitsOf = (entry: string): readonly string[] =>
  SUFFIX.test(entry) ? [entry] : KINDS.map((kind) => `${entry}${kind}`);

const isThere = ({
  loadState,
  activeState,
}: {
  readonly loadState: string;
  readonly activeState: string;
}): boolean => loadState !== 'not-found' || activeState !== 'inactive';
