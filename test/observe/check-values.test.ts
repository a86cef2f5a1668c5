import { describe, expect, it } from 'vitest';
import { directory, http, process as processes } from '../../src/checks/index.js';
import { readingsOf } from '../../src/observe/dashboard/view/readings.js';
import type { ComponentVerdict, Verdict } from '../../src/model/issue.js';
import { folder, verdictOf, web } from '../checks/house.js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const shown = (verdict: Verdict) => {
  const [row] = readingsOf([{ ...verdict, check: 'mine', component: 'mine', type: 'service' }]);
  return row && { value: row.value, threshold: row.threshold, unit: row.unit };
};
const of = (value: number, threshold: number, valueUnit?: string): ComponentVerdict => ({
  ...{ status: 'ok', reason: 'well', check: 'mine', component: 'mine', type: 'resource' },
  ...{ value, threshold, ...(valueUnit === undefined ? {} : { valueUnit }) },
});

describe('the dashboard shows the value of a check in a readable unit', () => {
  it.each([
    [of(3 * 2 ** 20, 2 ** 30, 'B'), { value: 3, threshold: 1_024, unit: 'MiB' }],
    [of(90, 3_600, 's'), { value: 90, threshold: 3_600, unit: 's' }],
    [of(7_200, 90_000, 's'), { value: 2, threshold: 25, unit: 'h' }],
    [of(86_400, 604_800, 's'), { value: 1, threshold: 7, unit: 'd' }],
    [of(12, 50, '%'), { value: 12, threshold: 50, unit: '%' }],
    [of(12, 50, 'ms'), { value: 12, threshold: 50, unit: 'ms' }],
    [of(12, 50), { value: 12, threshold: 50, unit: '' }],
  ])('%o', (verdict, expected) => {
    expect(shown(verdict)).toEqual(expected);
  });

  it('of a ready-made check: a latency with its limit, memory, and the age of a backup', async () => {
    const url = await web((_request, response) => response.end());
    expect(shown(await verdictOf(http({ url })))).toMatchObject({ threshold: 5_000, unit: 'ms' });
    const path = folder();
    writeFileSync(join(path, 'a.dump'), 'data');
    const backup = directory({ path, newestMaxAgeSeconds: 90_000 });
    expect(shown(await verdictOf(backup))).toMatchObject({ threshold: 25, unit: 'h' });
    const pidFile = join(path, 'pid');
    writeFileSync(pidFile, String(process.pid));
    const memory = processes({ pidFile, maxMemoryBytes: 2 ** 40 });
    expect(shown(await verdictOf(memory))).toMatchObject({ threshold: 2 ** 20, unit: 'MiB' });
  });
});
