import childProcess, { ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { vi } from 'vitest';

/**
 * Makes `spawn` do what it does without a free file descriptor: it returns a process without streams, and emits the error
 * later. Undone by `vi.restoreAllMocks()` and `syncBuiltinESMExports()`.
 */
export function spawnWithoutDescriptors(): void {
  const child = new ChildProcess();
  vi.spyOn(childProcess, 'spawn').mockImplementation(() => {
    const error = Object.assign(new Error('spawn sh EMFILE'), { code: 'EMFILE' });
    process.nextTick(() => child.emit('error', error));
    return child;
  });
  syncBuiltinESMExports();
}
