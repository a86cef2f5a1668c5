import type { Check } from '../detect/check.js';
import { runProgram } from '../host/systemd/run-program.js';
import { unitName } from '../model/unit-name.js';
import type { Verdict } from '../model/issue.js';
import { span } from '../base/format.js';
import { CannotTell, cannotTell, judging, WrongAnswer } from './failure.js';
import { expectOptions, makeCheck, ok, type CommonOptions, type RunContext } from './make.js';
import { number, unit, type CheckRule } from './rules.js';

/** Options of {@link timer}. */
export interface TimerOptions extends CommonOptions {
  /** The timer, with or without `.timer`. */
  readonly timer: string;
  /** Greatest time since the last run of what it starts, in seconds: stale after that. */
  readonly maxAgeSeconds: number;
}

export const TIMER_RULE: CheckRule = {
  keys: { timer: unit, maxAgeSeconds: number(1, 1e10) },
  needs: ['timer', 'maxAgeSeconds'],
};

/**
 * Makes a check of a systemd timer: it is active, ran lately, and what it started succeeded. For the files that a backup
 * leaves, see `directory` with `newestMaxAgeSeconds`.
 *
 * @example
 * ```js
 * import { timer } from '@luminous-nix/self-healing/checks';
 *
 * const backup = timer({ timer: 'backup.timer', maxAgeSeconds: 90_000, heals: 'backup' });
 * ```
 */
export function timer(options: TimerOptions): Check {
  return timerWith(options, 'systemctl');
}

/** The same, with another program to ask. */
export function timerWith(options: TimerOptions, systemctl: string): Check {
  expectOptions('timer', TIMER_RULE, options);
  const name = unitName(options.timer.endsWith('.timer') ? options.timer : `${options.timer}.timer`);
  const what = `timer:${name}`;
  return makeCheck(options, {
    ...{ name: what, type: 'service' },
    run: judging(what, (context) => judge(what, name, options.maxAgeSeconds, shower(systemctl, context))),
  });
}

type Show = (unit: string, properties: string) => Promise<ReadonlyMap<string, string>>;

/** Times come as microseconds since the epoch: systemd prints `@1700000000` with this option. */
const shower =
  (systemctl: string, { signal, timeoutMs }: RunContext): Show =>
  async (name, properties) => {
    const args = ['show', '--timestamp=unix', `--property=${properties}`, '--', name];
    const asked = runProgram(systemctl, args, { timeoutMs, signal });
    const { stdout, stderr, exitStatus } = await asked.catch(cannotTell('systemd cannot be asked: '));
    if (exitStatus !== 0)
      throw new CannotTell(`systemd cannot be asked: ${stderr.trim().split('\n', 1)[0] ?? ''}`);
    const lines = stdout
      .split('\n')
      .map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)] as const);
    return new Map(lines);
  };

async function judge(what: string, name: string, maxAgeSeconds: number, show: Show): Promise<Verdict> {
  const timerOf = await show(name, 'LoadState,ActiveState,Unit,LastTriggerUSec,ActiveEnterTimestamp');
  if (timerOf.get('LoadState') === 'not-found') throw new CannotTell(`systemd does not know ${name}`);
  const state = timerOf.get('ActiveState') ?? '';
  if (state !== 'active')
    throw new WrongAnswer(`is ${state === '' ? 'unknown' : state}, so it starts nothing`);
  const started = timerOf.get('Unit') ?? '';
  const unitOf = await show(
    started,
    'ActiveState,Result,ExecMainExitTimestamp,ActiveEnterTimestamp,InactiveExitTimestamp',
  );
  const since = (at: number): number => Math.max(0, Date.now() / 1_000 - at);
  if (/activating|reloading/.test(unitOf.get('ActiveState') ?? '')) {
    const begun = seconds(unitOf.get('InactiveExitTimestamp'));
    const runs = { value: since(begun), threshold: maxAgeSeconds, valueUnit: 's' };
    if (begun === 0 || runs.value <= maxAgeSeconds) return ok(`${started} runs now`);
    // It hangs, and the timer starts no other run until it ends.
    throw new WrongAnswer(`started ${started}, which has run for ${span(runs.value * 1_000)}`, runs);
  }
  const result = unitOf.get('Result') ?? 'success';
  if (result !== 'success') throw new WrongAnswer(`started ${started}, which failed (${result})`);
  // What ended tells more than what was started; after a boot only the start is known.
  const last = Math.max(
    seconds(unitOf.get('ExecMainExitTimestamp')),
    seconds(unitOf.get('ActiveEnterTimestamp')),
    seconds(timerOf.get('LastTriggerUSec')),
  );
  if (last === 0) {
    // A timer that is new, or was started by a boot, has its time as well.
    const active = since(seconds(timerOf.get('ActiveEnterTimestamp')));
    if (active <= maxAgeSeconds)
      return ok(`${what} has not run yet, and is active for ${span(active * 1_000)}`);
    throw new WrongAnswer('has never run');
  }
  const age = since(last);
  const numbers = { value: age, threshold: maxAgeSeconds, valueUnit: 's' };
  if (age > maxAgeSeconds)
    throw new WrongAnswer(`ran ${span(age * 1_000)} ago, over ${span(maxAgeSeconds * 1_000)}`, numbers);
  return ok(`${what} ran ${span(age * 1_000)} ago`, numbers);
}

/** Seconds since the epoch; 0 for what never was. */
const seconds = (value: string | undefined): number => Number(/^@(\d+)/.exec(value ?? '')?.[1] ?? 0);
