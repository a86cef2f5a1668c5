import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  judgeHolder,
  parseHolder,
  seeProcess,
  thisHolder,
  watchAfter,
} from '../../src/memory/lock-holder.js';

const ME = { pid: 10, began: '500', bootId: 'boot', machine: 'm1', pidns: '401', thread: 0 };
const OTHER = { ...ME, pid: 20, began: '700', token: 't' };
const isLinux = process.platform === 'linux';
/** Fields of `/proc/PID/stat` from the third one on. */
const statOf = (pid: number): readonly string[] => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};
afterEach(() => vi.restoreAllMocks());

describe('the holder of a lock, seen from a system without boot ids,', () => {
  const me = { ...ME, bootId: '' };
  it.each([
    ['on another machine is not known', { ...OTHER, bootId: '', machine: 'm2' }, 'unknown'],
    ['on the same machine is judged by its process', { ...OTHER, bootId: '' }, 'alive'],
  ] as const)('%s', (_which, holder, verdict) => {
    const seen = { exists: true, began: '700' };
    expect(judgeHolder(holder, me, { seen, isHeldHere: false })).toBe(verdict);
  });
});

describe('the holder of a lock with a token that is in use here', () => {
  it.each([
    ['is dead if its process began at another time', { ...ME, began: '1' }],
    ['is dead if its process has another id', { ...ME, pid: 20 }],
  ])('%s', (_which, holder) => {
    const seen = { exists: true, began: '999' };
    expect(judgeHolder({ ...holder, token: 't' }, ME, { seen, isHeldHere: true })).toBe('dead');
  });
});

describe('the content of a lock', () => {
  it.each([1, 2 ** 31 - 1])('may have the process id %d', (pid) => {
    expect(parseHolder(JSON.stringify({ ...OTHER, pid }))).toMatchObject({ pid });
  });

  it.each([{ pid: 2 ** 31 }, { token: 7 }, { token: undefined }, { bootId: 7 }, { pidns: 7 }])(
    'is invalid with %j',
    (more) => {
      expect(parseHolder(JSON.stringify({ ...OTHER, ...more }))).toBeUndefined();
    },
  );

  it('that is read twice at one moment, or by a clock that went back, is no older', () => {
    const first = watchAfter(undefined, 'a', 1_000);
    expect(watchAfter(first, 'a', 1_000).unchangedMs).toBe(0);
    expect(watchAfter(first, 'a', 0).unchangedMs).toBe(0);
  });

  it('is at most 30 s older at the next look', () => {
    expect(watchAfter(watchAfter(undefined, 'a', 0), 'a', 3_600_000).unchangedMs).toBe(30_000);
  });
});

describe.runIf(isLinux)('this process as the holder of a lock', () => {
  it('has the start of its process, its thread and the id of its machine', () => {
    let machine = hostname();
    try {
      machine = readFileSync('/etc/machine-id', 'utf8').trim() || machine;
    } catch {
      // Without the file, the name of the host is used.
    }
    const { pid } = process;
    expect(thisHolder()).toMatchObject({ pid, began: statOf(pid)[19], machine, thread: threadId });
  });
});

describe.runIf(isLinux)('a process id', () => {
  it('of a process that runs has its start', () => {
    expect(seeProcess(process.pid)).toEqual({ exists: true, began: statOf(process.pid)[19] });
  });

  it('of a zombie counts as gone', async () => {
    // The child ends once its parent is `sleep`, which never reaps: a shell could.
    const script = 'exec 3<&0; cat <&3 & echo $!; exec sleep 60 3<&-';
    const parent = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(text.toString());
    while (readFileSync(`/proc/${parent.pid}/comm`, 'utf8') !== 'sleep\n') await sleep(5);
    parent.stdin.end();
    while (statOf(pid)[0] !== 'Z') await sleep(5);
    expect(seeProcess(pid).exists).toBe(false);
    parent.kill('SIGKILL');
    await once(parent, 'close');
  });

  it.each([
    ['EPERM', true],
    ['ESRCH', false],
  ])('that may not be signalled, with %s, exists: %s', (code, exists) => {
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
    expect(seeProcess(process.pid).exists).toBe(exists);
  });
});
