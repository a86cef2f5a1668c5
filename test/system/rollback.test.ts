import type { HealingOptions, HealingResult } from '@luminous-nix/self-healing';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { commandsOf, describeOnHost, type Step } from './lab.js';
import { StandIn } from './stand-in.js';

/** What takes 10 min and an hour takes seconds here; only their length is another. */
const GUARDS: HealingOptions['guards'] = {
  evidence: { healthyMs: 3_000, withinMs: 60_000, lastGoodMs: 6_000 },
  settleMs: { service: 300, system: 1_000 },
  backoff: { firstMs: 20_000, maxMs: 20_000 },
};
const OPTIONS: HealingOptions = {
  services: ['nginx'],
  enabledChecks: ['services', 'system'],
  guards: GUARDS,
  nix: { allowRollback: true },
};

const nginx = (...extra: readonly string[]): string => `[Unit]
Description=nginx of a generation
After=network.target
[Service]
Type=forking
PIDFile=/run/nginx.pid
ExecStart=/usr/sbin/nginx ${extra.join(' ')}
[Install]
WantedBy=multi-user.target
`;
const GOOD = nginx('-g "daemon on; master_process on;"');
const BROKEN = nginx('-c /etc/nginx/there-is-no-such-file');

describeOnHost('rolling back a generation', (lab) => {
  const nixos = new StandIn(lab);
  afterEach(() => nixos.tidy());

  const page = async () =>
    (await lab.host.run(['curl', '-sS', 'http://localhost/'], { allowFailure: true })).stdout;
  /** Looks for so many times, long enough apart that the record is taken each time. */
  const watch = (times: number): Step[] =>
    Array.from({ length: times }, () => [['detectAndHeal'], ['sleep', 1_600]] as const).flat() as Step[];
  const about = (results: readonly HealingResult[], component: string) =>
    results.find(({ issue }) => issue.component === component);

  test('on evidence: three generations, the newest breaks nginx, and nginx serves again', async () => {
    const first = await nixos.build('first', { units: { 'nginx.service': nginx() } });
    const good = await nixos.build('good', { units: { 'nginx.service': GOOD, 'other.service': 'same' } });
    const bad = await nixos.build('bad', { units: { 'nginx.service': BROKEN, 'other.service': 'same' } });
    await nixos.begin(first);
    await nixos.switchTo(good);
    const steps = [
      ...watch(3),
      ['run', nixos.switching(bad)],
      ['detectAndHeal'],
      ['detectAndHeal'],
      ['explain', 'system'],
      ['detectAndHeal'],
    ] as const;
    const answers = (await lab.drive(steps as unknown as Step[], { options: OPTIONS })) as unknown[];
    const [restart, rollback, explained, after] = answers.slice(-4) as [
      HealingResult[],
      HealingResult[],
      { text: string }[],
      HealingResult[],
    ];
    console.log(JSON.stringify([restart, rollback, explained, after], null, 1));
  });
});
