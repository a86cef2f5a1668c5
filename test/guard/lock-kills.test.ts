import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileStore } from '../../src/guard/file-store.js';
import { EMPTY_STATE } from '../../src/guard/state.js';

/** `LOCK_KILLS=1000 npx vitest run --project unit test/guard/lock-kills.test.ts` is the long form. */
const KILLS = Number(process.env['LOCK_KILLS'] ?? 8);
const SEED = Number(process.env['LOCK_SEED'] ?? Date.now() % 1_000_000);

let made: string;
let program: string;
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'lock-kills-'));
  const entry = join(made, 'child.ts');
  const source = join(import.meta.dirname, '../../src/guard/file-store.ts');
  // `loop` opens, writes and closes again and again; `hold` takes the state and says whether it got it.
  await writeFile(
    entry,
    `import { writeSync } from 'node:fs';
     import { fileStore } from ${JSON.stringify(source)};
     const [, , mode, path] = process.argv;
     const store = fileStore(path);
     for (let n = 1; mode === 'loop'; n += 1) {
       await store.load();
       await store.save({ ...${JSON.stringify(EMPTY_STATE)}, pauses: { ['x'.repeat((n * 7919) % 50_000)]: n } });
       await store.close();
       if (n === 1) writeSync(1, 'ready\\n');
     }
     await store.load().then(
       () => writeSync(1, 'acts\\n'),
       (error) => writeSync(1, error.code + ': ' + error.message + '\\n'),
     );
     setInterval(() => {}, 1_000);`,
  );
  await build({
    ...{ config: false, silent: true, clean: false, splitting: false, dts: false },
    ...{ entry: [entry], outDir: made, format: 'esm', target: 'node20', noExternal: [/./] },
    outExtension: () => ({ js: '.mjs' }),
  });
  program = join(made, 'child.mjs');
}, 60_000);
afterAll(() => rm(made, { recursive: true }));

const firstLine = async (child: ChildProcess): Promise<string> => {
  const [text] = (await once(child.stdout!, 'data')) as [Buffer];
  return text.toString().trim();
};
const killed = async (child: ChildProcess): Promise<void> => {
  const gone = once(child, 'close');
  child.kill('SIGKILL');
  await gone;
};

describe('a process that opens, writes and closes the state, and is killed at any moment', () => {
  it(`leaves a lock that is taken at once, a whole state and nothing else: ${KILLS} times, seed ${SEED}`, async () => {
    const folder = join(made, 'killed');
    const path = join(folder, 'state.json');
    let seed = SEED;
    const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    const left = new Map<number, number>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const child = spawn(process.execPath, [program, 'loop', path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      expect(await firstLine(child)).toBe('ready');
      // The moment is the input of this test: nothing is awaited here.
      await new Promise((resolve) => setTimeout(resolve, random() * 30));
      await killed(child);
      const beside = (await readdir(folder)).filter((name) => !/^state\.json(\.lock)?$/.test(name));
      left.set(beside.length, (left.get(beside.length) ?? 0) + 1);
      expect(beside.length, beside.join()).toBeLessThanOrEqual(1);
      const store = fileStore(path);
      expect(Object.values((await store.load())!.pauses)).toHaveLength(1);
      expect((await readdir(folder)).sort()).toEqual(['state.json', 'state.json.lock']);
      await store.close?.();
      expect(await readdir(folder)).toEqual(['state.json']);
    }
    console.info(`${KILLS} kills, seed ${SEED}: temporary files left`, Object.fromEntries(left));
  }, 600_000);
});

describe('two processes in two pid namespaces on one state', () => {
  const unshare = ['-pf', '--mount-proc', '--kill-child'];
  const why =
    spawnSync('unshare', [...unshare, 'true']).status === 0 ? '' : 'no pid namespace can be made here';
  const inNamespace = (path: string) =>
    spawn('unshare', [...unshare, process.execPath, program, 'hold', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  it('are one that acts and one that observes, and a killed one is not taken for dead before its heartbeat is old', async (context) => {
    if (why !== '') return context.skip(why);
    const path = join(made, 'shared', 'state.json');
    const one = inNamespace(path);
    try {
      expect(await firstLine(one)).toBe('acts');
      const other = inNamespace(path);
      try {
        expect(await firstLine(other)).toMatch(/^locked: .*in another pid namespace/);
      } finally {
        await killed(other);
      }
      await expect(fileStore(path).load()).rejects.toThrow('in another pid namespace');
    } finally {
      await killed(one);
    }
    await expect(fileStore(path).load()).rejects.toThrow('in another pid namespace');
    expect(JSON.parse(await readFile(`${path}.lock`, 'utf8'))).toMatchObject({ pid: 1 });
  });
});
