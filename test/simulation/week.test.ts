import { beforeAll, describe, expect, it } from 'vitest';
import { countsOf, timeline } from './timeline.js';
import { simulateWeek, type Week } from './week.js';
import { SCRIPT, STORM } from './world.js';

const HOUR = 3_600_000;
const ACTS = ['fixed', 'ineffective', 'failed'];

describe('in a simulated week of failures, with the default guards,', () => {
  let week: Week;
  beforeAll(async () => {
    week = await simulateWeek();
  }, 120_000);

  const count = (component: string, what: string): number =>
    countsOf(week.happenings).get(component)?.[what] ?? 0;
  const acts = (from: number, until: number, component?: string): number =>
    week.happenings.filter(
      (one) =>
        ACTS.includes(one.what) &&
        one.at >= from &&
        one.at < until &&
        (component === undefined || one.component === component),
    ).length;

  it('a service that dies once is restarted once', () => {
    expect(acts(SCRIPT.apiDies, SCRIPT.apiDies + HOUR, 'api')).toBe(1);
  });

  it('a permanently broken service is restarted 3 times, then once an hour, until it needs manual attention', () => {
    // The breaker opens after 3 attempts and after each of 4 single tries: 5 openings make it needs-human.
    expect(count('broken', 'ineffective')).toBe(7);
    expect(acts(SCRIPT.brokenForGood + 24 * HOUR, SCRIPT.personMendsBroken, 'broken')).toBe(0);
  });

  it('a service that was fixed manually and reset is healed at once', () => {
    expect(acts(SCRIPT.personMendsBroken, SCRIPT.personMendsBroken + HOUR, 'broken')).toBe(1);
    expect(count('broken', 'fixed')).toBe(1);
  });

  it('a flapping service is restarted at most 6 times an hour, and its breaker opens', () => {
    const { from, until } = SCRIPT.flapping;
    for (let hour = from; hour < until; hour += HOUR / 6) {
      expect(acts(hour, hour + HOUR, 'flapping')).toBeLessThanOrEqual(6);
    }
    // Each repair is proved, and lasts 2 min: from the third relapse on it counts as ineffective.
    expect(acts(from, until, 'flapping')).toBeLessThanOrEqual(12);
    expect(count('flapping', 'recurring')).toBe(1);
    expect(week.explained['at the end of the day of flapping']).toContain('(needs-human)');
  });

  it('a memory leak is repaired each time that it fills memory, and not more often', () => {
    // From 50 % it takes 3 h 53 min to 85 %, so it fills memory at most 7 times a day.
    expect(count('memory', 'fixed')).toBe(count('memory', 'opened'));
    expect(count('memory', 'fixed')).toBeLessThanOrEqual(7 * 7);
  });

  it('a check that throws triggers no action', () => {
    const { from, until } = SCRIPT.probeThrows;
    expect(count('probe', 'opened')).toBe(0);
    expect(
      week.happenings.filter(({ at, component }) => component === 'probe' && at >= from && at < until),
    ).toEqual([]);
  });

  it('a storm triggers no action for 10 min, and then each service is restarted once', () => {
    expect(count('host', 'storm began')).toBe(1);
    expect(count('host', 'storm ended')).toBe(1);
    expect(acts(SCRIPT.storm, SCRIPT.storm + HOUR / 6)).toBe(0);
    for (const service of STORM) expect(acts(SCRIPT.storm, SCRIPT.storm + HOUR, service)).toBe(1);
  });

  it('a full disk that garbage collection cannot help is collected once, not every minute for a day', () => {
    expect(count('disk:/var', 'ineffective')).toBe(1);
    expect(count('disk:/var', 'fixed')).toBe(0);
    expect(count('disk:/var', 'cleared')).toBe(1);
  });

  it('no issue is open at the end', () => {
    expect(week.explained['at the end']).toBe('');
  });

  it('the whole report fits on two pages', () => {
    expect(timeline(week).split('\n').length).toBeLessThan(150);
  });
});
