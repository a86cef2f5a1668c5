import type { HealingOptions } from '@luminous-nix/self-healing';
import type { TestHost } from './host/TestHost.js';

/** Output of `programs/deaths.mjs`. Times are in milliseconds after the kill. */
export interface Deaths {
  readonly times: readonly {
    readonly knownMs?: number;
    /** A repair began. */
    readonly begunMs?: number;
    readonly backMs: number;
    /** After the proof of the repair; left out if the issue was not cleared within 200 ms of it. */
    readonly clearedMs?: number;
  }[];
  /** Counts of each outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Number of cycles until the detection; 0 if the failure was signalled by systemd. */
  readonly wholeLooks: number;
}

/** A service that sends its process id to a port whenever it starts. */
export const victim = (port: number): string => `[Unit]
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/bash -c 'echo $$$$ > /dev/udp/127.0.0.1/${port}; exec sleep infinity'

[Install]
WantedBy=multi-user.target
`;

/** Short settle times, and a large budget: the service dies 300 times in a few minutes. */
export const OFTEN: HealingOptions['guards'] = {
  wake: { apartMs: 0 },
  settleMs: { service: 100 },
  backoff: { firstMs: 0, maxMs: 0, jitter: 0 },
  budget: { componentPerHour: 1e6, hostPerHour: 1e6 },
  breaker: { attempts: 1_000 },
  useless: { recurrences: 1_000 },
};

/** Kills a service again and again inside a host, healed by an engine, by a plain listener, or by another program. */
export async function letDie(
  host: TestHost,
  given: {
    readonly unit: string;
    readonly port: number;
    readonly deaths: number;
    readonly engine?: HealingOptions;
    readonly bare?: boolean;
    readonly calmMs?: number;
  },
): Promise<Deaths> {
  const { stdout } = await host.node(['/repo/test/system/programs/deaths.mjs'], {
    input: JSON.stringify(given),
    timeoutMs: 30_000 + given.deaths * 5_000,
  });
  return JSON.parse(stdout) as Deaths;
}
