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

/** Starts psutil with the first Python that has it; `PYTHON` names one. */
export async function startPsutil({ mounts }) {
  const pythons = env.PYTHON ? [env.PYTHON] : ['python3', '/usr/bin/python3'];
  for (const python of pythons) {
    const has = await call(python, ['-c', 'import psutil']).then(
      () => true,
      () => false,
    );
    if (has) return Contender.start(python, [fileHere('./psutil-reader.py'), ...mounts]);
  }
  return { missing: `no psutil in ${pythons.join(' or ')}` };
}
