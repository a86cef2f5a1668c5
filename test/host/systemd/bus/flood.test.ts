import { expect, it } from 'vitest';
import { createFlood } from '../../../../src/host/systemd/bus/flood.js';

it('a flood is more than 100 unwanted signals in a second, and ends in the second after it', () => {
  let now = 0;
  const flood = createFlood(() => now);
  const send = (count: number): void => {
    for (let sent = 0; sent < count; sent += 1) flood.count();
  };
  send(100);
  expect(flood.isOn).toBe(false);
  send(1);
  expect(flood.isOn).toBe(true);
  now = 1_000;
  send(1);
  expect(flood.isOn).toBe(true);
  now = 2_000;
  expect(flood.isOn).toBe(false);
  send(101);
  expect(flood.isOn).toBe(true);
  now = 60_000;
  expect(flood.isOn).toBe(false);
});
