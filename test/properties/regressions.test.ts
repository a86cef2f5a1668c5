import { describe, expect, it } from 'vitest';
import { play } from './play.js';
import type { History } from './history.js';

const history = (more: Partial<History>): History => ({
  listed: true,
  chance: 0,
  toTheEnd: false,
  usually: 'well',
  badAtStart: [],
  events: [],
  ...more,
});

/** Histories that once violated a rule, minimized. */
const ONCE: readonly (readonly [what: string, history: History])[] = [
  [
    'a unit that enters a crash loop while its repair is queued is left to systemd',
    history({
      listed: false,
      badAtStart: ['web', 'db', 'queue'],
      events: [
        {
          what: 'acts will go',
          acts: [{ goes: 'well', takesMs: 70_000, during: { component: 'queue', to: 'looping' } }],
        },
        { what: 'cycles', times: 1, everyMs: 1_000 },
      ],
    }),
  ],
  [
    'an unlisted service that an interrupted restart left stopped is not reported as fixed',
    history({
      listed: false,
      badAtStart: ['stray'],
      events: [
        {
          what: 'acts will go',
          acts: [{ goes: 'for nothing', takesMs: 1_000, during: { component: 'stray', to: 'low' } }],
        },
        { what: 'will crash', point: { at: 'after the act', after: 0 }, downMs: 30_000, jumpMs: 0 },
        { what: 'cycles', times: 1, everyMs: 1_000 },
        { what: 'cycles', times: 2, everyMs: 60_000 },
      ],
    }),
  ],
  [
    'healing that is disabled during a repair stops the queued repairs',
    history({
      badAtStart: ['web', 'db', 'queue'],
      events: [
        { what: 'acts will go', acts: [{ goes: 'well', takesMs: 1_000, during: 'healing disabled' }] },
        { what: 'cycles', times: 1, everyMs: 1_000 },
      ],
    }),
  ],
  [
    'a dry run that is enabled during a repair stops the queued repairs',
    history({
      badAtStart: ['web', 'db', 'queue'],
      events: [
        { what: 'acts will go', acts: [{ goes: 'well', takesMs: 1_000, during: 'dry run' }] },
        { what: 'cycles', times: 1, everyMs: 1_000 },
      ],
    }),
  ],
  [
    'an engine that is restarted at once does not repeat an interrupted repair',
    history({
      badAtStart: ['web'],
      usually: 'for nothing',
      events: [
        { what: 'will crash', point: { at: 'before the act', after: 0 }, downMs: 1_000, jumpMs: 0 },
        { what: 'cycles', times: 1, everyMs: 0 },
        { what: 'cycles', times: 2, everyMs: 1_000 },
      ],
    }),
  ],
  [
    'a wall clock that jumps ends no backoff, even with a dry run in between',
    history({
      badAtStart: ['web'],
      usually: 'for nothing',
      events: [
        { what: 'cycles', times: 1, everyMs: 0 },
        { what: 'the clock jumps', ms: 3_600_000 },
        { what: 'dry run', value: true },
        { what: 'cycles', times: 1, everyMs: 0 },
        { what: 'dry run', value: false },
        { what: 'cycles', times: 1, everyMs: 0 },
      ],
    }),
  ],
  [
    'an unlisted component is reset by lasting health',
    history({ listed: false, badAtStart: ['web'], events: [{ what: 'cycles', times: 1, everyMs: 60_000 }] }),
  ],
  [
    'caution after a lost state ends by lasting health',
    history({
      toTheEnd: true,
      badAtStart: ['web'],
      events: [
        { what: 'cycles', times: 1, everyMs: 60_000 },
        { what: 'restarts', cleanly: true, lost: true, downMs: 0 },
        { what: 'cycles', times: 1, everyMs: 60_000 },
      ],
    }),
  ],
  [
    'caution after a lost state survives a crash before the next write',
    history({
      listed: false,
      badAtStart: ['web'],
      usually: 'for nothing',
      events: [
        { what: 'cycles', times: 1, everyMs: 1_000 },
        { what: 'restarts', cleanly: false, lost: true, downMs: 0 },
        { what: 'will crash', point: { at: 'before the save', after: 0 }, downMs: 0, jumpMs: 0 },
        { what: 'cycles', times: 5, everyMs: 660_000 },
      ],
    }),
  ],
  [
    'an approval after 15 minutes is too late, even without a cycle in between',
    history({
      badAtStart: ['mail'],
      events: [
        { what: 'cycles', times: 1, everyMs: 0 },
        { what: 'time passes', ms: 960_000 },
        { what: 'answers', yes: true },
      ],
    }),
  ],
  [
    'a reset that was stored applies, even if the engine died right after it',
    history({
      listed: false,
      badAtStart: ['pool'],
      usually: 'for nothing',
      events: [
        { what: 'cycles', times: 1, everyMs: 1_000 },
        { what: 'will crash', point: { at: 'after the save', after: 0 }, downMs: 0, jumpMs: 0 },
        { what: 'reset', component: 'pool' },
        { what: 'turns', component: 'web', to: 'ok' },
        { what: 'cycles', times: 1, everyMs: 1_000 },
      ],
    }),
  ],
  [
    'a rejection of a request that was withdrawn with its issue has no effect',
    history({
      listed: false,
      approver: { answer: false, afterMs: 300_000 },
      events: [
        { what: 'many fail', count: 4 },
        { what: 'monitoring', minutes: 1 },
        { what: 'turns', component: 'web', to: 'ok' },
        {
          what: 'goes through',
          component: 'mail',
          conditions: ['ok', 'ok', 'bad', 'ok'],
          everyMs: 120_000,
        },
      ],
    }),
  ],
  [
    'a host action is not started in a slot of process scope',
    history({
      badAtStart: ['pool', 'web'],
      events: [
        {
          what: 'acts will go',
          acts: [
            { goes: 'worse', takesMs: 1_000 },
            { goes: 'worse', takesMs: 70_000 },
          ],
        },
        { what: 'cycles', times: 1, everyMs: 1_000 },
      ],
    }),
  ],
  [
    'a relapse is on disk as soon as it is detected',
    history({
      listed: false,
      events: [
        { what: 'goes through', component: 'web', conditions: ['bad', 'bad', 'bad', 'bad'], everyMs: 70_000 },
      ],
    }),
  ],
  [
    'a relapse that a dry run detected first is on disk after the next real call, also after a restart',
    history({
      listed: false,
      usuallyLastsMs: 20_000,
      events: [
        { what: 'goes through', component: 'web', conditions: ['bad', 'bad', 'bad', 'bad'], everyMs: 70_000 },
        { what: 'restarts', cleanly: false, lost: false, downMs: 0 },
        { what: 'rehearsal' },
        { what: 'acts will go', acts: [{ goes: 'well', takesMs: 0 }] },
        { what: 'turns', component: 'web', to: 'ok' },
      ],
    }),
  ],
  [
    'a repair does not clear another issue of its component whose check is unknown',
    history({
      listed: false,
      usually: 'for nothing',
      usuallyLastsMs: 2_000,
      badAtStart: ['db-query', 'db'],
      events: [
        { what: 'cycles', times: 1, everyMs: 1_000 },
        { what: 'acts will go', acts: [{ goes: 'well', takesMs: 0 }] },
        { what: 'a check answers', check: 'db-query', after: 20_000 },
        { what: 'answers', yes: false },
        { what: 'cycles', times: 2, everyMs: 60_000 },
      ],
    }),
  ],
  [
    'a service that came back while a slow check of it ran is not restarted',
    history({
      listed: false,
      usuallyLastsMs: 2_000,
      badAtStart: ['db', 'pool'],
      events: [
        { what: 'a check answers', check: 'db-query', after: 1_000 },
        {
          what: 'acts will go',
          acts: [
            { goes: 'well', takesMs: 0, during: { component: 'db', to: 'ok' } },
            { goes: 'well', takesMs: 0 },
          ],
        },
        { what: 'cycles', times: 1, everyMs: 1_000 },
      ],
    }),
  ],
  [
    'a request stays pending while one of two issues of its component is open, and is repeated only after its backoff',
    history({
      listed: false,
      badAtStart: ['db'],
      events: [
        { what: 'gets neighbours', component: 'db', units: ['stray.service'] },
        {
          what: 'goes through',
          component: 'db-query',
          conditions: ['ok', 'ok', 'bad', 'ok', 'ok'],
          everyMs: 300_000,
        },
        { what: 'healing enabled', value: false },
        { what: 'many fail', count: 4 },
      ],
      approver: { answer: 'throws', afterMs: 0 },
    }),
  ],
  [
    'a repair by another plan than the announced one is not reported as fixed',
    history({
      listed: false,
      badAtStart: ['web'],
      events: [
        { what: 'acts will go', acts: [{ goes: 'well, by another plan', takesMs: 0 }] },
        { what: 'cycles', times: 1, everyMs: 1_000 },
      ],
    }),
  ],
  [
    'units that stop each other are not repaired at the same time',
    history({
      listed: false,
      badAtStart: ['db', 'stray'],
      events: [
        { what: 'gets neighbours', component: 'db', units: ['stray.service'] },
        { what: 'cycles', times: 1, everyMs: 1_000 },
      ],
    }),
  ],
  [
    'a slow cycle opens no issue by a reading from before the end of a repair',
    history({
      listed: false,
      events: [
        { what: 'a check answers', check: 'worker', after: 20_000 },
        {
          what: 'monitoring',
          minutes: 1,
          everyS: 5,
          turns: [{ afterMs: 0, component: 'web', to: 'bad' }],
        },
      ],
    }),
  ],
  [
    'a slow cycle does not clear an issue that is being repaired',
    history({
      listed: false,
      usually: 'wrong',
      events: [
        { what: 'a check answers', check: 'web-http', after: 8_000 },
        { what: 'monitoring', minutes: 4, turns: [{ afterMs: 0, component: 'pool', to: 'bad' }] },
      ],
    }),
  ],
  [
    'an interrupted repair is judged by the check that opened its issue',
    history({
      listed: false,
      events: [
        {
          what: 'acts will go',
          acts: [
            { goes: 'for nothing', takesMs: 0 },
            { goes: 'well', takesMs: 0, during: { component: 'db', to: 'starting' } },
          ],
        },
        { what: 'many fail', count: 4 },
        { what: 'cycles', times: 1, everyMs: 1_000 },
        { what: 'cycles', times: 2, everyMs: 60_000 },
      ],
    }),
  ],
  [
    'a check without a settle time can prove a repair',
    history({
      listed: false,
      badAtStart: ['worker'],
      events: [{ what: 'cycles', times: 1, everyMs: 1_000 }],
    }),
  ],
  [
    'a check that takes longer than its settle time can prove a repair',
    history({
      badAtStart: ['web-http'],
      events: [
        { what: 'a check answers', check: 'web-http', after: 20_000 },
        { what: 'cycles', times: 1, everyMs: 1_000 },
      ],
    }),
  ],
  [
    'an approval given after minutes executes a newly made plan',
    history({
      listed: false,
      badAtStart: ['mail'],
      approver: { answer: true, afterMs: 300_000 },
      events: [{ what: 'cycles', times: 1, everyMs: 1_000 }],
    }),
  ],
  [
    'a unit that fails again while a slow cycle ends is not reported as gone',
    history({
      listed: false,
      chance: 0.5,
      usuallyLastsMs: 20_000,
      events: [
        { what: 'many fail', count: 4 },
        { what: 'monitoring', minutes: 1 },
        { what: 'a check answers', check: 'pool', after: 3_000 },
        { what: 'monitoring', minutes: 1, turns: [{ afterMs: 61_000, component: 'web', to: 'ok' }] },
        {
          what: 'acts will go',
          acts: [
            { goes: 'well', takesMs: 0, lateMs: 1_500 },
            { goes: 'well', takesMs: 0 },
          ],
        },
        { what: 'monitoring', minutes: 1, everyS: 20 },
      ],
    }),
  ],
  [
    'a unit that becomes active while a slow check runs again is in the executed plan',
    history({
      listed: false,
      badAtStart: ['web'],
      approver: { answer: 'throws', afterMs: 0 },
      events: [
        { what: 'gets neighbours', component: 'web', units: ['queue.service'] },
        {
          what: 'acts will go',
          acts: [
            { goes: 'well', takesMs: 0, lateMs: 1_500 },
            { goes: 'well', takesMs: 0 },
          ],
        },
        { what: 'turns', component: 'web-http', to: 'bad' },
        { what: 'a check answers', check: 'web-http', after: 3_000 },
        { what: 'cycles', times: 1, everyMs: 1_000 },
        {
          what: 'goes through',
          component: 'queue',
          conditions: ['bad', 'bad', 'bad', 'bad'],
          everyMs: 70_000,
        },
      ],
    }),
  ],
  [
    'a component whose repair ends while a cycle reads others by name is not reported as gone',
    history({
      listed: false,
      chance: 0,
      toTheEnd: false,
      usually: 'well',
      badAtStart: [],
      events: [
        { what: 'many fail', count: 4 },
        {
          what: 'acts will go',
          acts: [{ goes: 'well', takesMs: 0, during: { component: 'db', to: 'ok' } }],
        },
        { what: 'turns', component: 'pool', to: 'bad' },
        { what: 'a check answers', check: 'db-query', after: 3000 },
        { what: 'monitoring', minutes: 2 },
      ],
      usuallyLastsMs: 2000,
    }),
  ],
  [
    'a MEDIUM repair waits for the load that rose while a slow check was answered',
    history({
      listed: false,
      chance: 0,
      toTheEnd: false,
      usually: 'well',
      badAtStart: [],
      events: [
        { what: 'turns', component: 'memory', to: 'worse' },
        { what: 'a check answers', check: 'pool', after: 1000 },
        {
          what: 'monitoring',
          minutes: 4,
          turns: [
            { afterMs: 61000, component: 'memory', to: 'bad' },
            { afterMs: 0, component: 'load', to: 'bad' },
          ],
        },
        { what: 'a check answers', check: 'pool', after: 0 },
        { what: 'turns', component: 'web', to: 'ok' },
      ],
    }),
  ],
  [
    'an approval applies only to its component, even if another one has the same plan',
    history({
      listed: false,
      chance: 0,
      toTheEnd: false,
      usually: 'worse',
      badAtStart: ['web'],
      events: [
        { what: 'gets neighbours', component: 'web', units: ['stray.service'] },
        { what: 'a check answers', check: 'pool', after: 20000 },
        { what: 'turns', component: 'proxy', to: 'ok' },
        {
          what: 'monitoring',
          minutes: 1,
          everyS: 5,
          turns: [{ afterMs: 0, component: 'web-http', to: 'worse' }],
        },
      ],
      approver: { answer: true, afterMs: 0 },
    }),
  ],
  [
    'a timed rejection that was lost with the engine does not apply to the next one, whose clock starts earlier',
    history({
      listed: false,
      badAtStart: ['queue'],
      events: [
        { what: 'gets neighbours', component: 'queue', units: ['stray.service'] },
        { what: 'cycles', times: 1, everyMs: 4_020_000 },
        {
          what: 'will crash',
          point: { at: 'before the save', after: 0 },
          ...{ downMs: 0, jumpMs: -2_592_000_000 },
        },
        {
          what: 'goes through',
          component: 'stray',
          ...{ conditions: ['bad', 'bad', 'bad', 'bad'], everyMs: 70_000 },
        },
        { what: 'time passes', ms: 0 },
        { what: 'restarts', cleanly: false, lost: false, downMs: 0 },
      ],
    }),
  ],
  [
    'an answer to a request of a stopped monitoring has no effect',
    history({
      listed: false,
      events: [
        { what: 'plans change', component: 'mail', change: true },
        { what: 'monitoring', minutes: 1, turns: [{ afterMs: 0, component: 'mail', to: 'worse' }] },
        { what: 'many fail', count: 4 },
        { what: 'goes through', component: 'web', conditions: ['ok', 'ok'], everyMs: 70_000 },
      ],
      approver: { answer: false, afterMs: 300_000 },
    }),
  ],
  [
    'a start that would stop a unit waits for the repair of that unit',
    history({
      listed: false,
      chance: 0,
      toTheEnd: false,
      usually: 'well',
      badAtStart: [],
      events: [
        { what: 'gets neighbours', component: 'queue', units: ['web.service'] },
        {
          what: 'acts will go',
          acts: [
            { goes: 'well', takesMs: 0, during: { component: 'web', to: 'ok' } },
            { goes: 'well', takesMs: 0 },
          ],
        },
        { what: 'many fail', count: 4 },
        { what: 'cycles', times: 1, everyMs: 1000 },
      ],
      usuallyLastsMs: 2000,
    }),
  ],
];

describe('a history that once broke a rule keeps every rule now:', () => {
  it.each(ONCE)('%s', async (_what, story) => {
    expect(await play(story)).toEqual([]);
  });
});
