import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSelfHealingError, messageOf } from '../../src/base/errors.js';
import type { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { preload } from '../../src/repair/load.js';
import { WAYS, type Misbehaviour } from './ways.js';
import { engineIn, processWorld, unitWorld, type World, type Wrap } from './world.js';

/** A callback or port of the host program. */
interface Port {
  readonly name: string;
  readonly world: (wrap: Wrap, port: string) => World;
  /** Name in the log for a fault of this port; `undefined` if there is no one to report it to. */
  readonly called: RegExp | undefined;
  /** Ways in which it may misbehave at every call while the other component is healed nonetheless. */
  readonly isShared?: boolean;
}

const units = (wrap: Wrap, port: string): World => unitWorld(wrap, port, undefined);
const detecting = (wrap: Wrap, port: string): World => unitWorld(wrap, port, 'all');
const issuesOnly = (wrap: Wrap, port: string): World => unitWorld(wrap, port, 'issues');

const PORTS: readonly Port[] = [
  { name: 'check.run', world: processWorld, called: /check `own`/ },
  { name: 'check.heals', world: processWorld, called: /heal:own for own: / },
  { name: 'action.parse', world: processWorld, called: /mend for own: / },
  { name: 'action.plan', world: processWorld, called: /mend for own: / },
  { name: 'action.step', world: processWorld, called: /mend for own: / },
  { name: 'action.verify', world: processWorld, called: /mend for own: .*(could not be verified|`verify`)/ },
  { name: 'action.undo', world: processWorld, called: /could not be undone/ },
  { name: 'approve', world: processWorld, called: /`approve`/ },
  { name: 'resolver.getAction', world: processWorld, called: /resolver/, isShared: true },
  { name: 'host.read', world: units, called: /`host\.read`|The detector/, isShared: true },
  { name: 'host.unitLog', world: units, called: /`host\.unitLog`/ },
  { name: 'host.activeServices', world: units, called: /`host\.activeServices`/ },
  { name: 'host.watch', world: units, called: /`host\.watch`/ },
  { name: 'detector.detectIssues', world: issuesOnly, called: /[Tt]he detector/, isShared: true },
  { name: 'detector.inspect', world: detecting, called: /[Tt]he detector/, isShared: true },
  { name: 'executor.plan', world: units, called: /restart_service for nginx: /, isShared: true },
  { name: 'executor.execute', world: units, called: /restart_service for nginx: /, isShared: true },
  { name: 'store.load', world: processWorld, called: /`store\.load`|state/, isShared: true },
  { name: 'store.save', world: processWorld, called: /record|state/, isShared: true },
  { name: 'store.close', world: processWorld, called: /The state/ },
  { name: 'clock.now', world: processWorld, called: /`clock\.now`/, isShared: true },
  { name: 'clock.monotonic', world: processWorld, called: /`clock\.monotonic`/, isShared: true },
  { name: 'clock.random', world: processWorld, called: /`clock\.random`/ },
  { name: 'clock.sleep', world: processWorld, called: /`clock\.sleep`/, isShared: true },
  { name: 'clock.deadline', world: processWorld, called: /`clock\.deadline`/ },
  ...['debug', 'info', 'warn', 'error'].map((level) => ({
    ...{ name: `logger.${level}`, world: processWorld, called: undefined },
  })),
  ...['cycle:done', 'issue:opened', 'issue:cleared', 'heal:planned', 'heal:started', 'heal:done'].map(
    (event) => ({
      ...{ name: `listener ${event}`, world: processWorld, called: new RegExp(`listener of ${event}`) },
    }),
  ),
  { name: 'metrics.attach', world: processWorld, called: /metrics\[0\]/ },
  { name: 'metrics.detach', world: processWorld, called: /metrics adapter/ },
];

/** All cases take 2 min: `PORT_WALK=1` runs them; by default every 24th case runs. */
const PART = Number(process.env['PORT_WALK'] ?? 24);

/** Calls at which it misbehaves. */
const MOMENTS = [1, 2, 'always'] as const;

interface Case extends Misbehaviour {
  readonly port: Port;
  readonly moment: (typeof MOMENTS)[number];
}

/** Ports whose result nothing waits for, the clock, and approvals: no result means no rejection. */
const PORTS_WITHOUT_TIMEOUT = /^(clock|listener|metrics|approve)\b/;

/** Returns whether the other component is healed nevertheless. */
function isOtherSafe({ port, kind, word, moment }: Case): boolean {
  if (kind === 'ends' || word.includes('pause()')) return false;
  // A clock whose sleep never ends lets nothing happen.
  if (port.name === 'clock.sleep') return false;
  // A repair that cannot be recorded is not made, and a save that hangs may still write.
  if (port.name === 'store.save' && (kind === 'hangs' || kind === 'late')) return false;
  return !(port.isShared && moment === 'always');
}

let count = 0;
let unreached = 0;

async function live(one: Case): Promise<string[]> {
  const { port, way, moment, kind } = one;
  let engine: SimplifiedHealingEngine | undefined;
  let release = (): void => undefined;
  const late = new Promise<void>((resolve) => (release = resolve));
  let calls = 0;
  let isReached = false;
  const wrap = ((name: string, work: (...given: unknown[]) => unknown) =>
    name !== port.name
      ? work
      : (...given: unknown[]): unknown => {
          calls += 1;
          // A callback that calls the engine, which calls the callback, would never end.
          const isOver = isReached && (kind === 'calls back' || kind === 'ends');
          if (isOver || (moment !== 'always' && calls !== moment)) return work(...given);
          isReached = true;
          return way({ engine: () => engine, answer: () => work(...given), late });
        }) as Wrap;
  const world = port.world(wrap, port.name);
  const { clock } = world;
  const faults: string[] = [];
  count += 1;
  try {
    engine = engineIn(world);
  } catch (error) {
    if (port.name !== 'metrics.attach' || !isSelfHealingError(error)) faults.push('the constructor threw');
    return faults;
  }
  const monitoring = engine
    .startMonitoring(60)
    .catch((error: unknown) => faults.push(`it ended: ${messageOf(error)}`));
  await clock.advance(4_000);
  // The time limit of a check is in real time.
  if (port.name === 'check.run' && (kind === 'hangs' || kind === 'late')) await wait(10);
  await clock.advance(116_000);
  if (isOtherSafe(one) && !world.isOtherHealed()) faults.push('the other component is not healed');
  // Beyond every deadline: 15 min for an approval, 6 min for a proof.
  if (kind === 'hangs' || kind === 'late') await clock.advance(port.name === 'approve' ? 900_000 : 300_000);
  release();
  await clock.advance(1_000);
  let isClosed = false;
  const closing = engine.close().then(
    () => (isClosed = true),
    () => faults.push('close() rejected'),
  );
  for (let step = 0; step < 8 && !isClosed; step += 1) await clock.advance(5_000);
  if (!isClosed) faults.push('close() did not resolve within 40 s');
  else await Promise.all([closing, monitoring]);
  if (clock.sleepers > 0) faults.push(`${clock.sleepers} sleep on after close()`);
  if (!isReached) unreached += 1;
  const said = world.logger.lines.filter(({ level }) => level === 'warn' || level === 'error');
  // Each attempt of a repair has one result.
  const faultsSaid = said.filter(({ message }) => !/ for \w+: (failed|ineffective) /.test(message));
  const twice = faultsSaid.filter(
    ({ message }, at) => faultsSaid.findIndex((line) => line.message === message) !== at,
  );
  if (twice.length > 0) faults.push(`said again: ${twice[0]!.message}`);
  const isFault = kind === 'fails' || (kind === 'hangs' && !PORTS_WITHOUT_TIMEOUT.test(port.name));
  if (
    isReached &&
    isFault &&
    port.called &&
    !world.logger.lines.some(({ message }) => port.called!.test(message))
  )
    faults.push(`not named, but: ${said.map(({ message }) => message).join(' | ')}`);
  return faults;
}

describe('an engine with a misbehaving callback', () => {
  const unowned: unknown[] = [];
  const keep = (error: unknown): void => void unowned.push(error);
  beforeEach(() => {
    unowned.length = 0;
    process.on('unhandledRejection', keep);
    process.on('uncaughtException', keep);
  });
  afterEach(() => {
    process.off('unhandledRejection', keep);
    process.off('uncaughtException', keep);
  });
  afterAll(() =>
    console.info(
      `${count} cases: ${PORTS.length} callbacks × ${WAYS.length} ways × ${MOMENTS.length} moments; ${unreached} never came to the call`,
    ),
  );

  it.each(PORTS.map((port) => [port.name, port] as const))(
    'continues, heals and can be closed, whatever %s does',
    async (_name, port) => {
      // Real time passes while a module is loaded late, but not on the clock of a world.
      await Promise.all([preload(), import('../../src/watch/unit-names.js')]);
      const before = whatIsOpen();
      const all = MOMENTS.flatMap((moment) => WAYS.map((way): Case => ({ ...way, port, moment })));
      // By default, another subset for each port.
      const cases = all.filter((_one, index) => (index + PORTS.indexOf(port)) % PART === 0);
      const reports = await Promise.all(
        cases.map(async (one) =>
          (await live(one)).map((fault) => `${one.word}, at call ${one.moment}: ${fault}`),
        ),
      );
      await wait(1);
      expect(reports.flat()).toEqual([]);
      expect(unowned).toEqual([]);
      for (const [what, open] of Object.entries(whatIsOpen()))
        expect(open, what).toBeLessThanOrEqual(before[what]!);
    },
  );
});

/** Descriptors, timers that keep the process alive, and listeners of the process. */
const whatIsOpen = (): Record<string, number> => ({
  descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
  timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
  listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
});
