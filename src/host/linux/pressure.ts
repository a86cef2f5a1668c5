import { isUnknown, unknown, type Reading } from '../../model/reading.js';
import type { PressureReading } from '../../model/snapshot.js';
import { ascii, type Digits } from './digits.js';
import { KeptFile, type KeptFileOptions, type Scratch } from './kept-file.js';

const SOME = ascii('some avg10=');
const FULL = ascii('full avg10=');

/** Stalled time of the last 10 s, in percent; `full` is −1 if there is no such line. */
export interface Stalls {
  readonly some: number;
  readonly full: number;
}

/** Parses a file of `/proc/pressure`: `avg10` of the lines `some` and `full`. */
export function parseStalls(text: Digits): Reading<Stalls> {
  let some = -1;
  let full = -1;
  do {
    if (text.skip(SOME)) some = text.decimal();
    else if (text.skip(FULL)) full = text.decimal();
  } while (text.nextLine());
  if (some < 0) return unknown('the pressure file could not be parsed');
  return { some: Math.min(some, 100), full: Math.min(full, 100) };
}

/** Reads `/proc/pressure`. */
export class PressureFiles {
  #cpu: KeptFile;
  #memory: KeptFile;
  #io: KeptFile;

  constructor(root: string, scratch: Scratch, options: KeptFileOptions) {
    const file = (name: string) => new KeptFile(`${root}/proc/pressure/${name}`, scratch, options);
    this.#cpu = file('cpu');
    this.#memory = file('memory');
    this.#io = file('io');
  }

  /** Unknown as a whole only if none of the three files can be read. */
  read(): Reading<PressureReading> {
    const cpu = stallsOf(this.#cpu);
    const memory = requireFull(stallsOf(this.#memory));
    const io = requireFull(stallsOf(this.#io));
    if (isUnknown(cpu)) return isUnknown(memory) && isUnknown(io) ? cpu : { cpu, memory, io };
    return { cpu: { some: cpu.some }, memory, io };
  }

  close(): void {
    for (const file of [this.#cpu, this.#memory, this.#io]) file.close();
  }
}

function stallsOf(file: KeptFile): Reading<Stalls> {
  const text = file.text();
  return text ? parseStalls(text) : unknown(`this kernel does not report pressure (PSI): ${file.reason}`);
}

const requireFull = (stalls: Reading<Stalls>): Reading<Stalls> =>
  !isUnknown(stalls) && stalls.full < 0 ? unknown('the pressure file has no line `full`') : stalls;
