import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { IssueType, type Issue } from '../../src/model/issue.js';
import type { HealingAction } from '../../src/model/plan.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import { fakeClock, fakeExecutor } from '../../src/testing/index.js';
import { DAY, SCRIPT, SERVICES, SimulatedHost } from './world.js';

/** Event, with its time since the beginning of the week, in milliseconds. */
export interface Happening {
  readonly at: number;
  readonly component: string;
  /** `opened`, `cleared`, an outcome, `blocked: …`, or a command of an operator. */
  readonly what: string;
  readonly words: string;
}

/** Result of a simulated week. */
export interface Week {
  readonly happenings: readonly Happening[];
  /** Explanations of the open issues at some moments, by the name of the moment. */
  readonly explained: Readonly<Record<string, string>>;
  readonly cycles: number;
}

/** The real actions would collect garbage and drop caches: these replace them. */
class WeekResolver extends SimpleResolver {
  override getAction(issue: Issue): HealingAction {
    if (issue.component === 'memory') return { action: 'recycle_leaky', parameters: {} };
    if (issue.component.startsWith('disk:')) return { action: 'collect_garbage', parameters: {} };
    return super.getAction(issue);
  }
}

/** Runs seven days with the default numbers, with a cycle a minute. */
export async function simulateWeek(): Promise<Week> {
  const clock = fakeClock();
  const world = new SimulatedHost(clock);
  const executor = fakeExecutor({ act: ({ action, parameters }) => world.act(action, parameters.service) });
  const probe = {
    name: 'probe',
    component: 'probe',
    type: IssueType.SERVICE,
    run: () => {
      world.probe();
      return { status: 'ok', reason: 'The probe answers' } as const;
    },
  };
  const { host } = world;
  const resolver = new WeekResolver();
  const engine = new SimplifiedHealingEngine({
    host,
    executor,
    clock,
    resolver,
    services: SERVICES,
    checks: [probe],
  });
  const happenings: Happening[] = [];
  let cycles = 0;
  const note = (component: string, what: string, words: string): void =>
    void happenings.push({ at: clock.monotonic(), component, what, words });

  engine.on('cycle:done', () => (cycles += 1));
  engine.on('issue:opened', ({ issue }) => note(issue.component, 'opened', issue.description));
  engine.on('issue:cleared', ({ issue }) => note(issue.component, 'cleared', ''));
  engine.on('issue:recurring', ({ component, times }) =>
    note(component, 'recurring', `${times} times in 4 h`),
  );
  engine.on('storm:began', ({ components }) => note('host', 'storm began', components.join(', ')));
  engine.on('storm:ended', ({ lastedMs }) => note('host', 'storm ended', `after ${lastedMs / 60_000} min`));
  engine.on('heal:blocked', ({ issue, blockedBy, error }) =>
    note(issue.component, `blocked: ${blockedBy}`, error),
  );
  engine.on('heal:done', ({ result }) => note(result.issue.component, result.outcome, result.error ?? ''));

  const monitoring = engine.startMonitoring(60);
  const explained: Record<string, string> = {};
  const explain = (moment: string): void =>
    void (explained[moment] = engine
      .explain()
      .map(({ text }) => text)
      .join('\n'));

  await clock.advance(SCRIPT.flapping.until - 60_000);
  explain('at the end of the day of flapping');
  await clock.advance(SCRIPT.personMendsBroken - clock.monotonic());
  explain('before a person mends what is broken');
  note('broken', 'a person', 'mends it, and calls reset');
  await engine.reset('broken');
  await engine.reset('flapping');
  await clock.advance(7 * DAY - clock.monotonic());
  explain('at the end');
  await engine.close();
  await monitoring;
  return { happenings, explained, cycles };
}
