import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeCpu } from '../../src/detect/cpu.js';
import { judgeLoad } from '../../src/detect/load.js';
import { AT_ONCE, debounce, watchKey, type Watches } from '../../src/watch/debounce.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { verdictOf } from '../make.js';

const { lasting } = DEFAULT_GUARDS;
const NOTHING: Watches = new Map();

const bad = (more: Partial<ComponentVerdict> = {}) =>
  verdictOf({ value: 90, threshold: 80, clearsAt: 75, ...more });
const ok = (more: Partial<ComponentVerdict> = {}) => bad({ status: 'ok', value: 20, ...more });
const unknown = (more: Partial<ComponentVerdict> = {}) =>
  verdictOf({ status: 'unknown', reason: 'gone', ...more });

/** Returns for each component whether it is open after each reading. */
function opened(readings: readonly (readonly ComponentVerdict[])[]): string[] {
  let watches = NOTHING;
  return readings.map((verdicts) => {
    watches = debounce(watches, verdicts, lasting);
    const open = [...watches.values()].filter((watch) => watch.open);
    return open.map(({ verdict }) => verdict.component).join(' ');
  });
}
const one = (...readings: ComponentVerdict[]) => opened(readings.map((verdict) => [verdict]));

describe('a reading in transition', () => {
  const passing = () => verdictOf({ check: 'services', component: 'a', status: 'ok', transient: true });
  const failed = () => verdictOf({ check: 'services', component: 'a' });

  it('neither opens nor clears an issue', () => {
    expect(one(passing(), passing())).toEqual(['', '']);
    expect(one(failed(), passing(), passing())).toEqual(['a', 'a', 'a']);
    expect(one(failed(), passing(), verdictOf({ check: 'services', component: 'a', status: 'ok' }))).toEqual([
      'a',
      'a',
      '',
    ]);
  });
});

describe('the debounce option `lasting`', () => {
  it.each([
    ['cpu', 3],
    ['load', 3],
    ['memory', 2],
    ['disk', 1],
    ['services', 1],
    ['system', 1],
    ['a custom check', 1],
  ])('makes %s open after %d bad readings in a row', (check, needed) => {
    const readings = Array.from({ length: needed }, () => bad({ check, component: 'it' }));
    expect(one(...readings)).toEqual([...Array.from({ length: needed - 1 }, () => ''), 'it']);
  });

  it('restarts its count after an ok reading', () => {
    expect(one(bad(), bad(), ok(), bad(), bad(), bad())).toEqual(['', '', '', '', '', 'cpu']);
  });

  it('does not apply to a unit called cpu, because the check decides and not the name', () => {
    expect(one(bad({ check: 'services', component: 'cpu', type: 'service' }))).toEqual(['cpu']);
  });
});

describe('a check with its own debounce settings', () => {
  const own = (more: Partial<ComponentVerdict> = {}) =>
    verdictOf({ check: 'web', component: 'web', failAfter: 2, recoverAfter: 3, ...more });
  const well = (more: Partial<ComponentVerdict> = {}) => own({ status: 'ok', ...more });

  it('opens after its own number of bad readings, and clears after its own number of ok ones', () => {
    expect(one(own(), own(), well(), well(), well())).toEqual(['', 'web', 'web', 'web', '']);
  });

  it('restarts the count of ok readings after a bad one; an unknown one does not count', () => {
    const blind = well({ status: 'unknown' });
    expect(one(own(), blind, own(), well(), well(), own(), well(), blind, well(), well())).toEqual([
      '',
      '',
      'web',
      'web',
      'web',
      'web',
      'web',
      'web',
      'web',
      '',
    ]);
  });

  it('counts a verdict once, however often it is reported until the check is due', () => {
    const again = own({ repeated: true });
    const wellAgain = well({ repeated: true });
    expect(one(own(), again, again, own(), again, well(), wellAgain, wellAgain, well(), well())).toEqual([
      '',
      '',
      '',
      'web',
      'web',
      'web',
      'web',
      'web',
      'web',
      '',
    ]);
  });

  it('opens and clears at once in a single cycle', () => {
    const opens = debounce(NOTHING, [own()], AT_ONCE);
    expect([...opens.values()]).toMatchObject([{ open: true }]);
    expect(debounce(opens, [well()], AT_ONCE).size).toBe(0);
  });
});

describe('the hysteresis of an issue', () => {
  const open = [bad(), bad(), bad()];

  it('keeps it open down to 5 points below the threshold', () => {
    const near = ok({ value: 79 });
    const clearing = ok({ value: 75 });
    expect(one(...open, near, clearing).slice(3)).toEqual(['cpu', 'cpu']);
    expect(one(...open, ok({ value: 74.9 })).at(-1)).toBe('');
  });

  it('does not open one between the clearing level and the threshold', () => {
    expect(one(ok({ value: 79 }), ok({ value: 79 }), ok({ value: 79 }), ok({ value: 79 })).at(-1)).toBe('');
  });

  it('clears it at once if a verdict has no clearing level', () => {
    const { value: _value, clearsAt: _clearsAt, ...plain } = ok({ check: 'services', component: 'nginx' });
    expect(one(bad({ check: 'services', component: 'nginx' }), plain)).toEqual(['nginx', '']);
  });

  it('clears the issue of an idle resource, however low the threshold is', () => {
    for (const threshold of [0, 1, 3, 5]) {
      const about = { check: 'disk', component: 'x', type: 'resource' } as const;
      const cpu = (percent: number) => ({ ...judgeCpu({ percent, cpus: 2 }, threshold), ...about });
      const load = (value: number) => ({
        ...judgeLoad({ one: value, cpus: 2 }, threshold),
        ...about,
      });
      expect({ threshold, cpu: one(cpu(90), cpu(0)) }).toEqual({ threshold, cpu: ['x', ''] });
      expect({ threshold, load: one(load(90), load(0)) }).toEqual({ threshold, load: ['x', ''] });
    }
  });
});

describe('an unknown reading', () => {
  it('neither opens nor clears an issue, and does not change its count', () => {
    expect(one(bad(), bad(), unknown(), unknown(), bad())).toEqual(['', '', '', '', 'cpu']);
    expect(one(bad(), bad(), bad(), unknown(), unknown()).slice(2)).toEqual(['cpu', 'cpu', 'cpu']);
  });

  it('keeps an issue that a check can no longer read, and drops one whose component no longer exists', () => {
    const disk = (component: string, more: Partial<ComponentVerdict> = {}) =>
      bad({ check: 'disk', component, ...more });
    const both = [disk('disk:/'), disk('disk:/usb')];
    expect(opened([both, [disk('disk:/')]])).toEqual(['disk:/ disk:/usb', 'disk:/']);
    expect(opened([both, [unknown({ check: 'disk', component: 'disk' })]])[1]).toBe('disk:/ disk:/usb');
  });
});

describe('two checks of one component', () => {
  it('are tracked separately', () => {
    const own = bad({ check: 'mine' });
    expect(watchKey(own)).not.toBe(watchKey(bad()));
    expect(
      opened([
        [bad(), own],
        [bad(), ok({ check: 'mine' })],
      ]),
    ).toEqual(['cpu', '']);
  });
});

describe('any sequence of readings', () => {
  const reading = fc.oneof(
    fc.constant(unknown()),
    fc
      .oneof(
        fc.constantFrom(0, 74.9, 75, 75.1, 79.9, 80, 80.1, 100),
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.double({ min: 80, max: 100, noNaN: true }),
      )
      .map((value) => ({ ...bad({ value }), status: value > 80 ? 'bad' : 'ok' }) as const),
  );
  // In short series: independent readings are almost never bad three times in a row.
  const series = fc.tuple(reading, fc.integer({ min: 1, max: 4 }));
  const rows = fc
    .array(series, { maxLength: 15 })
    .map((list) => list.flatMap(([verdict, times]) => Array<typeof verdict>(times).fill(verdict)));
  const runs = { numRuns: 200, seed: 20_261_128 };

  it('opens an issue only after the required number of bad readings in a row', () => {
    let opened = 0;
    fc.assert(
      fc.property(rows, (row) => {
        const states = one(...row);
        states.forEach((state, at) => {
          if (state === '' || (at > 0 && states[at - 1] !== '')) return;
          const known = row.slice(0, at + 1).filter(({ status }) => status !== 'unknown');
          expect(known.slice(-3).map(({ status }) => status)).toEqual(['bad', 'bad', 'bad']);
          opened += 1;
        });
      }),
      runs,
    );
    expect(opened).toBeGreaterThan(20);
  });

  it('closes an issue only on a reading below the clearing level', () => {
    let closed = 0;
    fc.assert(
      fc.property(rows, (row) => {
        const states = one(...row);
        states.forEach((state, at) => {
          if (at === 0 || states[at - 1] === '' || state !== '') return;
          expect(row[at]).toMatchObject({ status: 'ok' });
          expect(row[at]?.value).toBeLessThan(75);
          closed += 1;
        });
      }),
      runs,
    );
    expect(closed).toBeGreaterThan(20);
  });

  it('has the same result without its unknown readings', () => {
    fc.assert(
      fc.property(rows, (row) => {
        const known = row.filter(({ status }) => status !== 'unknown');
        expect(one(...row).at(-1) ?? '').toBe(one(...known).at(-1) ?? '');
      }),
    );
  });

  it('is never modified', () => {
    fc.assert(
      fc.property(rows, (row) => {
        let watches = NOTHING;
        for (const verdict of row) {
          const before = [...watches];
          debounce(watches, [Object.freeze(verdict)], lasting);
          expect([...watches]).toEqual(before);
          watches = debounce(watches, [verdict], lasting);
        }
      }),
    );
  });
});
