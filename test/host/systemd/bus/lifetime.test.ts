import { expect, it } from 'vitest';
import { createSystemBus, MANAGER } from '../../../../src/host/systemd/bus.js';
import { fakeBus } from './fake-bus.js';

it('a connection keeps the process alive only while a call is pending', async () => {
  const bus = await fakeBus();
  bus.own(MANAGER.destination, ':1.0', () => undefined);
  const pipes = (): number => process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap').length;
  const before = pipes();
  const made = createSystemBus({ address: bus.address });
  await made.open();
  // The other end of the pipe is in this process, too.
  expect(pipes()).toBe(before + 1);
  const ending = new AbortController();
  const waiting = made.call({ ...MANAGER, member: 'A' }, ending.signal);
  await new Promise(setImmediate);
  expect(pipes()).toBe(before + 2);
  ending.abort();
  await expect(waiting).rejects.toThrow();
  expect(pipes()).toBe(before + 1);
  made.close();
  await bus.close();
});
