import { existsSync } from 'node:fs';
import { unknown, type Reading } from '../../model/reading.js';
import { ownFolders } from './cgroup-path.js';
import { KeptFile } from './kept-file.js';
import type { MountTable } from './mount-table.js';
import { NamedNumbers } from './named-numbers.js';
import type { Scratch } from './scratch.js';

/** Files by which Docker, Podman and systemd tell a program that it runs in a container. */
const MARKS = ['.dockerenv', 'run/.containerenv', 'run/systemd/container'];

/**
 * How many processes the kernel has killed for want of memory since boot: `oom_kill` of `/proc/vmstat`, Linux 4.13 and
 * later. That counts the kills of the whole machine: in a container it is `memory.events` of its own control group, where
 * there is one. Version 1 counts a kill in the group of the victim alone, so there the machine has to do.
 */
export class OomKills {
  #root: string;
  #scratch: Scratch;
  #machine: KeptFile;
  /** `memory.events` of the container; undefined on a host. */
  #group: KeptFile | undefined;
  #version = -1;
  #numbers = new NamedNumbers(['oom_kill']);

  constructor(root: string, scratch: Scratch) {
    this.#machine = new KeptFile(`${root}/proc/vmstat`, scratch);
    this.#root = root;
    this.#scratch = scratch;
  }

  /** Reads. `table` tells where the control groups are mounted. */
  read(table: MountTable): Reading<number> {
    if (this.#version !== table.version) this.#lookAgain(table);
    const file = this.#group ?? this.#machine;
    const length = file.read();
    if (length < 0) return unknown(`kills for want of memory are not known: ${file.reason}`);
    const kills = this.#numbers.parse(this.#scratch.bytes, length)[0]!;
    return kills >= 0 ? kills : unknown('this kernel does not count kills for want of memory');
  }

  close(): void {
    this.#machine.close();
    this.#group?.close();
    this.#version = -1;
  }

  /**
   * The root group of a machine has no `memory.events`: where the topmost folder that can be seen has one, it is that of
   * a container. One that shares the groups of the machine has its own further down.
   */
  #lookAgain({ entries, version }: MountTable): void {
    this.#version = version;
    this.#group?.close();
    this.#group = undefined;
    // The own one first.
    const events = ownFolders(entries, this.#root).flatMap(({ path, version: of }) =>
      of === 2 ? [`${this.#root}${path}/memory.events`] : [],
    );
    const top = events.at(-1);
    const isTop = top !== undefined && existsSync(top);
    const isContainer = (): boolean => MARKS.some((mark) => existsSync(`${this.#root}/${mark}`));
    const own = isTop ? top : isContainer() ? events.find((path) => existsSync(path)) : undefined;
    if (own !== undefined) this.#group = new KeptFile(own, this.#scratch);
  }
}
