import {
  mkdtempSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setCpuGovernor } from '../../src/actions/set-cpu-governor.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { readControls } from '../../src/host/controls.js';
import { makePlan } from '../../src/execute/planner.js';
import { runAct } from '../../src/execute/run-act.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { CpuReading } from '../../src/model/snapshot.js';
import type { HealingAction, Plan } from '../../src/model/plan.js';
import { actionConformance, fakeHost } from '../../src/testing/index.js';
import { issueOf, proofFrom, verdictOf } from '../make.js';
import { only } from './only.js';

const THRESHOLDS = thresholdValues();
const PERFORMANCE = { action: 'set_cpu_governor', parameters: { governor: 'performance' } };
let root: string;
let cpufreq: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'governor-'));
  cpufreq = join(root, 'sys/devices/system/cpu/cpufreq');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Creates a policy like those in sysfs. */
function policy(
  name: string,
  governor: string,
  offered = 'performance powersave schedutil',
  kHz = 1_000_000,
) {
  mkdirSync(join(cpufreq, name), { recursive: true });
  const put = (file: string, text: string) => writeFileSync(join(cpufreq, name, file), `${text}\n`);
  put('scaling_governor', governor);
  put('scaling_available_governors', `${offered} `);
  put('scaling_cur_freq', String(kHz));
}
const governorOf = (name: string) => readFileSync(join(cpufreq, name, 'scaling_governor'), 'utf8').trim();

const definition = () => setCpuGovernor;
const host = (cpu?: CpuReading) => fakeHost({ controls: readControls(root), ...(cpu && { cpu }) });
const planOf = (action: HealingAction = PERFORMANCE, cpu?: CpuReading): Promise<Plan> =>
  makePlan(
    action,
    {
      host: host(cpu),
      actions: only('set_cpu_governor', definition()),
      thresholds: THRESHOLDS,
      services: [],
    },
    new AbortController().signal,
  );
const carryOut = async (plan: Plan) =>
  runAct(plan, PERFORMANCE, {
    definition: { runs: 1, timeoutMs: 1_000 },
    planOf: (action) => planOf(action),
    admits: () => true,
    signal: new AbortController().signal,
  });
const verified = (plan: Plan, status: 'ok' | 'bad' | 'unknown') =>
  definition().verify(definition().parse(plan.parameters), {
    issue: issueOf({ component: 'cpu' }),
    plan,
    before: undefined,
    steps: [],
    guards: DEFAULT_GUARDS,
    inspect: () => Promise.resolve(verdictOf({ status, reason: `CPU is ${status}` })),
    proof: () => proofFrom({ inspect: () => Promise.resolve(verdictOf({ status })) }),
    read: (request) => Promise.resolve(host().read(request)),
    settle: () => Promise.resolve(),
    signal: new AbortController().signal,
  });

describe('the plan of set_cpu_governor', () => {
  it.each([
    [95, 40, 'no-expected-gain'],
    [95, 10, undefined],
    [95, undefined, undefined],
  ])('with %i %% used, %s %% of it stolen, is refused as %s', async (percent, stealPercent, reason) => {
    policy('policy0', 'powersave');
    const plan = await planOf(PERFORMANCE, { percent, cpus: 4, stealPercent });
    expect(plan.refusal?.reason).toBe(reason);
    if (reason) expect(plan.refusal?.sentence).toContain('hypervisor');
  });

  it('is refused if the usage is that of a control group at its own limit', async () => {
    policy('policy0', 'powersave');
    const plan = await planOf(PERFORMANCE, { percent: 99, cpus: 8, limitCpus: 0.5 });
    expect(plan.steps).toEqual([]);
    expect(plan.refusal).toMatchObject({ reason: 'no-expected-gain' });
    expect(plan.refusal?.sentence).toContain('this control group may have');
  });

  it('writes the governor into each policy that has another one, and records the previous one', async () => {
    policy('policy0', 'powersave');
    policy('policy4', 'schedutil');
    policy('policy12', 'performance');
    const plan = await planOf();
    expect(plan.steps).toMatchObject([
      { path: `${cpufreq}/policy0/scaling_governor`, content: 'performance', interruptible: false },
      { path: `${cpufreq}/policy4/scaling_governor`, content: 'performance', needsRoot: true },
    ]);
    expect(plan.undo).toBe(`Back to powersave in ${cpufreq}/policy0, schedutil in ${cpufreq}/policy4`);
    expect(plan.restore).toEqual({
      action: 'set_cpu_governor',
      parameters: { governors: { policy0: 'powersave', policy4: 'schedutil' } },
    });
  });

  it('is refused if every policy has the governor already', async () => {
    policy('policy0', 'performance');
    expect(await planOf()).toMatchObject({ steps: [], refusal: { reason: 'no-expected-gain' } });
  });

  /**
   * The kernel returns EBUSY for a policy whose CPUs are offline; here its file is a folder, which cannot be read
   * either.
   */
  function offline(name: string) {
    rmSync(join(cpufreq, name), { recursive: true, force: true });
    mkdirSync(join(cpufreq, name, 'scaling_governor'), { recursive: true });
  }

  it('changes the policies that can be read, and names the one that cannot', async () => {
    policy('policy0', 'powersave');
    offline('policy1');
    const plan = await planOf();
    expect(plan.steps).toMatchObject([{ path: join(cpufreq, 'policy0/scaling_governor') }]);
    expect(plan.notes).toEqual([expect.stringContaining('policy1 cannot be read now')]);
    expect(plan.restore?.parameters).toEqual({ governors: { policy0: 'powersave' } });
    expect(plan.refusal).toBeUndefined();
  });

  it('changes the policies that offer the governor, and names the one that does not', async () => {
    policy('policy0', 'powersave');
    policy('policy4', 'userspace', 'userspace');
    const plan = await planOf();
    expect(plan.steps).toHaveLength(1);
    expect(plan.notes).toEqual([expect.stringContaining('policy4 offers userspace')]);
  });

  it('does not report a host without cpufreq if no policy can be read', async () => {
    offline('policy0');
    const { refusal } = await planOf();
    expect(refusal).toMatchObject({ reason: 'unavailable' });
    expect(refusal?.sentence).toContain('policy0 cannot be read now');
  });

  it('undoes the policies that can be undone, and keeps the rest for later', async () => {
    policy('policy0', 'performance');
    policy('policy1', 'performance');
    const back: HealingAction = {
      action: 'set_cpu_governor',
      parameters: { governors: { policy0: 'powersave', policy1: 'schedutil' } },
    };
    offline('policy1');
    await carryOut(await planOf(back));
    expect(governorOf('policy0')).toBe('powersave');
    expect((await planOf(back)).refusal).toMatchObject({ reason: 'unavailable' });
    rmSync(join(cpufreq, 'policy1'), { recursive: true });
    policy('policy1', 'performance');
    await carryOut(await planOf(back));
    expect(governorOf('policy1')).toBe('schedutil');
    expect((await planOf(back)).refusal).toMatchObject({ reason: 'no-expected-gain' });
  });

  it('supports the folders of old kernels, one for each group of CPUs', async () => {
    const cpu = join(root, 'sys/devices/system/cpu');
    policy('policy0', 'powersave');
    for (const name of ['cpu0', 'cpu1', 'cpu10']) mkdirSync(join(cpu, name), { recursive: true });
    renameSync(join(cpufreq, 'policy0'), join(cpu, 'cpu0/cpufreq'));
    symlinkSync('../cpu0/cpufreq', join(cpu, 'cpu1/cpufreq'));
    const plan = await planOf();
    expect(plan.steps).toMatchObject([{ path: join(cpu, 'cpu0/cpufreq/scaling_governor') }]);
    expect(plan.restore?.parameters).toEqual({ governors: { policy0: 'powersave' } });
  });

  it('is refused if a policy does not offer the governor, if there is none, and if none can be read', async () => {
    const noCpufreq = 'This machine has no cpufreq to govern';
    expect((await planOf()).refusal).toEqual({ reason: 'unavailable', sentence: noCpufreq });
    policy('policy0', 'powersave', 'ondemand powersave');
    expect((await planOf()).refusal).toEqual({
      reason: 'unavailable',
      sentence: `${cpufreq}/policy0 offers ondemand, powersave, not \`performance\``,
    });
    rmSync(join(cpufreq, 'policy0', 'scaling_governor'));
    mkdirSync(join(cpufreq, 'policy0', 'scaling_governor'));
    expect((await planOf()).refusal).toMatchObject({ reason: 'unavailable' });
  });

  it('set_cpu_governor passes the conformance suite of actions', async () => {
    policy('policy0', 'powersave');
    const refused = [
      { governor: '../x' },
      { governor: '' },
      { governors: {} },
      { governors: { 'policy0/../x': 'powersave' } },
      { governors: { policy0: 'a b' } },
      { governors: { policy0: undefined } },
      { governor: 'performance', governors: { policy0: 'powersave' } },
    ];
    for (const parameters of [{ governor: 'performance' }, { governors: { policy0: 'schedutil' } }]) {
      for (const { run } of actionConformance(definition, { parameters, refused, host })) await run();
    }
  });
});

describe('the execution of set_cpu_governor', () => {
  it('restores the governor of each policy on undo', async () => {
    policy('policy0', 'powersave');
    policy('policy4', 'schedutil');
    const plan = await planOf();
    expect(await carryOut(plan)).toMatchObject({ outcome: 'executed' });
    expect([governorOf('policy0'), governorOf('policy4')]).toEqual(['performance', 'performance']);
    expect(await carryOut(await planOf(plan.restore))).toMatchObject({ outcome: 'executed' });
    expect([governorOf('policy0'), governorOf('policy4')]).toEqual(['powersave', 'schedutil']);
    expect((await planOf(plan.restore)).refusal).toMatchObject({ reason: 'no-expected-gain' });
  });

  it('restores the policies written so far if a later one is refused', async () => {
    policy('policy0', 'powersave');
    policy('policy4', 'schedutil');
    const plan = await planOf();
    rmSync(join(cpufreq, 'policy4', 'scaling_governor'));
    mkdirSync(join(cpufreq, 'policy4', 'scaling_governor'));
    // An unreadable policy cannot be planned: the other one is restored once this one can be read again.
    const ended = await carryOut({ ...plan, restore: plan.restore! });
    expect(ended.outcome).toBe('failed');
    rmSync(join(cpufreq, 'policy4'), { recursive: true });
    expect(await carryOut(await planOf(plan.restore))).toMatchObject({ outcome: 'executed' });
    expect(governorOf('policy0')).toBe('powersave');
  });

  it('undoes everything at once if the kernel refuses a write half way', async () => {
    policy('policy0', 'powersave');
    policy('policy4', 'schedutil');
    const plan = await planOf();
    const [first, second] = plan.steps;
    const broken = { ...second!, path: `${cpufreq}/policy4/no-such-file` } as typeof second;
    const ended = await carryOut({ ...plan, steps: [first!, broken!] });
    expect(ended.error).toMatch(/ENOENT.*; the steps before it were undone$/);
    expect([governorOf('policy0'), governorOf('policy4')]).toEqual(['powersave', 'schedutil']);
  });

  it('restores the other policies if one was removed together with its CPUs', async () => {
    policy('policy0', 'powersave');
    policy('policy4', 'schedutil');
    const plan = await planOf();
    await carryOut(plan);
    rmSync(join(cpufreq, 'policy4'), { recursive: true });
    await carryOut(await planOf(plan.restore));
    expect(governorOf('policy0')).toBe('powersave');
    rmSync(cpufreq, { recursive: true });
    expect((await planOf(plan.restore)).refusal).toMatchObject({ reason: 'no-expected-gain' });
  });
});

describe('the proof of set_cpu_governor', () => {
  it.each([
    ['fixed', 'the CPU is well', 'ok', 1_000_000],
    ['fixed', 'the frequency rose', 'bad', 1_400_000],
    ['ineffective', 'it rose by next to nothing', 'bad', 1_020_000],
    ['unknown', 'the CPU is not known', 'unknown', 1_000_000],
  ] as const)('is %s if the governor reads back and %s', async (status, _why, cpu, kHz) => {
    policy('policy0', 'powersave');
    const plan = await planOf();
    policy('policy0', 'performance', undefined, kHz);
    const seen = await verified(plan, cpu);
    expect(seen.status).toBe(status);
    expect(seen.reason).toContain('performance in policy0');
    expect(seen.reason).toContain('mean frequency 1000 MHz before');
  });

  it('is ineffective if another governor reads back, whatever the CPU usage is', async () => {
    policy('policy0', 'powersave');
    expect(await verified(await planOf(), 'ok')).toEqual({
      status: 'ineffective',
      reason: 'policy0 reads back as powersave, not performance',
    });
  });

  it('depends on the CPU usage alone if no frequency is reported', async () => {
    policy('policy0', 'powersave', undefined, 0);
    const plan = await planOf();
    expect(plan.baseline).toBeUndefined();
    policy('policy0', 'performance', undefined, 0);
    expect(await verified(plan, 'ok')).toEqual({
      status: 'fixed',
      reason: 'performance in policy0; CPU is ok',
    });
  });
});
