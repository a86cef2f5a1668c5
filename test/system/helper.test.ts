import { beforeAll, expect, test } from 'vitest';
import { installHelper, MEMBER } from './helper-units.js';
import { describeOnHost } from './lab.js';

describeOnHost('the root helper', (lab) => {
  beforeAll(async () => {
    await installHelper(lab.host, { actions: ['restart_service'], services: ['nginx'] });
    await lab.host.systemctl('start', 'nginx');
  });

  test('lets an unprivileged engine heal a killed nginx', async () => {
    await lab.kill('nginx');
    const result = await lab.healOne('nginx', { user: MEMBER });
    expect(result).toMatchObject({ outcome: 'fixed' });
  });
});
