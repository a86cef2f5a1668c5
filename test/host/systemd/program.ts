import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A script that replaces a program of systemd, and records its calls. */
export interface Program {
  readonly path: string;
  /** Arguments of each call, separated by spaces. */
  calls(): string[];
  remove(): void;
}

/** Writes a shell script into a new folder. */
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
