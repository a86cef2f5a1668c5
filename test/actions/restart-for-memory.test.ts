import { describe, expect, it } from 'vitest';
import { restartService } from '../../src/actions/restart-service.js';
import type { PlanDraft } from '../../src/actions/define.js';
import type { WatchedUnit } from '../../src/detect/watched-units.js';
import { memoryReading, unitReading, type FakeHostParts } from '../../src/testing/index.js';
import { planningOn } from './contexts.js';

const MIB = 1024 ** 2;
const UNITS = ['small', 'big', 'other'].map((name) => unitReading({ name }));
const MEMORIES = { 'small.service': 100 * MIB, 'big.service': 900 * MIB, 'other.service': 5000 * MIB };
const SMALL: WatchedUnit = { unit: 'small.service', restartForMemory: true };
const BIG: WatchedUnit = { unit: 'big.service', restartForMemory: true };
const UNREAD = { unknown: 'not read' };
const pressure = (full: number) => ({ cpu: UNREAD, io: UNREAD, memory: { some: full, full } });
/** Memory and pressure just over the limits, so that nothing is in doubt. */
const URGENT: FakeHostParts = {
  units: UNITS,
  memories: MEMORIES,
  memory: memoryReading(95.1),
  pressure: pressure(60.1),
};

const plan = async (services: readonly WatchedUnit[], parts: FakeHostParts = {}): Promise<PlanDraft> =>
  restartService.plan({ freeing: 'memory' }, planningOn({ ...URGENT, ...parts }, { services }));

describe('restart_service for memory', () => {
  it.each<[string, readonly WatchedUnit[]]>([
    ['listed last', [SMALL, BIG]],
    ['listed first', [BIG, SMALL]],
    ['listed by a pattern', [SMALL, { unit: 'bi*.service', restartForMemory: true }]],
  ])('restarts the listed service with the most memory, %s', async (_, services) => {
    const draft = await plan(services);
    expect(draft.targets).toEqual(['big.service']);
    expect(draft.effect).toBe('900.0 MiB that big.service holds are freed by its restart');
    expect(draft.steps).toMatchObject([
      { argv: expect.arrayContaining(['restart', 'big.service']) as string[] },
    ]);
    expect(draft.approval).toBeUndefined();
  });

  it('asks for the memory of no pattern while the units are unknown', async () => {
    const asked: string[] = [];
    const unitMemory = async (unit: string) => (asked.push(unit), UNREAD);
    const services = [SMALL, { unit: 'bi*.service' }];
    await restartService.plan(
      { freeing: 'memory' },
      planningOn({ ...URGENT, units: UNREAD }, { services, unitMemory }),
    );
    expect(asked).toEqual(['small.service']);
  });

  it('restarts a member of a listed group', async () => {
    const units = [
      unitReading({ name: 'app.target', type: '', members: ['big.service'] }),
      unitReading({ name: 'big', memberOf: ['app.target'] }),
    ];
    const draft = await plan([{ unit: 'app.target', restartForMemory: true }], { units });
    expect(draft.targets).toEqual(['big.service']);
    expect(draft.approval).toBeUndefined();
  });

  it.each<[string, readonly WatchedUnit[], FakeHostParts]>([
    ['no service is listed', [], {}],
    ['the memory of none is known', [BIG], { memories: {} }],
    ['none holds any memory', [BIG], { memories: { 'big.service': 0 } }],
    ['only a pattern is listed, and no unit can be read', [{ unit: '*.service' }], { units: UNREAD }],
  ])('is refused when %s', async (_, services, parts) => {
    expect(await plan(services, parts)).toMatchObject({
      targets: ['memory'],
      steps: [],
      refusal: { reason: 'unavailable', sentence: 'No listed service is known to hold memory' },
    });
  });

  it('takes the services by name when the units cannot be read, and is refused for that reason', async () => {
    const { targets, refusal } = await plan([SMALL, BIG], { units: UNREAD });
    expect(targets).toEqual(['big.service']);
    expect(refusal?.sentence).toBe('The state of big.service is not known: not read');
  });

  it.each<[string, FakeHostParts, object]>([
    [
      'memory is not known',
      { memory: UNREAD },
      { reason: 'unavailable', sentence: 'Memory is not known: not read' },
    ],
    [
      'what is full is its own control group',
      { memory: { ...memoryReading(99), scope: 'cgroup' } },
      { reason: 'no-expected-gain' },
    ],
  ])('is refused when %s', async (_, parts, refusal) => {
    expect(await plan([BIG], parts)).toMatchObject({ steps: [], refusal });
  });

  it.each<[string, WatchedUnit, FakeHostParts, string]>([
    [
      'the service does not allow it',
      { unit: 'big.service' },
      {},
      '`restartForMemory` is not set for big.service',
    ],
    ['memory is 95 % used', BIG, { memory: memoryReading(95) }, 'memory is not over 95 % used'],
    ['the pressure is 60 %', BIG, { pressure: pressure(60) }, 'memory pressure is 60.0 %, not over 60 %'],
    ['no pressure is known', BIG, { pressure: UNREAD }, 'memory pressure is not known, not over 60 %'],
    [
      'the pressure of memory is not known',
      BIG,
      { pressure: { ...pressure(99), memory: UNREAD } },
      'memory pressure is not known, not over 60 %',
    ],
  ])('needs approval when %s', async (_, service, parts, doubt) => {
    expect((await plan([service], parts)).approval).toBe(
      `A restart for memory is for a person to decide: ${doubt}`,
    );
  });
});
