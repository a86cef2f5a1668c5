import { describe, expect, it } from 'vitest';
import { createScratch } from '../../../src/host/linux/kept-file.js';
import { LoadScope, noLoad, parseCpuList, parseLoad } from '../../../src/host/linux/load.js';
import { temporaryHost, unknownSaying, textOf } from './odd-hosts.js';

describe('a list of CPUs', () => {
  const count = (text: string, length = text.length) => parseCpuList(textOf(text, length));

  it.each([
    ['7\n', 1],
    ['5-5\n', 1],
    ['2-5,9\n', 5],
    ['0-1000000\n', 1_000_001],
    ['0-1000001\n', -1],
    ['0-1,1000001\n', -1],
    ['5-4\n', -1],
    ['0-1,\n', -1],
    ['0 1\n', 1],
  ])('such as %j has %i CPUs', (text, cpus) => {
    expect(count(text)).toBe(cpus);
  });

  it('ends with the text, and not with what follows it in the buffer', () => {
    expect(count('0-3,5-6', 3)).toBe(4);
    expect(count('0-3,5-6', 5)).toBe(5);
    expect(count('4-9', 1)).toBe(1);
  });
});

describe('the averages of the load', () => {
  it('are filled into a given reading, and only if all three are known', () => {
    const into = noLoad();
    expect(into).toEqual({ one: NaN, five: NaN, fifteen: NaN, cpus: 0 });
    const parse = (text: string) => parseLoad(textOf(text), 2, into);
    expect(parse('1.5 2.5')).toEqual(unknownSaying('could not be parsed'));
    expect(into).toEqual(noLoad());
    expect(parse('0.00 2.5 3.5')).toBe(into);
    expect(into).toEqual({ one: 0, five: 2.5, fifteen: 3.5, cpus: 2 });
  });
});

describe('the load is of this container', () => {
  /** Returns whether this text of `/proc/loadavg` is of a container with this file of its tasks. */
  function isOwn(text: string, tasks?: string): boolean {
    const { root } = temporaryHost(tasks === undefined ? {} : { 'sys/fs/cgroup/pids.current': tasks });
    const scope = new LoadScope(root, createScratch());
    const loadavg = textOf(text);
    parseLoad(loadavg, 1, noLoad());
    const own = scope.isOwn(loadavg);
    scope.close();
    return own;
  }

  it.each([
    ['1.00 2.00 3.00 1/44 9', '14\n', true],
    ['1.00 2.00 3.00 1/45 9', '14\n', false],
    ['1.00 2.00 3.00 0/16 9', '0\n', true],
    ['1.00 2.00 3.00 0/17 9', '0\n', false],
    ['0.00 0.00 0.00 0/0 9', '0\n', true],
    ['1.00 2.00 3.00 1/9 9', 'max\n', false],
    ['1.00 2.00 3.00 1/9 9', undefined, false],
    ['1.00 2.00 x 1/9 9', '14\n', false],
    ['1.00 2.00 3.00 x/9 9', '14\n', false],
    ['1.00 2.00 3.00 1 9 9', '14\n', false],
    ['1.00 2.00 3.00 1/x 9', '14\n', false],
  ])('of %j with %j tasks: %s', (text, tasks, expected) => {
    expect(isOwn(text, tasks)).toBe(expected);
  });
});
