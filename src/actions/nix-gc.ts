import { accessSync, constants, existsSync } from 'node:fs';
import type { NixControls } from '../model/controls-reading.js';
import type { CommandStep } from '../model/plan.js';
import type { StepReport } from '../model/execution.js';

const RESERVE = '/nix/var/nix/db/reserved';
/** Free space in bytes below which the disk counts as full: Nix needs some to open its database. */
const FULL_BYTES = 256 * 1024;
const TIMEOUT_MS = 30 * 60_000;

/**
 * Returns steps that collect up to so many bytes of garbage: through nix-daemon if it accepts this user, else as root.
 * On a full disk Nix cannot open its database, so its reserve file is removed first and not created again.
 */
export function collectGarbage(
  bytes: number,
  availableBytes: number,
  { daemon, hasSystemd }: NixControls,
): { readonly steps: readonly CommandStep[]; readonly notes: readonly string[] } {
  const asRoot = (timeoutMs: number, ...argv: readonly string[]): CommandStep => ({
    kind: 'command',
    argv,
    needsRoot: true,
    timeoutMs,
    interruptible: true,
  });
  const gc = asRoot(TIMEOUT_MS, nixProgram('nix-store'), '--gc', '--max-freed', String(bytes));
  if (availableBytes < FULL_BYTES) {
    const remove = asRoot(60_000, 'rm', '-f', '--', RESERVE);
    // The daemon would create the reserve again before it collects.
    const argv = [...gc.argv, '--option', 'gc-reserved-space', '0'];
    const collect = { ...gc, argv, env: { NIX_REMOTE: 'local' } };
    const note = `The disk is full: Nix's own reserve, ${RESERVE}, is removed so that Nix can work at all; Nix creates it again by itself`;
    const steps = hasSystemd ? [besides(remove, 'reserve'), besides(collect, 'collect')] : [remove, collect];
    return { steps, notes: [note] };
  }
  if (daemon === 'granted') return { steps: [{ ...gc, needsRoot: false, env: daemonEnv() }], notes: [] };
  const note =
    'nix-daemon does not accept this user: allow it by `nix.settings.extra-allowed-users` on NixOS, or the group `nix-users` on Debian';
  return { steps: [gc], notes: daemon === 'denied' ? [note] : [] };
}

/** Wraps a step in a transient unit: the root helper's sandbox can neither write to the store nor remount it. */
function besides({ argv, env = {}, ...step }: CommandStep, name: string): CommandStep {
  return {
    ...step,
    argv: [
      ...['systemd-run', '--quiet', '--pipe', '--wait', '--collect', '--no-ask-password'],
      `--unit=luminous-healing-nix-${name}`,
      `--property=RuntimeMaxSec=${Math.ceil(step.timeoutMs / 1_000)}`,
      ...Object.entries(env).map(([variable, value]) => `--setenv=${variable}=${value}`),
      '--',
      ...argv,
    ],
  };
}

/** Returns the environment for a client of nix-daemon. Nix fails if it cannot read `HOME`, as in some services. */
function daemonEnv(): Readonly<Record<string, string>> {
  const { HOME } = process.env;
  const daemon = { NIX_REMOTE: 'daemon' };
  try {
    accessSync(HOME ?? '', constants.R_OK | constants.X_OK);
    return daemon;
  } catch {
    return { ...daemon, HOME: '/' };
  }
}

/** Folders of Nix programs that are missing from the `PATH` of a service. */
const FOLDERS = ['/run/current-system/sw/bin', '/nix/var/nix/profiles/default/bin'];

/** Returns the path of a Nix program, or its name if `PATH` has it or none of the folders does. */
export function nixProgram(name: string, folders = FOLDERS): string {
  const path = (process.env.PATH ?? '').split(':').filter(Boolean);
  if (path.some((folder) => existsSync(`${folder}/${name}`))) return name;
  const folder = folders.find((one) => existsSync(`${one}/${name}`));
  return folder === undefined ? name : `${folder}/${name}`;
}

/** Result of one or several collections, as printed by Nix. */
export interface Collected {
  readonly paths: number;
  readonly freedBytes: number;
  /** Bytes requested from the last one, and freed by it. */
  readonly last: { readonly asked: number; readonly freedBytes: number };
}

const POWERS: Readonly<Record<string, number>> = { B: 0, KiB: 1, MiB: 2, GiB: 3, TiB: 4 };

/** Parses the output of collections; `undefined` if none printed a result. */
export function collectedBy(reports: readonly StepReport[]): Collected | undefined {
  const printed = reports.flatMap(({ step, output = '' }) => {
    const asked = Number(/ --gc --max-freed (\d+)/.exec(step)?.[1]);
    const [, paths, amount, unit = ''] =
      /(\d+) store paths deleted, (-?[\d.]+) (\w+) freed/.exec(output) ?? [];
    const freedBytes = Math.max(0, Number(amount)) * 1024 ** (POWERS[unit] ?? NaN);
    return Number.isNaN(asked + freedBytes) ? [] : [{ paths: Number(paths), asked, freedBytes }];
  });
  const last = printed.at(-1);
  if (last === undefined) return undefined;
  const sum = (of: (one: (typeof printed)[number]) => number): number =>
    printed.reduce((all, one) => all + of(one), 0);
  const { asked, freedBytes } = last;
  return {
    paths: sum((one) => one.paths),
    freedBytes: sum((one) => one.freedBytes),
    last: { asked, freedBytes },
  };
}
