import type { HealingAction, HealingOptions, Metrics } from '@luminous-nix/self-healing';
import { afterEach, expect, test } from 'vitest';
import { describeOnHost, PROGRAMS, type Lab } from './lab.js';

/** Event printed by `programs/alarm.mjs`; an omitted field matches any value. */
interface Told {
  readonly event: string;
  readonly component?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly id?: string;
  readonly blockedBy?: string;
  readonly why?: string;
  readonly explained?: readonly string[];
}

interface Request {
  readonly options: HealingOptions;
  readonly checks?: readonly {
    readonly name: string;
    readonly component: string;
    readonly url: string;
    readonly settleMs?: number;
    readonly heals?: string;
  }[];
  /** Action by component, instead of that of the default resolver. */
  readonly actions?: Readonly<Record<string, HealingAction>>;
  /** Program that runs after the first cycle. */
  readonly damage?: readonly string[];
  /** Program that runs, or component that is explained, at the first such event. */
  readonly reactions?: readonly (Told & { readonly run?: readonly string[]; readonly explain?: string })[];
  /** Ends after the first event of each of these kinds. */
  readonly until: readonly Partial<Told>[];
  /** Continues for this time after that. */
  readonly quietMs?: number;
  /** Program that runs before and after that time. */
  readonly probe?: readonly string[];
}

interface Answer {
  readonly inTime: boolean;
  readonly events: readonly Told[];
  readonly lines: readonly string[];
  readonly explained: readonly string[];
  readonly metrics: Metrics;
  readonly probes: readonly [before: string, after: string];
}

/** Runs the monitoring of an engine until some events were emitted. */
async function watch({ host }: Lab, request: Request): Promise<Answer> {
  const input = JSON.stringify(request);
  const { stdout } = await host.node([`${PROGRAMS}/alarm.mjs`], { input, timeoutMs: 110_000 });
  const answer = JSON.parse(stdout) as Answer;
  expect(answer.inTime, JSON.stringify(answer.events, undefined, 1)).toBe(true);
  return answer;
}

const named = (events: readonly Told[], name: string): readonly Told[] =>
  events.filter(({ event }) => event === name);
const outcomes = (events: readonly Told[]) => named(events, 'heal:done').map(({ outcome }) => outcome);

const SOON = { firstMs: 200, maxMs: 400 };
const GUARDS = { settleMs: { service: 300 }, backoff: SOON };
/** Returns every job that systemd has run since it booted. */
const JOBS = ['systemctl', 'show', '--property=NInstalledJobs', '--value'];
const OPENED = { event: 'heal:blocked', blockedBy: 'breaker-open' } as const;

describeOnHost('a fault that only a check can detect', (lab) => {
  const CONF = '/etc/nginx/conf.d/test-alarm.conf';
  const DROP_IN = '/etc/systemd/system/nginx.service.d/test-warm.conf';
  const URL = 'http://127.0.0.1:8080/';

  afterEach(async () => {
    await lab.host.run(['rm', '-rf', CONF, DROP_IN, '/run/test-ready']);
    await lab.host.systemctl('daemon-reload');
    await lab.host.systemctl('restart', 'nginx');
  });

  /** nginx with an additional server. */
  async function serve(location: string): Promise<void> {
    await lab.host.writeFile(CONF, `server {\n  listen 8080;\n  location / {\n${location}\n  }\n}\n`);
    await lab.host.systemctl('restart', 'nginx');
  }

  test.each<[string, Pick<Request, 'actions'> & { readonly heals?: string }]>([
    ['nginx', { heals: 'nginx' }],
    [
      'nginx-http',
      { actions: { 'nginx-http': { action: 'restart_service', parameters: { service: 'nginx' } } } },
    ],
  ])(
    'is an nginx that answers 502 while active: three repairs of %s, one alert, and nothing more',
    async (component, { heals, ...actions }) => {
      await serve('    return 502;');
      const told = await watch(lab, {
        ...actions,
        options: { services: ['nginx'], guards: GUARDS },
        checks: [{ name: 'http', component, url: URL, settleMs: 2_000, ...(heals ? { heals } : {}) }],
        until: [OPENED],
        ...{ quietMs: 3_000, probe: JOBS },
      });
      console.log(told.lines.join('\n'));
      expect(await lab.show('ActiveState', 'nginx')).toBe('active');
      expect(named(told.events, 'issue:opened')).toMatchObject([{ component }]);
      expect(named(told.events, 'issue:cleared')).toEqual([]);
      expect(named(told.events, 'heal:done')).toMatchObject(
        Array.from({ length: 3 }, () => ({
          ...{ component, action: 'restart_service', outcome: 'ineffective' },
          why: `The repair did not help: ${URL} answers 502`,
        })),
      );
      expect(told.events.filter(({ blockedBy }) => blockedBy === 'breaker-open')).toHaveLength(1);
      expect(told.events.at(-1)).toMatchObject({ ...OPENED, component });
      expect(told.probes[1], 'jobs of systemd').toBe(told.probes[0]);
      expect(told.lines.filter((line) => line.includes(': fixed'))).toEqual([]);
      expect(told.metrics).toMatchObject({
        ...{ issuesDetected: 1, issuesResolved: 0, issuesFailed: 3, issuesRelapsed: 0, successRate: 0 },
      });
      expect(told.explained).toEqual([expect.stringContaining('breaker: open')]);
    },
  );

  test.each<[number, number | undefined]>([
    [2, undefined],
    [60, 75_000],
  ])(
    'is an nginx that answers %i s after its restart: fixed by one restart if the check has a settle time of %s ms',
    async (seconds, settleMs) => {
      await serve('    if (!-f /run/test-ready) { return 502; }\n    return 200 "ready";');
      await lab.host.writeFile('/run/test-ready', '');
      // Makes every later start take this long to become effective.
      const warm = `setsid sh -c "sleep ${seconds}; touch /run/test-ready" &`;
      await lab.host.writeFile(
        DROP_IN,
        `[Service]\nExecStartPre=rm -f /run/test-ready\nExecStartPost=sh -c '${warm}'\n`,
      );
      await lab.host.systemctl('daemon-reload');
      const told = await watch(lab, {
        options: { services: ['nginx'], guards: GUARDS },
        checks: [
          {
            ...{ name: 'http', component: 'nginx', url: URL, heals: 'nginx' },
            ...(settleMs ? { settleMs } : {}),
          },
        ],
        damage: ['rm', '/run/test-ready'],
        until: [{ event: 'issue:cleared' }],
        ...{ quietMs: 2_000, probe: JOBS },
      });
      expect(told.events.map(({ event, outcome }) => outcome ?? event)).toEqual([
        ...['issue:opened', 'heal:planned', 'heal:started', 'fixed', 'issue:cleared'],
      ]);
      expect(named(told.events, 'heal:done')[0]!.why).toContain(`${URL} answers 200`);
      expect(told.probes[1], 'jobs of systemd').toBe(told.probes[0]);
      expect(told.metrics).toMatchObject({ issuesResolved: 1, issuesFailed: 0, successRate: 1 });
    },
  );
});

describeOnHost('a repair that does not last, or is slow,', (lab) => {
  test('is a service that dies 10 s after each start: it relapses until the breaker opens', async () => {
    const lines = `ExecStart=sh -c 'sleep 10; exit 1'`;
    const service = await lab.service('mayfly', lines, '[Unit]\nStartLimitIntervalSec=0\n');
    await lab.start(service);
    await lab.until('active', service);
    await lab.kill(service);
    const told = await watch(lab, {
      options: { services: [service], guards: GUARDS },
      until: [OPENED],
      ...{ quietMs: 2_000, probe: JOBS },
    });
    const [first, ...round] = ['issue:opened', 'heal:planned', 'heal:started', 'heal:done', 'issue:cleared'];
    const steps = told.events.filter(({ event }) => event !== 'heal:blocked').map(({ event }) => event);
    const relapse = [first, 'issue:relapsed'];
    expect(steps).toEqual([first, ...round, ...relapse, ...round, ...relapse, ...round, ...relapse]);
    expect(outcomes(told.events)).toEqual(['fixed', 'fixed', 'fixed']);
    expect(told.events.at(-1)).toMatchObject(OPENED);
    expect(told.probes[1], 'jobs of systemd').toBe(told.probes[0]);
    expect(told.metrics).toMatchObject({ issuesResolved: 3, issuesRelapsed: 3, successRate: 0 });
  });

  const SLOW = (wait: string) => `ExecStartPre=sh -c 'test -e /run/test-slow || exit 0; ${wait}'
ExecStart=sleep infinity`;

  /** Two running services; the start of the first one is slow from now on. */
  async function slowAndQuick(lines: string): Promise<[slow: string, quick: string]> {
    const slow = await lab.service('slow', lines);
    const quick = await lab.service('quick', 'ExecStart=sleep infinity');
    await lab.host.systemctl('start', slow, quick);
    await lab.host.writeFile('/run/test-slow', '');
    return [slow, quick];
  }
  const killed = (unit: string) => ['systemctl', 'kill', '--signal=KILL', unit];

  test('is a start that takes 6 s: it does not delay other services, and explain() reports it', async () => {
    const [slow, quick] = await slowAndQuick(`${SLOW('sleep 6')}\nTimeoutStartSec=8s`);
    const told = await watch(lab, {
      options: { services: [slow, quick], guards: GUARDS },
      damage: killed(slow),
      reactions: [
        { event: 'heal:started', component: slow, run: killed(quick) },
        { event: 'heal:done', component: quick, explain: slow },
      ],
      until: [
        { event: 'issue:cleared', component: slow },
        { event: 'issue:cleared', component: quick },
      ],
    });
    expect(named(told.events, 'heal:started').map(({ component }) => component)).toEqual([slow, quick]);
    const done = named(told.events, 'heal:done');
    expect(done).toMatchObject([
      { component: quick, outcome: 'fixed' },
      { component: slow, outcome: 'fixed' },
    ]);
    expect(done[0]!.explained).toEqual([expect.stringContaining('next: It is being repaired now')]);
  });

  test('is a start that never ends: it does not delay other services either', async () => {
    const [slow, quick] = await slowAndQuick(`${SLOW('sleep infinity')}\nTimeoutStartSec=infinity`);
    const told = await watch(lab, {
      options: { services: [slow, quick], guards: GUARDS },
      damage: killed(slow),
      reactions: [
        { event: 'heal:started', component: slow, run: killed(quick) },
        { event: 'heal:done', component: quick, explain: slow },
      ],
      until: [{ event: 'issue:cleared', component: quick }],
      quietMs: 1_000,
    });
    const [done, ...others] = named(told.events, 'heal:done');
    expect(done).toMatchObject({ component: quick, outcome: 'fixed' });
    expect(done!.explained).toEqual([expect.stringContaining('next: It is being repaired now')]);
    expect(others).toEqual([]);
    expect(named(told.events, 'heal:started')).toHaveLength(2);
  });

  test('is a start that takes longer than its own limit: it is pending, and proved when it has ended', async () => {
    // The service requests more time from systemd than its unit file permits.
    const more = 'test -e /run/test-slow && systemd-notify EXTEND_TIMEOUT_USEC=60000000 && sleep 16';
    const lines = [
      ...['Type=notify', 'NotifyAccess=all', 'TimeoutStartSec=1s', 'TimeoutStopSec=1s'],
      `ExecStart=sh -c '${more}; systemd-notify --ready; exec sleep infinity'`,
    ];
    const [slow] = await slowAndQuick(lines.join('\n'));
    const told = await watch(lab, {
      options: { services: [slow], guards: GUARDS },
      damage: killed(slow),
      until: [{ event: 'heal:done', outcome: 'fixed' }],
      quietMs: 1_000,
    });
    const [pending, fixed, ...others] = named(told.events, 'heal:done');
    expect(pending).toMatchObject({ component: slow, outcome: 'pending' });
    expect(fixed).toMatchObject({ component: slow, outcome: 'fixed', id: pending!.id });
    expect(others).toEqual([]);
    expect(named(told.events, 'heal:started')).toHaveLength(1);
    expect(named(told.events, 'issue:opened')).toHaveLength(1);
    expect(named(told.events, 'issue:cleared')).toHaveLength(1);
    expect(await lab.show('ActiveState', slow)).toBe('active');
  });
});
