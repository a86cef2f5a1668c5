import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unitOfPath, unitPath } from '../../../src/host/systemd/dbus-properties.js';

describe('the path of a unit on the bus', () => {
  it('is escaped as systemd does it', () => {
    expect(unitPath('systemd-journald.service')).toBe(
      '/org/freedesktop/systemd1/unit/systemd_2djournald_2eservice',
    );
    expect(unitPath('9p@a.mount')).toBe('/org/freedesktop/systemd1/unit/_39p_40a_2emount');
  });

  it('can be converted back to the unit', () => {
    const chars = fc.constantFrom(...String.raw`azAZ09_-.:@\x`);
    fc.assert(
      fc.property(fc.string({ unit: chars, minLength: 1 }), (unit) => {
        expect(unitOfPath(unitPath(unit))).toBe(unit);
      }),
      { seed: 7 },
    );
  });
});
