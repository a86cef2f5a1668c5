import { expect, it } from 'vitest';
import { describeOnHost } from './lab.js';
import { letDie, OFTEN, victim } from './victim.js';

const DEATHS = 25;
const PORT = 47_011;

describeOnHost('a service that dies', (lab) => {
  it('is known and back each time without a cycle of the monitor: systemd told', async () => {
    const unit = await lab.unit('victim.service', victim(PORT));
    await lab.host.systemctl('enable', '--quiet', unit);
    const engine = { enabledChecks: ['services'], services: [unit], guards: OFTEN };
    const { times, outcomes, wholeLooks } = await letDie(lab.host, {
      unit,
      port: PORT,
      deaths: DEATHS,
      engine,
    });
    expect(times).toHaveLength(DEATHS);
    expect(times.every(({ knownMs = NaN }) => knownMs > 0)).toBe(true);
    expect(outcomes).toEqual({ fixed: DEATHS });
    expect(wholeLooks).toBe(0);
  });

  it('is known so too where no service is listed', async () => {
    const unit = await lab.unit('victim.service', victim(PORT));
    await lab.host.systemctl('enable', '--quiet', unit);
    const engine = { enabledChecks: ['services'], guards: OFTEN };
    const { outcomes, wholeLooks } = await letDie(lab.host, { unit, port: PORT, deaths: DEATHS, engine });
    expect(outcomes).toEqual({ fixed: DEATHS });
    expect(wholeLooks).toBe(0);
  });
});
