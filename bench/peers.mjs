import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { promisify } from 'node:util';
import { Contender } from './contender.mjs';

const call = promisify(execFile);
const fileHere = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The size of the reader's buffer, so that a read is as large. */
const BUFFER_BYTES = '16384';

/** Compiles the floor into a folder. Gives the program, or the reason why there is none. */
export async function compileFloor(folder) {
  const program = join(folder, 'floor');
  try {
    await call('cc', ['-O2', '-o', program, fileHere('./floor.c')]);
    return { program };
  } catch (error) {
    return { missing: error.code === 'ENOENT' ? 'no compiler' : `cc failed: ${error.message}` };
  }
}

/** Starts the floor; `ends` is `short` or `zero`. */
export async function startFloor(program, ends, { files, mounts }) {
  return Contender.start(program, [BUFFER_BYTES, ends, ...files, '--', ...mounts]);
}

/** Starts psutil with a Python that has it; `PYTHON` names another than `python3`. */
export async function startPsutil({ mounts }) {
  const python = env.PYTHON ?? 'python3';
  try {
    await call(python, ['-c', 'import psutil']);
  } catch {
    return { missing: `${python} has no psutil` };
  }
  return Contender.start(python, [fileHere('./psutil-reader.py'), ...mounts]);
}
