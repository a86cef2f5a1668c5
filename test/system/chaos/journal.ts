import type { TestHost } from '../host/TestHost.js';

/** Start or failure of a unit, as recorded by PID 1. */
export interface Start {
  readonly at: number;
  readonly service: string;
  readonly kind: 'starting' | 'started' | 'failed';
}

const KINDS: Readonly<Record<string, Start['kind']>> = {
  '7d4958e842da4a758f6c1cdc7b36dcc5': 'starting',
  '39f53479d3a045ac8e11786248231fbf': 'started',
  be02cf6855d2428ba40df7e9d022f03d: 'failed',
};

/** Returns every start that PID 1 recorded since a time in milliseconds, oldest first. */
export async function startsSince(host: TestHost, since: number): Promise<Start[]> {
  const ids = Object.keys(KINDS).map((id) => `MESSAGE_ID=${id}`);
  const argv = [
    'journalctl',
    '--no-pager',
    '--output=json',
    '--output-fields=UNIT,MESSAGE_ID,JOB_TYPE',
    '_PID=1',
  ];
  await host.run(['journalctl', '--sync'], { allowFailure: true });
  const { stdout } = await host.run([...argv, `--since=@${(since / 1_000).toFixed(3)}`, ...ids], {
    timeoutMs: 120_000,
  });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const entry = JSON.parse(line) as Record<string, string>;
      const { UNIT = '', MESSAGE_ID = '', __REALTIME_TIMESTAMP: microseconds } = entry;
      const at = Number(microseconds) / 1_000;
      return { at, service: UNIT.replace(/\.service$/, ''), kind: KINDS[MESSAGE_ID] ?? 'started' };
    });
}
