import { messageOf } from '../base/errors.js';
import { nearest } from '../base/expect.js';
import { PROTECTED_UNITS } from '../gates/protected-units.js';
import type { Host } from '../host/host.js';
import { isUnknown, unknown, type Reading } from '../model/reading.js';
import type { UnitsReading } from '../model/snapshot.js';
import { componentOf, isUnitName, UNIT_SUFFIX } from '../model/unit-name.js';
import type { EnginePorts } from '../repair/ports.js';
import { until } from '../base/until.js';

/** Names that an entry may match: with each suffix, and as a template. */
const KINDS = ['.service', '.socket', '.timer', '.target', '.path', '.mount', '@0.service'];

/** Time limit for reading the names of units, in milliseconds: they are only a hint. */
const NAMES_WITHIN_MS = 2_000;

type Ports = Pick<EnginePorts, 'host' | 'policy' | 'logger'>;

/** Returns the active services without their suffix; none if they cannot be read in time. */
export async function activeNames(host: Host, signal: AbortSignal): Promise<readonly string[]> {
  if (host.activeServices === undefined) return [];
  try {
    const active = await until([signal, AbortSignal.timeout(NAMES_WITHIN_MS)], (inner) =>
      Promise.race([host.activeServices!(inner), endOf(inner)]),
    );
    return isUnknown(active) ? [] : active.map(componentOf);
  } catch {
    // The warning is complete without a hint.
    return [];
  }
}

/**
 * Warns of names in `protect` that systemd does not know, because a misspelt name protects nothing. Patterns are not
 * checked. Returns whether systemd answered. Never rejects.
 */
export async function warnOfUnknownProtect(ports: Ports, signal: AbortSignal): Promise<boolean> {
  const { host, logger, policy } = ports;
  const asked = new Map(
    policy.protect
      .filter((entry) => !entry.endsWith('*') && !(PROTECTED_UNITS as readonly string[]).includes(entry))
      .map((entry): [string, readonly string[]] => [entry, unitsOf(entry).filter(isUnitName)]),
  );
  const units = await unitsOn(host, [...asked.values()].flat(), signal);
  if (isUnknown(units)) return false;
  const known = new Set(units.asked.filter(isThere).map(({ name }) => name));
  const missing = [...asked].filter(([, candidates]) => !candidates.some((name) => known.has(name)));
  const active = missing.length === 0 ? [] : await activeNames(host, signal);
  for (const [entry] of missing) {
    const meant = nearest(entry.replace(UNIT_SUFFIX, ''), active);
    const hint = meant === undefined ? '' : `: did you mean \`${meant}\`?`;
    logger.warn(`\`protect\` names \`${entry}\`, and systemd does not know such a unit${hint}`);
  }
  return true;
}

async function unitsOn(
  host: Host,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Reading<UnitsReading>> {
  try {
    return (await host.read({ parts: ['units'], units: names, signal })).units;
  } catch (error) {
    return unknown(messageOf(error));
  }
}

const unitsOf = (entry: string): readonly string[] =>
  UNIT_SUFFIX.test(entry) ? [entry] : KINDS.map((kind) => `${entry}${kind}`);

const isThere = ({
  loadState,
  activeState,
}: {
  readonly loadState: string;
  readonly activeState: string;
}): boolean => loadState !== 'not-found' || activeState !== 'inactive';

const endOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(new Error('ended', { cause: signal.reason }));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
