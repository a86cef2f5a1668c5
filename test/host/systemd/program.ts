import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real executable that stands in for a program of systemd, and notes how it was called. */
export interface Program {
  readonly path: string;
  /** The arguments of each call, with spaces between them. */
  calls(): string[];
  remove(): void;
}

/** Writes a shell script into a folder of its own. */
export function program(name: string, script: string): Program {
  const folder = mkdtempSync(join(tmpdir(), 'systemd-reader-'));
  const path = join(folder, name);
  const notes = join(folder, 'calls');
  writeFileSync(path, `#!/bin/sh\necho " $*" >> '${notes}'\n${script}\n`);
  chmodSync(path, 0o755);
  return {
    path,
    calls: () => (existsSync(notes) ? readFileSync(notes, 'utf8').trimEnd().split('\n') : []),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
