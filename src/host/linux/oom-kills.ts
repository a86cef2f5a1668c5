import { existsSync } from 'node:fs';
import { unknown, type Reading } from '../../model/reading.js';
import { ownFolders } from './cgroup-path.js';
import { NEWLINE, type Digits } from './digits.js';
import { KeptFile, type Scratch } from './kept-file.js';
import type { MountTable } from './mount-table.js';
import { NamedNumbers } from './named-numbers.js';

/** Files by which Docker, Podman and systemd mark a container. */
const MARKS = ['.dockerenv', 'run/.containerenv', 'run/systemd/container'];

/**
 * Number of out-of-memory kills since boot: `oom_kill` of `/proc/vmstat` (Linux 4.13 and later), which counts the kills of
 * the whole machine. In a container `memory.events` of its control group is read instead, except with cgroup version 1,
 * which counts a kill only in the group of the victim.
 */
export class OomKills {
  #root: string;
  #scratch: Scratch;
  #machine: KeptFile;
  /** `memory.events` of the container; `undefined` on a host. */
  #group: KeptFile | undefined;
  #version = -1;
  #numbers = new NamedNumbers(['oom_kill']);

  constructor(root: string, scratch: Scratch) {
    // The kernel sums up its counters over all CPUs for each part of the file.
    this.#machine = new KeptFile(`${root}/proc/vmstat`, scratch, {
      isEnough: (text) => text.bytes[text.end - 1] === NEWLINE && this.#killsIn(text) >= 0,
    });
    this.#root = root;
    this.#scratch = scratch;
  }

  /** `table` lists where the control groups are mounted. */
  read(table: MountTable): Reading<number> {
    if (this.#version !== table.version) this.#rediscover(table);
    const file = this.#group ?? this.#machine;
    const text = file.text();
    if (!text) return unknown(`the number of out-of-memory kills is unknown: ${file.reason}`);
    const kills = this.#killsIn(text);
    return kills >= 0 ? kills : unknown('this kernel does not count out-of-memory kills');
  }

  close(): void {
    this.#machine.close();
    this.#group?.close();
    this.#version = -1;
  }

  #killsIn(text: Digits): number {
    return this.#numbers.parse(text)[0]!;
  }

  /**
   * The root group of a machine has no `memory.events`: if the topmost visible folder has one, it is a container's. A
   * container that sees the groups of the machine has its own further down.
   */
  #rediscover({ entries, version }: MountTable): void {
    this.#version = version;
    this.#group?.close();
    this.#group = undefined;
    // Ordered from the own group upwards.
    const events = ownFolders(entries, this.#root)
      .filter((folder) => folder.version === 2)
      .map(({ path }) => `${this.#root}${path}/memory.events`);
    const top = events.at(-1);
    const isTop = top !== undefined && existsSync(top);
    const isContainer = (): boolean => MARKS.some((mark) => existsSync(`${this.#root}/${mark}`));
    const own = isTop ? top : isContainer() ? events.find((path) => existsSync(path)) : undefined;
    if (own !== undefined) this.#group = new KeptFile(own, this.#scratch);
  }
}
