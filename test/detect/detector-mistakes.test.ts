import { describe, expect, it } from 'vitest';
import { SimpleDetector, type InspectRequest } from '../../src/detect/detector.js';
import { fakeClock, fakeHost } from '../../src/testing/index.js';

const detector = () => new SimpleDetector({ host: fakeHost() });

describe('an invalid request to a detector', () => {
  it.each<[unknown, string]>([
    [7, 'Expected `request` to be an object'],
    [{ components: 'cpu' }, 'Unknown option `components` in `request`'],
    [{ component: '' }, 'Expected `request.component` to be a non-empty string'],
    [{ component: 7 }, 'Expected `request.component` to be a non-empty string, got `7`'],
    [{ check: 7 }, 'Expected `request.check` to be a non-empty string, got `7`'],
    [{ recent: 1 }, 'Expected `request.recent` to be true or false, got `1`'],
    [{ fresh: 'yes' }, 'Expected `request.fresh` to be true or false, got `"yes"`'],
    [{ skip: ['cpu'] }, 'Expected `request.skip` to be a function'],
    [{ signal: {} }, '`signal` to be an AbortSignal'],
  ])('is refused with the option and the value: %j', async (request, sentence) => {
    expect(() => detector().look(request as InspectRequest)).toThrow(sentence);
    await expect(detector().inspect(request as InspectRequest)).rejects.toThrow(sentence);
    await expect(detector().detectIssues(request as InspectRequest)).rejects.toThrow(sentence);
  });

  it('is not one whose options are undefined', async () => {
    const nothing = { component: undefined, check: undefined, recent: undefined, fresh: undefined };
    expect(
      (await detector().inspect({ ...nothing, skip: undefined, signal: undefined })).length,
    ).toBeGreaterThan(0);
  });
});

it.each(['now', 'monotonic', 'sleep', 'random'])('a clock without %s is refused', (method) => {
  const clock = { ...fakeClock(), [method]: undefined } as never;
  expect(() => new SimpleDetector({ host: fakeHost(), clock })).toThrow('Expected `clock');
});

it('the assignment of an option by its name in Python is refused', () => {
  expect(() => Object.assign(detector(), { enabled_checks: ['cpu'] })).toThrow(
    'it is called `enabledChecks` here',
  );
});
