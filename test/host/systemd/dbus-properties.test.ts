import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dbusProperties, unitOfPath, unitPath } from '../../../src/host/systemd/dbus-properties.js';

describe('a property of a unit on the bus', () => {
  const bag = dbusProperties({ odd: 7, list: ['a', 7], infinite: Infinity, text: 'x', count: 3 });

  it('is empty, 0 or without a limit if it is missing', () => {
    const { text, words, count, moment, span } = bag;
    expect([text('none'), words('none'), count('none'), moment('none'), span('none')]).toEqual([
      ...['', [], 0, 0, Infinity],
    ]);
  });

  it('counts as missing if it has another type', () => {
    const { text, words, count } = bag;
    expect([text('odd'), text('list'), words('list'), words('odd')]).toEqual(['', '', ['a'], []]);
    expect([count('infinite'), count('text'), count('count')]).toEqual([0, 0, 3]);
  });
});

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
