import { describe, expect, it, vi } from 'vitest';
import { UNKNOWN_UNIT } from '../../src/detect/services.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { fakeHost, recordingLogger } from '../../src/testing/index.js';
import { LostReadings } from '../../src/watch/report-readings.js';
import { service } from './make-looks.js';

vi.mock('../../src/watch/unit-names.js', () => {
  throw new Error('no such file');
});

describe('a lost reading, if the module that looks up names cannot be loaded,', () => {
  it('is reported without a hint, and no look fails', async () => {
    const logger = recordingLogger();
    const lost = new LostReadings({
      ...{ host: fakeHost(), logger, guards: DEFAULT_GUARDS, emit: () => undefined },
      policy: { protect: ['nginx'], services: new Map([['ngin.service', { unit: 'ngin.service' }]]) },
      detector: { detectIssues: () => Promise.resolve([]) },
      ledger: { now: () => 0 },
    } as never);
    const reason = `${UNKNOWN_UNIT} ngin.service`;
    const { signal } = new AbortController();
    await lost.take([service('ngin', 'unknown', { reason })], () => false, signal);
    expect(lost.now).toMatchObject([{ component: 'ngin', reason }]);
  });
});
