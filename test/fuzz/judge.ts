import type { HelperAct } from '../../src/service/helper/limits.js';
import { failedUnit, unitReading } from '../../src/testing/index.js';
import type { Execution } from '../../src/model/execution.js';

/** Permissions of the root helper in the fuzz tests. */
export const POLICY = {
  version: 1,
  // Only these could be planned without running anything, and `reload_service`, which is not allowed.
  actions: ['restart_service', 'clear_system_cache', 'rebuild_system'],
  services: [
    'nginx',
    'redis',
    'stack',
    'rival',
    'web',
    'db@main',
    'ghost',
    'sshd',
    'dbus',
    { unit: 'luminous-healing' },
  ],
  limits: { componentPerHour: 3, hostPerHour: 5 },
};

/** Existing units. Some are listed although they are protected, on purpose. */
export const UNITS = [
  failedUnit({ name: 'nginx', names: ['nginx.service', 'www.service'] }),
  unitReading({ name: 'redis' }),
  unitReading({ name: 'stack', dragsAlong: ['polkit.service'] }),
  failedUnit({ name: 'rival' }),
  unitReading({ name: 'polkit' }),
  failedUnit({ name: 'web', names: ['web.service', 'dbus-broker.service'] }),
  failedUnit({ name: 'db@main' }),
  failedUnit({ name: 'other' }),
  failedUnit({ name: 'ssh', names: ['ssh.service', 'sshd.service'] }),
  failedUnit({ name: 'dbus' }),
  failedUnit({ name: 'systemd-logind' }),
  failedUnit({ name: 'luminous-healing' }),
];

/** Starting `rival` would stop a protected unit. */
export const RELATIONS = { 'rival.service': { conflicts: ['polkit.service'] } };

/** Units that may be affected, written down independently of the gates. */
const TOUCHABLE = ['nginx.service', 'redis.service', 'db@main.service'];
const VERBS = ['start', 'reset-failed', 'restart'];

/** Returns every way in which a plan or a result of the helper is outside of the policy of root. */
export function transgressions({ plan, outcome, steps }: Execution): string[] {
  // Skipped: shown, and not executed.
  if (outcome === 'skipped' || plan === undefined) {
    return steps.length === 0 ? [] : ['it began something without a plan that may be carried out'];
  }
  const wrong: string[] = [];
  const must = (holds: boolean, words: string): void => void (holds || wrong.push(words));
  must(['restart_service', 'clear_system_cache'].includes(plan.action), `it planned \`${plan.action}\``);
  must(plan.refusal === undefined && plan.approval === undefined, 'it planned what it may not carry out');
  const aboutUnits = plan.action === 'restart_service';
  for (const { id, kind } of plan.targets) {
    must(
      aboutUnits ? kind === 'unit' && TOUCHABLE.includes(id) : id === 'memory',
      `it acts on ${kind} ${id}`,
    );
  }
  for (const step of plan.steps) {
    if (step.kind === 'write')
      must(
        step.path === '/proc/sys/vm/drop_caches' && /^[123]$/.test(step.content),
        `it writes ${step.path}`,
      );
    if (step.kind !== 'command') continue;
    const [program, quiet, verb = '', dashes, unit = '', ...more] = step.argv;
    const isSystemctl =
      program === 'systemctl' &&
      quiet === '--no-ask-password' &&
      VERBS.includes(verb) &&
      dashes === '--' &&
      [...TOUCHABLE, 'www.service'].includes(unit) &&
      more.length === 0 &&
      step.input === undefined;
    must(aboutUnits ? isSystemctl : step.argv.join(' ') === 'sync', `it runs ${JSON.stringify(step.argv)}`);
  }
  return wrong;
}

/** Returns every limit that some acts exceed. */
export function overLimits(acts: readonly HelperAct[]): string[] {
  const { componentPerHour, hostPerHour } = POLICY.limits;
  const often = new Map<string, number>();
  for (const id of acts.flatMap(({ targets }) => targets)) often.set(id, (often.get(id) ?? 0) + 1);
  return [
    ...[...often]
      .filter(([, times]) => times > componentPerHour)
      .map(([id, times]) => `${times} acts on ${id}`),
    ...(acts.length > hostPerHour ? [`${acts.length} acts`] : []),
  ];
}
