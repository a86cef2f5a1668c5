import { describe, expect, it, vi } from 'vitest';
import { unknown } from '../../src/model/reading.js';
import { fakeHost, recordingLogger, unitReading, unknownUnit } from '../../src/testing/index.js';
import { activeNames, warnOfUnknownProtect } from '../../src/watch/unit-names.js';
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

describe('the check of the names in `protect`', () => {
  const { signal } = new AbortController();
  const check = async (protect: readonly string[], known: readonly string[], active = ['nginx.service']) => {
    const host = fakeHost({ units: known.map((name) => unitReading({ name })) });
    const activeServices = vi.fn(() => Promise.resolve(active));
    const logger = recordingLogger();
    const ports = { host: { ...host, activeServices }, policy: { protect }, logger };
    const isAnswered = await warnOfUnknownProtect(ports as never, signal);
    return { isAnswered, lines: logger.of('warn'), host, activeServices };
  };

  it.each(['.service', '.socket', '.timer', '.target', '.path', '.mount', '@0.service'])(
    'finds a unit that ends in %s by its name alone',
    async (kind) => {
      const { isAnswered, lines, activeServices } = await check(['backup'], [`backup${kind}`]);
      expect([isAnswered, lines]).toEqual([true, []]);
      expect(activeServices).not.toHaveBeenCalled();
    },
  );

  it('gives a hint for a single name, also if it has a suffix', async () => {
    const { lines } = await check(['ngnix.service'], []);
    expect(lines).toEqual([
      '`protect` names `ngnix.service`, and systemd does not know such a unit: did you mean `nginx`?',
    ]);
  });

  it('asks systemd only for names that a unit can have', async () => {
    const longest = 'x'.repeat(250);
    const { host } = await check([longest], []);
    expect(host.requests.map(({ units }) => units)).toEqual([[`${longest}.path`]]);
  });

  it.each<[string, () => unknown]>([
    ['cannot be read', () => ({ units: unknown('systemd is not running here') })],
    ['rejects', () => Promise.reject(new Error('no bus'))],
  ])('says that systemd did not answer if it %s', async (_what, read) => {
    const logger = recordingLogger();
    const ports = { host: { ...fakeHost(), read }, policy: { protect: ['ngnix'] }, logger };
    expect(await warnOfUnknownProtect(ports as never, signal)).toBe(false);
    expect(logger.lines).toEqual([]);
  });
});

describe('the names of active services', () => {
  const never = () => new Promise<never>(() => undefined);
  const hostWith = (activeServices: unknown) => ({ ...fakeHost(), activeServices }) as never;

  it.each<[string, unknown, readonly string[]]>([
    ['have no suffix', () => Promise.resolve(['nginx.service', 'a.socket']), ['nginx', 'a.socket']],
    ['are none if they are unknown', () => Promise.resolve(unknown('no bus')), []],
    ['are none if the host rejects', () => Promise.reject(new Error('no bus')), []],
    ['are none if the host cannot tell them', undefined, []],
  ])('%s', async (_what, activeServices, names) => {
    expect(await activeNames(hostWith(activeServices), new AbortController().signal)).toEqual(names);
  });

  it('are none if the look ends before they are known', async () => {
    const stop = new AbortController();
    const names = activeNames(hostWith(never), stop.signal);
    stop.abort(new Error('stopped'));
    expect(await names).toEqual([]);
    expect(await activeNames(hostWith(never), stop.signal)).toEqual([]);
  });

  it('are none if they are not known after 2 s', async () => {
    const deadline = new AbortController();
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(deadline.signal);
    const names = activeNames(hostWith(never), new AbortController().signal);
    expect(timeout).toHaveBeenCalledExactlyOnceWith(2_000);
    timeout.mockRestore();
    deadline.abort(new Error('late'));
    expect(await names).toEqual([]);
  });
});
