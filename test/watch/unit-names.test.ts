import { describe, expect, it } from 'vitest';
import { unknown } from '../../src/model/reading.js';
import { unitReading, unknownUnit } from '../../src/testing/index.js';
import { benchOf, type BenchOptions } from '../make-engine.js';

const UNITS = [
  unitReading({ name: 'postgresql' }),
  unitReading({ name: 'billing.socket', activeState: 'inactive' }),
  unitReading({ name: 'worker@0' }),
  { ...unknownUnit('gone'), activeState: 'failed' },
];

/** Returns the warnings about `protect` of three cycles, in one engine. */
async function warnings(protect: readonly string[], more: BenchOptions = {}, units: unknown = UNITS) {
  const { engine, host, logger, done } = benchOf({ units: units as never }, { protect, ...more });
  Object.assign(host, { activeServices: () => Promise.resolve(['postgresql.service', 'nginx.service']) });
  for (let look = 0; look < 3; look++) await done(engine.detectAndHeal());
  await engine.close();
  return logger.lines
    .filter((line) => JSON.stringify(line).includes('`protect`'))
    .map((line) => JSON.stringify(line));
}

describe('a name in `protect` that systemd does not know', () => {
  it('is warned about once, with the closest name', async () => {
    const said = await warnings(['postgresq', 'nothing-like-it']);
    expect(said).toHaveLength(2);
    expect(said[0]).toContain(
      '`protect` names `postgresq`, and systemd does not know such a unit: did you mean `postgresql`?',
    );
    expect(said[1]).toContain('`protect` names `nothing-like-it`, and systemd does not know such a unit');
    expect(said[1]).not.toContain('did you mean');
  });

  it.each([
    ['a service', 'postgresql'],
    ['its full name', 'postgresql.service'],
    ['a unit of another kind', 'billing'],
    ['a template', 'worker'],
    ['one that failed, and whose file is gone', 'gone'],
    ['a pattern', 'what-comes-later-*'],
    ['one that is protected anyway', 'nscd'],
  ])('is not one of these: %s', async (_, name) => {
    expect(await warnings([name])).toEqual([]);
  });

  it('with a suffix matches units of that type only', async () => {
    expect(await warnings(['postgresql.socket'])).toHaveLength(1);
  });

  it('is no error if the host rejects', async () => {
    const { engine, host, done } = benchOf({ units: UNITS }, { protect: ['postgresq'] });
    const { read } = host;
    Object.assign(host, {
      read: (request: { readonly units?: readonly string[] } = {}) =>
        request.units?.includes('postgresq.service') ? Promise.reject(new Error('no')) : read(request),
    });
    await expect(done(engine.detectAndHeal())).resolves.toBeDefined();
    await engine.close();
  });

  it('is not warned about if systemd cannot be read', async () => {
    expect(await warnings(['postgresq'], {}, unknown('systemd is not running here'))).toEqual([]);
  });
});
