import { describe, expect, it } from 'vitest';
import { createNixosReader } from '../../../src/host/nixos/nixos-reader.js';
import { isNamed, templateOf } from '../../../src/model/unit-name.js';
import { nixosTree, storePath } from './nixos-tree.js';

const service = (program: string): string => `[Service]\nExecStart=${program}\n`;

/** Returns the differences between two systems with these units. */
async function changes(from: Record<string, string>, to: Record<string, string>) {
  const tree = nixosTree();
  tree.put('/dev/null');
  tree.put(storePath('shared.service'), service('/bin/shared'));
  return createNixosReader({ root: tree.root }).unitChanges(tree.system('from', from), tree.system('to', to));
}

describe('the units that differ between two systems', () => {
  it('have a changed, missing or new definition', async () => {
    const same = { 'same.service': service('/bin/same'), 'same.timer': '[Timer]\nOnCalendar=daily' };
    const from = { ...same, 'changed.service': service('/bin/1'), 'gone.socket': '[Socket]' };
    const to = { ...same, 'changed.service': service('/bin/2'), 'new.service': service('/bin/new') };
    expect(await changes(from, to)).toEqual(['changed.service', 'gone.socket', 'new.service']);
  });

  it('do not include one whose file is the same store path, or has the same content', async () => {
    const link = `-> ${storePath('shared.service')}`;
    expect(await changes({ 'a.service': link }, { 'a.service': link })).toEqual([]);
    expect(await changes({ 'a.service': link }, { 'a.service': service('/bin/shared') })).toEqual([]);
    const described = `[Unit]\nDescription=Other\n${service('/bin/shared')}[Install]\nWantedBy=a.target\n`;
    expect(await changes({ 'a.service': link }, { 'a.service': described })).toEqual([]);
  });

  it('include one that differs in a drop-in only', async () => {
    const link = `-> ${storePath('shared.service')}`;
    const overrides = 'a.service.d/overrides.conf';
    const limited = (limit: string) => ({ 'a.service': link, [overrides]: `[Service]\nMemoryMax=${limit}` });
    expect(await changes(limited('1G'), limited('2G'))).toEqual(['a.service']);
    expect(await changes(limited('1G'), limited('1G'))).toEqual([]);
    expect(await changes({ 'a.service': link }, limited('1G'))).toEqual(['a.service']);
    expect(await changes(limited('1G'), { ...limited('1G'), [overrides]: '-> /dev/null' })).toEqual([
      'a.service',
    ]);
    const elsewhere = { 'b.service.d/x.conf': '[Service]\nUser=a' };
    expect(await changes(elsewhere, {}), 'of a unit that is not a file of the system').toEqual(['b.service']);
  });

  it('are found by drop-ins in the order of their names, and only by those that systemd reads', async () => {
    const [first, second] = [
      '[Service]\nExecStart=\nExecStart=/bin/1',
      '[Service]\nExecStart=\nExecStart=/bin/2',
    ];
    const unit = { 'a.service': service('/bin/0') };
    const inOrder = { ...unit, 'a.service.d/10.conf': first, 'a.service.d/20.conf': second };
    expect(await changes({ ...unit, 'a.service.d/x.conf': second }, inOrder)).toEqual([]);
    const swapped = { ...unit, 'a.service.d/10.conf': second, 'a.service.d/20.conf': first };
    expect(await changes(inOrder, swapped)).toEqual(['a.service']);
    expect(await changes(unit, { ...unit, 'a.service.d/README': second })).toEqual([]);
  });

  it('include one whose alias has other drop-ins, whichever of its aliases', async () => {
    const unit = { 'a.service': service('/bin/0'), 'b.service': '-> a.service', 'c.service': '-> a.service' };
    for (const alias of ['b', 'c'])
      expect(await changes(unit, { ...unit, [`${alias}.service.d/x.conf`]: '[Service]\nUser=a' })).toContain(
        'a.service',
      );
  });

  it('are found among many, and in both systems alike', async () => {
    const units = (limit: number) =>
      Object.fromEntries(
        Array.from({ length: 100 }, (_, index) => [
          `u${index}.service`,
          service(`/bin/${index < limit ? 1 : 2}`),
        ]),
      );
    expect(await changes(units(100), units(100))).toEqual([]);
    expect(await changes(units(100), units(50))).toHaveLength(50);
  });

  it('include a template, which stands for its instances, and instances with their own drop-ins', async () => {
    const template = (program: string) => ({ 'foo@.service': service(program) });
    const byTemplate = await changes(template('/bin/1'), template('/bin/2'));
    expect(byTemplate).toEqual(['foo@.service']);
    expect(isNamed('foo@bar.service', byTemplate as string[])).toBe(true);
    expect(isNamed('other@bar.service', byTemplate as string[])).toBe(false);

    const instance = (user: string) => ({ 'foo@bar.service.d/overrides.conf': `[Service]\nUser=${user}` });
    expect(
      await changes({ ...template('/bin/1'), ...instance('a') }, { ...template('/bin/1'), ...instance('b') }),
    ).toEqual(['foo@bar.service']);
    expect(
      await changes({ ...template('/bin/1'), ...instance('a') }, { ...template('/bin/2'), ...instance('a') }),
    ).toEqual(['foo@.service', 'foo@bar.service']);
    const moved = {
      'foo@.service': service('/bin/1'),
      'foo@.service.d/x.conf': '[Service]\nUser=a',
      'foo@bar.service.d/y.conf': '[Service]\nGroup=a',
    };
    const same = { ...moved, 'foo@.service.d/x.conf': '# the same\n[Service]\nUser=a' };
    expect(await changes(moved, same)).toEqual([]);
  });

  it("are compared by the instance's own file if it has one", async () => {
    const own = { 'foo@bar.service': service('/bin/own') };
    const [one, other] = [service('/bin/1'), service('/bin/2')];
    expect(await changes({ 'foo@.service': one, ...own }, { 'foo@.service': other, ...own })).toEqual([
      'foo@.service',
    ]);
  });

  it('include one that was newly masked, and not one that was masked before', async () => {
    const masked = { 'a.service': '-> /dev/null' };
    expect(await changes({ 'a.service': service('/bin/a') }, masked)).toEqual(['a.service']);
    expect(await changes(masked, masked)).toEqual([]);
    expect(await changes(masked, {})).toEqual([]);
  });

  it('include an instance that loses or gets its own file beside its template', async () => {
    const template = { 'foo@.service': service('/bin/1') };
    const own = { ...template, 'foo@bar.service': service('/bin/own') };
    expect(await changes(own, template)).toEqual(['foo@bar.service']);
    expect(await changes(template, own)).toEqual(['foo@bar.service']);
  });

  it('do not include one with a masked drop-in that it did not have before', async () => {
    const unit = { 'a.service': service('/bin/a') };
    expect(await changes(unit, { ...unit, 'a.service.d/x.conf': '-> /dev/null' })).toEqual([]);
  });

  it('are unknown if the signal is aborted during the comparison, or a path is relative', async () => {
    const tree = nixosTree();
    const reader = createNixosReader({ root: tree.root });
    const many = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`u${index}.service`, service('/bin/a')]),
    );
    const [a, b] = [tree.system('a', many), tree.system('b')];
    expect(await reader.unitChanges(a, b)).toHaveLength(100);
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    expect(await reader.unitChanges(a, b, controller.signal)).toHaveProperty('unknown');
    expect(await reader.unitChanges(a.slice(1), b)).toEqual({
      unknown: `the units of the two systems cannot be compared: ${a.slice(1)} has no units`,
    });
  });

  it('include no dependency folders, and only units', async () => {
    const to = {
      'a.target.wants/b.service': '',
      'service.d/x.conf': '[Service]',
      README: 'x',
      '-x.service': '',
    };
    expect(await changes({}, to)).toEqual([]);
  });

  it('are unknown if one of the systems does not exist, or the signal is aborted', async () => {
    const tree = nixosTree();
    const reader = createNixosReader({ root: tree.root });
    const many = (program: string) =>
      Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`u${index}.service`, service(program)]));
    const [a, b] = [tree.system('a', many('/bin/a')), tree.system('b', many('/bin/b'))];
    for (const [from, to] of [
      [a, storePath('gone')],
      ['', a],
      [a, 'relative'],
    ] as const)
      expect(await reader.unitChanges(from, to)).toMatchObject({
        unknown: expect.stringContaining('has no units') as string,
      });
    expect(await reader.unitChanges(a, b, AbortSignal.abort())).toHaveProperty('unknown');
    expect(await reader.unitChanges(a, b)).toHaveLength(40);
    expect(await reader.unitChanges(a, a)).toEqual([]);
  });
});

describe('the template of a unit', () => {
  it.each([
    ['foo@bar.service', 'foo@.service'],
    ['foo@a.b@c.socket', 'foo@.socket'],
    ['foo@.service', undefined],
    ['foo.service', undefined],
  ])('for %s is %s', (unit, template) => {
    expect(templateOf(unit)).toBe(template);
  });
});
