import { expect, it, vi } from 'vitest';
import { executeHealingAction } from '../../src/execute/permission-handler.js';
import { fakeHost } from '../../src/testing/index.js';

const told: string[] = [];
/** A host that reads in its own time, and says when it is read and closed. */
const host = () => {
  const fake = fakeHost();
  const read = async (request: Parameters<typeof fake.read>[0]) => {
    await new Promise(setImmediate);
    told.push('read');
    return fake.read(request);
  };
  const close = async () => {
    await new Promise(setImmediate);
    told.push('closed');
  };
  return { ...fake, read, close };
};
vi.mock('../../src/host/local-host.js', () => ({ localHost: () => host(), isThisMachine: () => false }));

it('`executeHealingAction` closes the host that it made, once the act has ended, and no other one', async () => {
  await executeHealingAction('restart_service', { service: 'nginx' }, { dryRun: true });
  expect(told.filter((what) => what === 'closed')).toHaveLength(1);
  expect(told.at(-1)).toBe('closed');
  expect(told).toContain('read');
  told.length = 0;
  await executeHealingAction('restart_service', { service: 'nginx' }, { dryRun: true, host: host() });
  expect(told).not.toContain('closed');
});
