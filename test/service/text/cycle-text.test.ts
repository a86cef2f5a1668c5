import { describe, expect, it } from 'vitest';
import { createSelfHealingEngine } from '../../../src/engine/create.js';
import { namesOf, shapeOf } from '../../../src/report/group.js';
import { uncoloured } from '../../../src/service/text/paint.js';
import { renderReport } from '../../../src/service/text/cycle-text.js';
import { lookWith } from '../../../src/service/look.js';
import type { UnitReading } from '../../../src/model/unit.js';
import { failedUnit, fakeExecutor, fakeHost, mountReading } from '../../../src/testing/index.js';

type Unit = Partial<UnitReading> & { readonly name: string };

const permissions = { description: 'all of it' } as never;

/** Returns the report of a dry run on a host with these units and mounts. */
async function reportOf(units: readonly Unit[], mounts = 1): Promise<string> {
  const engine = createSelfHealingEngine({
    host: fakeHost({
      units: units.map((unit) => failedUnit(unit)),
      mounts: Array.from({ length: mounts }, (_, index) => mountReading({ mountPoint: `/data/${index}` })),
    }),
    executor: fakeExecutor(),
    services: units.map(({ name }) => name),
    dryRun: true,
  });
  const { permissions: _, ...cycle } = await lookWith(engine);
  return renderReport(cycle, permissions, uncoloured);
}

const named = (count: number, more: (index: number) => object = () => ({})): Unit[] =>
  Array.from({ length: count }, (_, index) => ({ name: `worker-${index}`, ...more(index) }));

/** Number of lines on two screens of a terminal. */
const TWO_SCREENS = 48;

describe('the report of a dry run', () => {
  it('shows a single issue in full, under its category', async () => {
    const text = await reportOf(named(1));
    expect(text).toMatch(/^ {2}Services\n {4}✗ worker-0 +worker-0\.service has failed/m);
    expect(text).toContain('What is wrong: 1 issue\n  1. worker-0.service has failed');
    expect(text).toMatch(/^ {2}Resources$/m);
    expect(text).toMatch(/^ {2}System$/m);
  });

  it('groups 60 similar failed units, with the counts first', async () => {
    const text = await reportOf(named(60));
    expect(text.split('\n')[1]).toMatch(/^60 services have failed; \d+ would be repaired, \d+ would not \(/);
    expect(text).toContain('What is wrong: 60 issues\n');
    expect(text).toMatch(/1\. \d+ alike, the first: worker-\d+\.service has failed/);
    expect(text).toMatch(/✗ services +60: worker-0, .* and \d+ more; the first: worker-0\.service/);
    expect(text).toContain('--json has each of them in full');
    expect(text.split('\n').length).toBeLessThanOrEqual(TWO_SCREENS);
  });

  it('fits on two screens if no two units failed in the same way, and counts the omitted ones', async () => {
    const results = ['exit-code', 'signal', 'timeout', 'watchdog', 'core-dump', 'oom-kill', 'resources'];
    const text = await reportOf(
      named(60, (index) => ({ result: results[index % 7]!, type: index % 2 === 0 ? 'oneshot' : 'notify' })),
      40,
    );
    expect(text).toContain('What is wrong: 60 issues');
    expect(text.split('\n').length).toBeLessThanOrEqual(TWO_SCREENS);
    expect(text).toMatch(/✓ disk +40: disk:\/data\/0, /);
  });

  it('shows a few services one by one', async () => {
    const text = await reportOf(named(3));
    for (const name of ['worker-0', 'worker-1', 'worker-2']) expect(text).toContain(`✗ ${name} `);
  });
});

describe('the grouping of similar issues', () => {
  it.each([
    ['nginx.service has failed', 'nginx', '….service has failed'],
    ['/var is 93.5 % full, 1,234 left', 'disk:/var', '… is # % full, # left'],
    ['no name in it', 'a:', 'no name in it'],
  ])('ignores names and numbers: %s', (sentence, component, shape) => {
    expect(shapeOf(sentence, component)).toBe(shape);
  });

  it.each([
    [['a'], 80, 'a'],
    [['a', 'b'], 80, 'a, b'],
    [['long-name', 'b', 'c'], 4, 'long-name and 2 more'],
    [['a', 'b', 'c', 'd'], 4, 'a, b and 2 more'],
  ])('has a name within a width: %j, %i', (names, width, text) => {
    expect(namesOf(names, width)).toBe(text);
  });
});
