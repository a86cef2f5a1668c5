// Makes a machine that does not exist: nginx has failed on it, and a restart repairs it. With it the examples print
// the same on every host and change nothing on yours. Leave it out and the engine reads this machine.
import { failedUnit, fakeExecutor, fakeHost, unitReading } from '@luminous-nix/self-healing/testing';

export function machine() {
  const host = fakeHost({ units: [failedUnit({ name: 'nginx' })] });
  const executor = fakeExecutor({ act: () => host.set({ units: [unitReading({ name: 'nginx' })] }) });
  // The proof does not wait here; by default a service has 3 s to show that it stays up.
  return { host, executor, guards: { settleMs: { service: 0 } } };
}
