import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileStore } from '../../src/memory/file-store.js';
import { EMPTY_STATE, type GuardState } from '../../src/memory/state.js';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { fakeHost, recordingLogger } from '../../src/testing/index.js';

/** `LOCK_KILLS=1000 npx vitest run --project unit test/memory/lock-kills.test.ts` is the long form. */
const KILLS = Number(process.env['LOCK_KILLS'] ?? 5);
const SEED = Number(process.env['LOCK_SEED'] ?? Date.now() % 1_000_000);

/** Engine that repairs again and again. */
const ENGINE = {
  enabledChecks: ['part'],
  guards: {
    backoff: { firstMs: 1, maxMs: 1 },
    breaker: { openMs: 1 },
    budget: { componentPerHour: 1_000_000, hostPerHour: 1_000_000 },
  },
};

let made: string;
let program: string;
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'lock-kills-'));
  const entry = join(made, 'child.ts');
  const source = (path: string): string => JSON.stringify(join(import.meta.dirname, '../../src', path));
  // `loop` opens, writes and closes again and again, `engine` does so with a whole engine that repairs; `hold` takes the
  // state and says whether it got it.
  await writeFile(
    entry,
    `import { writeSync } from 'node:fs';
     import { fileStore } from ${source('memory/file-store.ts')};
     import { SimplifiedHealingEngine } from ${source('engine/engine.ts')};
     import { fakeHost, recordingLogger } from ${source('testing/index.ts')};
     const [, , mode, path] = process.argv;
     for (let n = 1; mode === 'engine'; n += 1) {
       let down = true;
       const run = () => ({ status: down ? 'bad' : 'ok', reason: down ? 'down' : 'up', severity: 3 });
       const part = { name: 'part', component: 'part', type: 'service', settleMs: 2, run, heals: () => void (down = false) };
       const engine = new SimplifiedHealingEngine({ ...${JSON.stringify(ENGINE)}, host: fakeHost(), state: path, checks: [part], logger: recordingLogger() });
       for (let cycle = 0; cycle < 3; cycle += 1) {
         down = true;
         await engine.detectAndHeal();
         await engine.reset('part');
       }
       await engine.close();
       if (n === 1) writeSync(1, 'ready\\n');
     }
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
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`It ended with ${String(code)}`)),
  );
  const [text] = (await Promise.race([once(child.stdout!, 'data'), ended])) as [Buffer];
  return text.toString().trim();
};
const killed = async (child: ChildProcess): Promise<void> => {
  const gone = once(child, 'close');
  child.kill('SIGKILL');
  await gone;
};

/** Returns random numbers from 0 up to 1, the same for each seed. */
const randomFrom = (seed: number) => (): number =>
  (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;

/** Starts the program, and kills it this long after it is ready. The delay is the input of these tests. */
async function killedAfter(ms: number, mode: 'loop' | 'engine', path: string): Promise<void> {
  const child = spawn(process.execPath, [program, mode, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  expect(await firstLine(child)).toBe('ready');
  await new Promise((resolve) => setTimeout(resolve, ms));
  await killed(child);
}

describe('a process that opens, writes and closes the state, and is killed at any moment', () => {
  it(`leaves a lock that is taken over at once, a complete state and nothing else: ${KILLS} times, seed ${SEED}`, async () => {
    const folder = join(made, 'killed');
    const path = join(folder, 'state.json');
    const random = randomFrom(SEED);
    const left = new Map<number, number>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      await killedAfter(random() * 30, 'loop', path);
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

describe('a process with an engine that repairs, killed at any moment,', () => {
  it(`leaves a state on which the next engine acts at once, and nothing else: ${KILLS} times, seed ${SEED}`, async () => {
    const folder = join(made, 'engines');
    const path = join(folder, 'state.json');
    const random = randomFrom(SEED + 1);
    const seen = new Map<string, number>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      await killedAfter(random() * 60, 'engine', path);
      const was = JSON.parse(await readFile(path, 'utf8')) as GuardState;
      let down = true;
      const logger = recordingLogger();
      const engine = new SimplifiedHealingEngine({
        ...ENGINE,
        ...{ logger, host: fakeHost(), state: path },
        checks: [
          {
            ...{ name: 'part', component: 'part', type: 'service', settleMs: 2 },
            run: () =>
              down ? { status: 'bad', reason: 'down', severity: 3 } : { status: 'ok', reason: 'up' },
            heals: () => void (down = false),
          },
        ],
      });
      if (Object.hasOwn(was.components, 'part')) await engine.reset('part');
      const [result] = await engine.detectAndHeal();
      const came = result?.blockedBy ?? result?.outcome ?? 'nothing';
      // A started repair is verified after its settle time, and never blindly repeated.
      const isVerified = logger.lines.some(({ message }) => message.includes('read again, it is'));
      expect([came, was.intents.length]).toEqual([came, came === 'in-flight' || isVerified ? 1 : 0]);
      expect(['fixed', 'in-flight']).toContain(came);
      await engine.close();
      expect(await readdir(folder)).toEqual(['state.json']);
      seen.set(came, (seen.get(came) ?? 0) + 1);
    }
    console.info(`${KILLS} kills of engines, seed ${SEED}: the next one`, Object.fromEntries(seen));
  }, 1_200_000);
});

describe('two processes in two pid namespaces on one state', () => {
  const unshare = ['-pf', '--mount-proc', '--kill-child'];
  const why =
    spawnSync('unshare', [...unshare, 'true']).status === 0 ? '' : 'no pid namespace can be made here';
  const inNamespace = (path: string) =>
    spawn('unshare', [...unshare, process.execPath, program, 'hold', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  it('are one that acts and one that observes; a killed one counts as dead only once its heartbeat is old', async (context) => {
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
