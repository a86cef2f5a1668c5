import { describe, expect, it, vi } from 'vitest';
import type { HostListener } from '../../src/host/host.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { HealingResult } from '../../src/model/result.js';
import { EMPTY_STATE } from '../../src/memory/state.js';
import { recordingLogger } from '../../src/testing/index.js';
import { Monitoring } from '../../src/watch/monitoring.js';
import { Reports } from '../../src/watch/reports.js';
import { fakeClock } from '../../src/testing/index.js';
import { issueOf } from '../make.js';

describe('the report of a result', () => {
  const resultOf = (more: Partial<HealingResult> = {}) =>
    ({ id: '1', issue: issueOf(), outcome: 'fixed', ...more }) as unknown as HealingResult;
  const made = (options: { listens?: boolean; open?: number; fixes?: number } = {}) => {
    const { listens = true, open = 1, fixes = 0 } = options;
    const told: [string, object][] = [];
    const calls: string[] = [];
    const note = (what: string) => (about: unknown) =>
      void calls.push(typeof about === 'string' ? `${what} ${about}` : what);
    const looks = {
      ...{ repairBegins: note('begins'), repairEnds: note('ends'), proved: note('proved') },
      counts: { healed: note('counted') },
      recent: { ended: note('remembered') },
      open: { about: () => Array.from({ length: open }, () => ({})) },
    };
    const acts = Array.from({ length: fixes }, () => ({ component: 'nginx', outcome: 'fixed', at: 10 }));
    const ports = {
      emit: (name: string, event: object) => void told.push([name, event]),
      hasListeners: (name: string) => listens && name === 'cycle:done',
      ledger: { state: { ...EMPTY_STATE, acts }, now: () => 20 },
      guards: DEFAULT_GUARDS,
    };
    return { reports: new Reports(ports as never, looks as never), told, calls };
  };
  const names = (told: readonly [string, object][]) => told.map(([name]) => name);

  it('counts it, ends the repair, and clears the issue of a proven one', () => {
    const { reports, told, calls } = made();
    const result = resultOf();
    reports.add(result);
    expect(calls).toEqual(['ends nginx', 'counted', 'remembered', 'proved nginx']);
    expect(told).toEqual([['heal:done', { result }]]);
    expect(reports.last('nginx')).toBe(result);
  });

  it.each([
    ['ineffective', ['heal:done']],
    ['failed', ['heal:done']],
    ['pending', ['heal:done']],
    ['planned', []],
    ['skipped', ['heal:blocked']],
  ] as const)('of a repair that is %s clears no issue, and tells %j', (outcome, events) => {
    const { reports, told, calls } = made();
    reports.add(resultOf({ outcome, blockedBy: 'cooldown' } as never));
    expect(calls).not.toContain('proved nginx');
    expect(names(told)).toEqual(events);
  });

  it('that is blocked is emitted once for each reason, until something else happens', () => {
    const { reports, told } = made();
    const block = (blockedBy: string) =>
      reports.add(resultOf({ outcome: 'skipped', blockedBy, error: 'e' } as never));
    block('cooldown');
    block('cooldown');
    block('storm');
    block('cooldown');
    expect(told.map(([, event]) => (event as { blockedBy: string }).blockedBy)).toEqual([
      ...['cooldown', 'storm', 'cooldown'],
    ]);
    expect(told[0]).toEqual(['heal:blocked', { issue: issueOf(), blockedBy: 'cooldown', error: 'e' }]);
    reports.begins('nginx');
    block('cooldown');
    reports.forget('nginx');
    block('cooldown');
    reports.add(resultOf({ outcome: 'failed' }));
    block('cooldown');
    expect(names(told)).toEqual([
      ...Array.from({ length: 5 }, () => 'heal:blocked'),
      'heal:done',
      'heal:blocked',
    ]);
  });

  it('is kept while the issue of its component is open, and forgotten with it', () => {
    const closed = made({ open: 0 });
    closed.reports.add(resultOf());
    expect(closed.reports.last('nginx')).toBeUndefined();
    const { reports, calls } = made();
    reports.add(resultOf());
    reports.begins('nginx');
    expect(calls.at(-1)).toBe('begins nginx');
    expect(reports.last('nginx')).toBeDefined();
    reports.forget('nginx');
    expect(reports.last('nginx')).toBeUndefined();
  });

  it('of a repair whose job still runs is found by its id until its end', () => {
    const { reports } = made();
    const pending = resultOf({ id: 'p', outcome: 'pending' });
    reports.add(pending);
    reports.add(resultOf({ id: 'other' }));
    expect([reports.pending('p'), reports.pending('other'), reports.pending(undefined)]).toEqual([
      ...[pending, undefined, undefined],
    ]);
    reports.add(resultOf({ id: 'p' }));
    expect(reports.pending('p')).toBeUndefined();
  });

  it('of a repair whose job still runs is kept for the first thousand of them', () => {
    const { reports } = made();
    for (let id = 1; id <= 1_001; id += 1) reports.add(resultOf({ id: String(id), outcome: 'pending' }));
    expect([reports.pending('1000')?.id, reports.pending('1001')?.id]).toEqual(['1000', undefined]);
  });

  it('is emitted again at the end of a cycle, the last hundred of them, if there is a listener', () => {
    const look = { issues: [] } as never;
    const { reports, told } = made();
    for (let id = 0; id < 102; id += 1) reports.add(resultOf({ id: String(id) }));
    told.length = 0;
    reports.cycleDone(look);
    reports.cycleDone(look);
    const own = [resultOf({ id: 'own' })];
    reports.cycleDone(look, own);
    const results = told.map(([, event]) => (event as { results: HealingResult[] }).results);
    expect(results.map((list) => [list.length, list[0]?.id])).toEqual([
      [100, '2'],
      [0, undefined],
      [1, 'own'],
    ]);
    const deaf = made({ listens: false });
    deaf.reports.add(resultOf());
    deaf.reports.cycleDone(look);
    expect(deaf.told.at(-1)).toEqual(['cycle:done', { issues: [], results: [] }]);
  });

  it('of a component that is repaired repeatedly is reported once, when the number is reached', () => {
    const { recurrences } = DEFAULT_GUARDS.useless;
    for (const [fixes, isTold] of [
      [recurrences - 1, false],
      [recurrences, true],
      [recurrences + 1, false],
    ] as const) {
      const { reports, told } = made({ fixes });
      reports.add(resultOf());
      expect(names(told).includes('issue:recurring'), String(fixes)).toBe(isTold);
      if (isTold)
        expect(told.at(-1)).toEqual(['issue:recurring', { component: 'nginx', times: recurrences }]);
    }
  });
});

describe('the monitoring of one engine', () => {
  interface Options {
    readonly services?: readonly string[];
    readonly others?: number;
    readonly enabledChecks?: readonly string[];
    readonly watches?: boolean;
    readonly inRepair?: boolean;
  }
  const made = ({ services, others = 1, enabledChecks, watches = true, inRepair = false }: Options = {}) => {
    const clock = fakeClock();
    const logger = recordingLogger();
    const listeners: { units: readonly string[] | undefined; listener: HostListener; ended: boolean }[] = [];
    const watch = (units: readonly string[] | undefined, listener: HostListener) => {
      const one = { units, listener, ended: false };
      listeners.push(one);
      return () => void (one.ended = true);
    };
    const cycle = {
      ...{ watch: vi.fn(() => []), watchOnly: vi.fn(() => Promise.resolve([])), heal: vi.fn() },
      ...{ undoAll: vi.fn(() => Promise.resolve()), inRepair: () => inRepair },
    };
    const emit = vi.fn();
    const ports = {
      ...{ clock, logger, emit, ledger: { now: () => 7 }, host: watches ? { watch } : {} },
      guards: { ...DEFAULT_GUARDS, lasting: { ...DEFAULT_GUARDS.lasting, others } },
      policy: { services: services && new Map(services.map((name) => [name, {}])) },
      detector: enabledChecks === undefined ? {} : { enabledChecks },
    };
    return {
      monitoring: new Monitoring(ports as never, cycle as never),
      clock,
      logger,
      listeners,
      cycle,
      emit,
    };
  };
  const { signal } = new AbortController();

  it('tells its interval and its start while it runs, and undoes temporary changes at its end', async () => {
    const { monitoring, clock, cycle, listeners } = made();
    expect(monitoring.current).toBeUndefined();
    const ended = monitoring.start(1_000, signal);
    expect(monitoring.current).toMatchObject({ intervalMs: 1_000, since: 7 });
    await expect(monitoring.start(1_000, signal)).rejects.toMatchObject({ code: 'already-monitoring' });
    await clock.advance(2_000);
    expect(cycle.watch).toHaveBeenCalledTimes(3);
    expect(cycle.undoAll).not.toHaveBeenCalled();
    await monitoring.stop();
    await ended;
    expect(cycle.undoAll).toHaveBeenCalledTimes(1);
    expect([monitoring.current, listeners[0]?.ended]).toEqual([undefined, true]);
    await monitoring.stop();
  });

  it('reports a cycle that fails', async () => {
    const { monitoring, clock, cycle, emit } = made();
    const error = new Error('no bus');
    cycle.watch.mockImplementation(() => {
      throw error;
    });
    void monitoring.start(1_000, signal);
    await clock.advance(0);
    expect(emit).toHaveBeenCalledWith('cycle:failed', { error });
    await monitoring.stop();
  });

  it.each<[string, Options, (readonly string[] | undefined)[]]>([
    ['to all units by default', {}, [undefined]],
    ['to the listed units', { services: ['a.service', 'b.service'] }, [['a.service', 'b.service']]],
    ['to all units as well for a pattern', { services: ['a.service', 'b-*'] }, [['a.service'], undefined]],
    ['to nothing on a host that tells nothing', { watches: false }, []],
    ['to nothing if one bad reading is not enough', { others: 2 }, []],
    ['to nothing if services are not checked', { enabledChecks: ['cpu'] }, []],
    ['if services are checked', { enabledChecks: ['cpu', 'services'] }, [undefined]],
  ])('listens %s', async (_what, options, units) => {
    const { monitoring, clock, listeners } = made(options);
    void monitoring.start(1_000, signal);
    await clock.advance(0);
    expect(listeners.map((one) => one.units)).toEqual(units);
    await monitoring.stop();
    expect(listeners.every(({ ended }) => ended)).toBe(true);
  });

  it.each([
    ['reads a unit with a new problem at once', false, 1],
    ['leaves a unit to its repair', true, 0],
  ])('%s', async (_what, inRepair, looks) => {
    const { monitoring, clock, listeners, cycle } = made({ inRepair });
    void monitoring.start(60_000, signal);
    await clock.advance(0);
    listeners[0]!.listener.unitInTrouble('nginx.service');
    await clock.advance(0);
    expect(cycle.watchOnly).toHaveBeenCalledTimes(looks);
    if (looks > 0) expect(cycle.watchOnly).toHaveBeenCalledWith(new Set(['nginx']), expect.any(AbortSignal));
    const stopped = monitoring.stop();
    await clock.advance(1_000);
    await stopped;
  });

  it('says that the host can no longer tell changes, and that it can again', async () => {
    const { monitoring, clock, listeners, logger } = made({ services: ['a.service', 'b-*'] });
    void monitoring.start(60_000, signal);
    await clock.advance(0);
    const [first, second] = listeners;
    first!.listener.listening(true);
    expect(logger.lines).toEqual([]);
    for (const { listener } of [first!, second!]) listener.listening({ unknown: 'the bus is gone' });
    for (const { listener } of [first!, first!, second!]) listener.listening(true);
    expect(logger.of('warn')).toEqual(['Changes of units are seen at each interval only: the bus is gone']);
    expect(logger.of('info')).toEqual(['Changes of units are seen at once again']);
    await monitoring.stop();
  });
});
