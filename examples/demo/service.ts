import { setTimeout as sleep } from 'node:timers/promises';
import {
  defineAction,
  IssueType,
  Severity,
  SimpleResolver,
  verifyByCheck,
  type ActionDefinition,
  type Check,
  type HealingAction,
  type Issue,
  type Verdict,
} from '@luminous-nix/self-healing';
import { WorkerProcess } from './worker-process.js';

/** Memory limit of the leaking worker, in MiB. */
const MOST_MEMORY_MB = 150;
/** Longest time without a message from a worker, in seconds. */
const MOST_SILENCE_S = 2;

/** A small shop: four workers that fail by script, and a search index that becomes outdated. */
export class Shop {
  readonly workers = {
    checkout: new WorkerProcess('checkout', () => ['crash', 24_000]),
    thumbnails: new WorkerProcess('thumbnails', () => ['leak', 500]),
    search: new WorkerProcess('search', (starts) => ['hang', starts % 2 === 0 ? 33_000 : 47_000]),
    // Its mail server is down after the first start, up again after five more starts, and then down again.
    mailer: new WorkerProcess('mailer', (starts) => ['crash', starts % 6 === 0 ? 41_000 : 150]),
  } as const;
  #indexedAt = performance.now();

  /** Age of the search index, in minutes. */
  get indexMinutes(): number {
    return (performance.now() - this.#indexedAt) / 60_000;
  }

  async open(): Promise<void> {
    await Promise.all(Object.values(this.workers).map((worker) => worker.start()));
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.workers).map((worker) => worker.stop()));
  }

  /** Rebuilds the index, which takes a while. */
  async rebuildIndex(): Promise<void> {
    await sleep(1_500);
    this.#indexedAt = performance.now();
  }

  worker(name: string): WorkerProcess {
    const found = Object.entries(this.workers).find(([key]) => key === name)?.[1];
    if (found === undefined) throw new Error(`There is no worker ${name}`);
    return found;
  }
}

/** Checks of the shop. */
export function checksOf(shop: Shop): Check[] {
  const { workers } = shop;
  const about = (name: string, run: () => Verdict): Check => ({
    name,
    component: name,
    type: IssueType.SERVICE,
    run,
  });
  const alive = (worker: WorkerProcess): Verdict | undefined =>
    worker.isAlive ? undefined : { status: 'bad', reason: `The worker ${worker.name} has died` };
  const isOk = (worker: WorkerProcess): Verdict => ({
    status: 'ok',
    reason: `Process ${worker.pid} runs, ${worker.memoryMb.toFixed(0)} MiB`,
  });
  return [
    about('checkout', () => alive(workers.checkout) ?? isOk(workers.checkout)),
    about('mailer', () => alive(workers.mailer) ?? isOk(workers.mailer)),
    about('thumbnails', () => {
      const { memoryMb } = workers.thumbnails;
      return (
        alive(workers.thumbnails) ?? {
          status: memoryMb > MOST_MEMORY_MB ? 'bad' : 'ok',
          reason: `The worker thumbnails has ${memoryMb.toFixed(0)} MiB, limit ${MOST_MEMORY_MB} MiB`,
          value: memoryMb,
          threshold: MOST_MEMORY_MB,
        }
      );
    }),
    about('search', () => {
      const { silentSeconds } = workers.search;
      return (
        alive(workers.search) ?? {
          status: silentSeconds > MOST_SILENCE_S ? 'bad' : 'ok',
          reason: `The worker search last spoke ${silentSeconds.toFixed(1)} s ago, limit ${MOST_SILENCE_S} s`,
          value: silentSeconds,
          threshold: MOST_SILENCE_S,
        }
      );
    }),
    about('search-index', () => ({
      status: shop.indexMinutes > 1 ? 'bad' : 'ok',
      severity: Severity.HIGH,
      reason: `The search index is ${shop.indexMinutes.toFixed(1)} min old, 1 min is the most`,
      value: shop.indexMinutes,
      threshold: 1,
    })),
  ];
}

/** Actions of the shop: in this process and its children only. */
export function actionsOf(shop: Shop): Record<string, ActionDefinition> {
  const step = (name: string, run: () => Promise<void>) => ({
    kind: 'call' as const,
    name,
    run,
    timeoutMs: 10_000,
    interruptible: false,
  });
  const common = {
    verify: verifyByCheck,
    scope: 'process',
    risk: 'disruptive',
    timeoutMs: 10_000,
    settleMs: 800,
  } as const;
  return {
    restart_worker: defineAction({
      ...common,
      parse: ({ name }) => String(name),
      plan: (name) => ({
        targets: [name],
        effect: `The worker ${name} is a new process, and speaks`,
        steps: [
          step(`end the process of ${name}, if there is one`, () => shop.worker(name).stop()),
          step(`start ${name}, and wait for its first word`, () => shop.worker(name).start()),
        ],
      }),
    }),
    rebuild_index: defineAction({
      ...common,
      parse: () => undefined,
      plan: () => ({
        targets: ['search-index'],
        effect: 'The search index is new',
        steps: [step('read all products and rebuild the index', () => shop.rebuildIndex())],
        approval: 'While the index is rebuilt, customers find nothing: a person decides when',
      }),
    }),
  };
}

/** Only the shop's own parts are repaired; the machine of the demo is only observed. */
export class ShopResolver extends SimpleResolver {
  override getAction({ component, type }: Issue): HealingAction {
    if (type !== IssueType.SERVICE) return { action: 'none', parameters: {} };
    if (component === 'search-index') return { action: 'rebuild_index', parameters: {} };
    return { action: 'restart_worker', parameters: { name: component } };
  }
}
