import { unknown, type Reading } from '../reading.js';
import { KeptFile } from './kept-file.js';
import { NamedNumbers } from './named-numbers.js';
import type { Scratch } from './scratch.js';

/** How many processes the kernel has killed for want of memory since boot: `oom_kill` of `/proc/vmstat`, Linux 4.13 and later. */
export class OomKills {
  #file: KeptFile;
  #scratch: Scratch;
  #numbers = new NamedNumbers(['oom_kill']);

  constructor(root: string, scratch: Scratch) {
    this.#file = new KeptFile(`${root}/proc/vmstat`, scratch);
    this.#scratch = scratch;
  }

  read(): Reading<number> {
    const length = this.#file.read();
    if (length < 0) return unknown(`kills for want of memory are not known: ${this.#file.reason}`);
    const kills = this.#numbers.parse(this.#scratch.bytes, length)[0]!;
    return kills >= 0 ? kills : unknown('this kernel does not count kills for want of memory');
  }

  close(): void {
    this.#file.close();
  }
}
