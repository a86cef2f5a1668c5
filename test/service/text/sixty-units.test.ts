import { describe, expect, it } from 'vitest';
import { createSelfHealingEngine } from '../../../src/engine/create.js';
import { NixOSPermissionHandler } from '../../../src/execute/permission-handler.js';
import { renderExplanations } from '../../../src/service/text/explanation-lines.js';
import { uncoloured } from '../../../src/service/text/paint.js';
import { renderReport } from '../../../src/service/text/cycle-text.js';
import { lookWith } from '../../../src/service/look.js';
import { statusLine } from '../../../src/service/text/status-line.js';
import { failedUnit, fakeClock, fakeHost, unitReading } from '../../../src/testing/index.js';

/** Number of lines on two screens of a terminal. */
const TWO_SCREENS = 48;
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Host on which a database and everything that needs it failed, and a few other units for other reasons. */
const units = [
  ...many(44, (index) => failedUnit({ name: `shop-worker@${index}` })),
  ...many(6, (index) => failedUnit({ name: `report-${index}`, type: 'oneshot', wantedBy: [] })),
  ...many(4, (index) => failedUnit({ name: `cache-${index}`, result: 'oom-kill' })),
  ...many(3, (index) => failedUnit({ name: `feed-${index}`, result: 'timeout' })),
  failedUnit({ name: 'systemd-networkd-wait-online' }),
  failedUnit({ name: 'mailer', result: 'start-limit-hit' }),
  failedUnit({
    name: 'legacy',
    result: 'core-dump',
    loadState: 'bad-setting',
    loadError: 'Invalid argument',
  }),
  unitReading({ name: 'ssh' }),
];
const log = many(10, (line) => `error: connection to 10.0.0.7:5432 refused, attempt ${line}`);
const logs = Object.fromEntries(units.map(({ id }) => [id, log]));

const permissions = {
  description: 'service tier: this process (uid 0) runs as root and acts directly',
} as never;

/** Two processes of an operator: a dry run, and the output of its engine afterwards. */
async function printed() {
  const host = fakeHost({ units, logs });
  const engine = createSelfHealingEngine({
    host,
    dryRun: true,
    clock: fakeClock(),
    executor: new NixOSPermissionHandler({ host, readsThisMachine: true }),
  });
  const looked = lookWith(engine);
  const { permissions: _, ...cycle } = await looked;
  return {
    report: renderReport({ ...cycle, detectionMs: 1 }, permissions, uncoloured),
    explained: renderExplanations(engine.explain()),
    line: statusLine(engine.status()),
  };
}

const lines = (text: string): string[] => text.split('\n');

describe('the report on a host with 60 failed units', () => {
  it('fits on two screens in `npm start`, with the counts first', async () => {
    const { report } = await printed();
    expect(report).toMatchInlineSnapshot(`
      "Luminous self-healing: a dry run on this host. Nothing is changed.
      59 services have failed, 1 other issue; 0 would be repaired, 60 would not (52 storm, 6 not-allowed, 1 protected, 1 unavailable).

      What was read (in 1.00 ms)
        Resources
          ✓ cpu         CPU use is 12.0 % of 4 CPUs, threshold 80.0 %
          ✓ memory      Memory is 40.0 % used, 4.8 GiB of 8.0 GiB left, threshold 85.0 %
          ✓ disk:/      / is 33.0 % full, 67.0 GiB left, threshold 90.0 %
          ✓ inodes:/    Inodes of / are 10.0 % used, 900,000 left, threshold 90.0 %
          ✓ readonly:/  / (/dev/sda1, ext4) can be written
          ✓ load        Load average is 0.50 on 4 CPUs, threshold 8.00
        Services
          ✗ services  51: shop-worker@0, shop-worker@1, shop-worker@2, shop-worker@3, shop-worker@4 and 46 more; the first: shop-worker@0.service has failed (exit-code)
          ✗ services  4: cache-0, cache-1, cache-2, cache-3; the first: cache-0.service has failed (oom-kill)
          ✗ services  3: feed-0, feed-1, feed-2; the first: feed-0.service has failed (timeout)
          ✗ mailer    mailer.service has failed (start-limit-hit)
          ✗ legacy    legacy.service is failed, and its unit file has an error: Invalid argument
        System
          ✓ system:state  systemd says that the system is running
          ✓ system:oom    The kernel killed no process within the last 10 min because memory ran out

      What is wrong: 60 issues
        1. 44 alike, the first: shop-worker@0.service has failed (exit-code) (HIGH)
           shop-worker@0, shop-worker@1, shop-worker@2, shop-worker@3, shop-worker@4 and 39 more
             ActiveState=failed SubState=failed LoadState=loaded
             Result=exit-code ExecMainStatus=1
             error: connection to 10.0.0.7:5432 refused, attempt 0
             error: connection to 10.0.0.7:5432 refused, attempt 1
             error: connection to 10.0.0.7:5432 refused, attempt 2
             error: connection to 10.0.0.7:5432 refused, attempt 3
             error: connection to 10.0.0.7:5432 refused, attempt 4
             error: connection to 10.0.0.7:5432 refused, attempt 5
             error: connection to 10.0.0.7:5432 refused, attempt 6
             error: connection to 10.0.0.7:5432 refused, attempt 7
             error: connection to 10.0.0.7:5432 refused, attempt 8
             … 5 lines more
           Why not: storm: Many services failed at once 0 ms ago, which suggests one cause; nothing is repaired until 10 min have passed without a new failure
        2. 6 alike, the first: report-0.service has failed (exit-code) (HIGH): not-allowed
        3. 4 alike, the first: cache-0.service has failed (oom-kill) (HIGH): storm
        4. 3 alike, the first: feed-0.service has failed (timeout) (HIGH): storm
        5. systemd-networkd-wait-online.service has failed (exit-code) (HIGH): protected
        6. mailer.service has failed (start-limit-hit) (HIGH): storm
        7. legacy.service is failed, and its unit file has an error: Invalid argument (HIGH): unavailable
        Issues that are alike are shown together; --json has each of them in full.

      What this process may do
        service tier: this process (uid 0) runs as root and acts directly"
    `);
    expect(lines(report).length).toBeLessThanOrEqual(TWO_SCREENS);
  });

  it('fits on two screens in `explain`, with the counts first', async () => {
    const { explained } = await printed();
    expect(explained).toMatchInlineSnapshot(`
      "60 open issues: 52 storm, 6 not-allowed, 1 protected, 1 unavailable.

      44 alike: shop-worker@0, shop-worker@1, shop-worker@2, shop-worker@3, shop-worker@4 and 39 more
        the first: shop-worker@0.service has failed (exit-code)
        | error: connection to 10.0.0.7:5432 refused, attempt 9
        not acted on (storm): Many services failed at once 0 ms ago, which suggests one cause; nothing is repaired until 10 min have passed without a new failure
        next: One repair at a time, once no further service has failed for a while

      6 alike: report-0, report-1, report-2, report-3, report-4, report-5
        the first: report-0.service has failed (exit-code)
        | error: connection to 10.0.0.7:5432 refused, attempt 9
        not acted on (not-allowed): report-0.service is a oneshot, which is only run on purpose: list it in \`services\` to allow it
        next: Nothing until it is listed in \`services\`

      4 alike: cache-0, cache-1, cache-2, cache-3
        the first: cache-0.service has failed (oom-kill)
        | error: connection to 10.0.0.7:5432 refused, attempt 9
        not acted on (storm): Many services failed at once 0 ms ago, which suggests one cause; nothing is repaired until 10 min have passed without a new failure
        next: One repair at a time, once no further service has failed for a while

      3 alike: feed-0, feed-1, feed-2
        the first: feed-0.service has failed (timeout)
        | error: connection to 10.0.0.7:5432 refused, attempt 9
        not acted on (storm): Many services failed at once 0 ms ago, which suggests one cause; nothing is repaired until 10 min have passed without a new failure
        next: One repair at a time, once no further service has failed for a while

      systemd-networkd-wait-online: systemd-networkd-wait-online.service has failed (exit-code)
        | error: connection to 10.0.0.7:5432 refused, attempt 9
        not acted on (protected): systemd-networkd-wait-online.service is protected (systemd-*): it is never acted on
        next: None: protected units are only repaired manually

      mailer: mailer.service has failed (start-limit-hit)
        | error: connection to 10.0.0.7:5432 refused, attempt 9
        not acted on (storm): Many services failed at once 0 ms ago, which suggests one cause; nothing is repaired until 10 min have passed without a new failure
        next: One repair at a time, once no further service has failed for a while

      And 1 issue more. \`luminous-healing explain COMPONENT\` has all of one."
    `);
    expect(lines(explained).length).toBeLessThanOrEqual(TWO_SCREENS);
  });

  it('is one line in `systemctl status`, with the counts first', async () => {
    expect((await printed()).line).toMatchInlineSnapshot(
      `"Issues with 60 components: shop-worker@0, shop-worker@1, shop-worker@2, shop-worker@3, shop-worker@4 and 55 more; dry run; repairs on hold: many services failed at once"`,
    );
  });
});
