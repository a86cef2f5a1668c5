import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Audience } from '../../../src/observe/dashboard/audience.js';
import type { View } from '../../../src/observe/dashboard/view/view.js';

/** Client that may accept no data. */
class Listener extends EventEmitter {
  readonly told: Buffer[] = [];
  takes = true;
  gone = false;
  write(message: Buffer): boolean {
    this.told.push(message);
    return this.takes;
  }
  destroy(): void {
    this.gone = true;
    this.emit('close');
  }
  /** Returns the text that was sent last. */
  get last(): string {
    return this.told.at(-1)?.toString() ?? '';
  }
}

let count = 0;
let made = 0;
const audienceOf = (maxClients = 10): Audience =>
  new Audience({
    maxClients,
    history: () => ({ times: [], series: [] }),
    view: () => (made++, { at: Date.now(), host: `view ${count}` }) as unknown as View,
  });
const admit = (audience: Audience, listener = new Listener()): Listener => {
  expect(audience.admit(listener as unknown as ServerResponse)).toBe(true);
  return listener;
};

beforeEach(() => {
  count = made = 0;
  vi.useFakeTimers({
    toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'performance', 'Date'],
  });
});
afterEach(() => void vi.useRealTimers());

describe('the open pages of the dashboard', () => {
  test('receive everything at first, then each change, serialised once and no faster than it can be read', () => {
    const audience = audienceOf();
    const [one, two] = [admit(audience), admit(audience)];
    expect(one.last).toMatch(/^event: history\ndata: .*\n\nevent: view\ndata: .*view 0/);
    const before = made;
    for (let change = 1; change <= 100; change += 1) {
      count = change;
      audience.changed();
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(500);
    expect(one.last).toContain('view 100');
    expect(one.told.at(-1)).toBe(two.told.at(-1));
    expect(made - before).toBeLessThanOrEqual(4);
    audience.close();
  });

  test('receive a heartbeat every five seconds, a short one if nothing has changed', () => {
    const audience = audienceOf();
    const one = admit(audience);
    vi.advanceTimersByTime(15_000);
    expect(one.told).toHaveLength(4);
    for (const beat of one.told.slice(1))
      expect(beat.toString()).toMatch(/^event: beat\ndata: \{"at":\d+\}\n\n$/);
    audience.close();
  });

  test('that are slow get the newest change, with one pending message at most', () => {
    const audience = audienceOf();
    const slow = new Listener();
    slow.takes = false;
    admit(audience, slow);
    for (count = 1; count < 9; count += 1) {
      audience.changed();
      vi.advanceTimersByTime(1_000);
    }
    expect(slow.told).toHaveLength(1);
    slow.takes = true;
    slow.emit('drain');
    expect(slow.told).toHaveLength(2);
    expect(slow.last).toContain('view 8');
    audience.close();
  });

  test('that accept nothing are disconnected, without effect on the others', () => {
    const audience = audienceOf();
    const dead = new Listener();
    dead.takes = false;
    admit(audience, dead);
    const alive = admit(audience);
    vi.advanceTimersByTime(15_000);
    expect(dead.gone).toBe(false);
    vi.advanceTimersByTime(5_000);
    expect([dead.gone, alive.gone, audience.size]).toEqual([true, false, 1]);
    audience.close();
  });

  test('are limited in number, and cost nothing if there are none', () => {
    const audience = audienceOf(1);
    const one = admit(audience);
    expect(audience.admit(new Listener() as unknown as ServerResponse)).toBe(false);
    one.destroy();
    expect(vi.getTimerCount()).toBe(0);
    made = 0;
    audience.changed();
    vi.advanceTimersByTime(60_000);
    expect(made).toBe(0);
    admit(audience);
    audience.close();
    expect([audience.size, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
