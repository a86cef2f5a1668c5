import { describe, expect, it } from 'vitest';
import { dropInFolders } from '../../../src/host/nixos/drop-ins.js';
import { createNixosReader } from '../../../src/host/nixos/nixos-reader.js';
import { isUnknown } from '../../../src/model/reading.js';
import { nixosTree } from './nixos-tree.js';

describe('the drop-in folders of a unit', () => {
  it.each([
    ['foo.service', ['foo.service', 'service']],
    ['foo-bar-baz.service', ['foo-bar-baz.service', 'foo-bar-.service', 'foo-.service', 'service']],
    ['foo-.service', ['foo-.service', 'service']],
    ['foo--bar.service', ['foo--bar.service', 'foo--.service', 'foo-.service', 'service']],
    ['-.mount', ['-.mount', 'mount']],
    ['-x.mount', ['-x.mount', 'mount']],
    ['a-b.socket', ['a-b.socket', 'a-.socket', 'socket']],
    ['foo@x.service', ['foo@x.service', 'foo@.service', 'service']],
    ['foo@.service', ['foo@.service', 'service']],
    [
      'a-b@x-y.service',
      ['a-b@x-y.service', 'a-b@.service', 'a-.service', 'a-@.service', 'a-@x-y.service', 'service'],
    ],
    ['a-b@.service', ['a-b@.service', 'a-.service', 'a-@.service', 'service']],
  ])('are those of %s', (unit, folders) => {
    expect(dropInFolders(unit)).toEqual(folders);
  });
});

describe('a unit is reported as different between two systems', () => {
  const unit = '[Service]\nExecStart=/bin/x\n';
  const limit = (value: number): string => `[Service]\nLimitNOFILE=${value}\n`;
  const UNITS = {
    'foo-bar.service': unit,
    'other.service': unit,
    'foo-job@.service': unit,
    'foo-x.socket': '[Socket]\n',
  };

  async function changed(from: Record<string, string>, to: Record<string, string>) {
    const tree = nixosTree();
    tree.put('/dev/null');
    const [before, after] = [
      tree.system('from', { ...UNITS, ...from }),
      tree.system('to', { ...UNITS, ...to }),
    ];
    const units = await createNixosReader({ root: tree.root }).unitChanges(before, after);
    if (isUnknown(units)) throw new Error(units.unknown);
    return units;
  }
  const within = (folder: string) =>
    changed({ [`${folder}/x.conf`]: limit(1) }, { [`${folder}/x.conf`]: limit(2) });

  it.each([
    ['foo-bar.service.d', ['foo-bar.service']],
    ['foo-.service.d', ['foo-bar.service', 'foo-job@.service']],
    ['foo-@.service.d', ['foo-job@.service']],
    ['foo-job@.service.d', ['foo-job@.service']],
    ['foo-job@1.service.d', ['foo-job@1.service']],
    ['service.d', ['foo-bar.service', 'foo-job@.service', 'other.service']],
    ['foo-.socket.d', ['foo-x.socket']],
    ['bar-.service.d', []],
  ])('for a drop-in in %s', async (folder, units) => {
    expect(await within(folder)).toEqual(units);
  });

  it('unless the drop-in is replaced by a more specific one of the same name', async () => {
    const own = { 'foo-bar.service.d/x.conf': limit(9) };
    const general = (value: number) => ({ ...own, 'service.d/x.conf': limit(value) });
    expect(await changed(general(1), general(2))).toEqual(['foo-job@.service', 'other.service']);
    const masked = (value: number) => ({
      'foo-bar.service.d/x.conf': '-> /dev/null',
      'foo-.service.d/x.conf': limit(value),
    });
    expect(await changed(masked(1), masked(2))).toEqual(['foo-job@.service']);
  });

  it('for the effective drop-in, in the order of the file names of all folders', async () => {
    const first = { 'foo-bar.service.d/10.conf': limit(1), 'service.d/20.conf': limit(2) };
    const second = { 'foo-bar.service.d/30.conf': limit(1), 'service.d/20.conf': limit(2) };
    expect(await changed(first, second)).toEqual(['foo-bar.service']);
  });

  it('also if a link to its file is not named like a unit', async () => {
    const unit = (value: number) => ({ 'a.service': limit(value), README: '-> a.service' });
    expect(await changed(unit(1), unit(2))).toEqual(['a.service']);
  });

  it('for a drop-in of an alias', async () => {
    const alias = (value: number) => ({
      'alias.service': '-> other.service',
      'alias.service.d/x.conf': limit(value),
    });
    expect(await changed(alias(1), alias(2))).toEqual(expect.arrayContaining(['other.service']));
  });
});
