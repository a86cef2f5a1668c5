import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('./programs/contained.mjs', import.meta.url));
/** Like a container: with separate processes, mounts and host name. */
const UNSHARE = ['--pid', '--fork', '--mount', '--uts', '--mount-proc', '--kill-child'];
const canUnshare = spawnSync('unshare', [...UNSHARE, 'true']).status === 0;
/** Each repair takes some 2 s, because it is proved by two readings. */
const ROUNDS = 4;
const required = process.env['SYSTEM_TESTS_REQUIRED'] === '1';
if (!canUnshare && !required) console.warn('Two containers are skipped: namespaces need root');

interface Answer {
  readonly pid?: number;
  readonly results?: readonly {
    readonly outcome: string;
    readonly blockedBy?: string;
    readonly error?: string;
  }[];
  readonly warnings?: readonly string[];
}

/** An engine in its own container. */
class Contained {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** With `machine`, it has a separate machine id, like its mounts. */
  constructor(folder: string, name: string, machine?: string) {
    this.name = name;
    const script = machine === undefined ? 'exec "$@"' : 'mount --bind "$0" /etc/machine-id && exec "$@"';
    const command = ['sh', '-c', script, machine ?? '', process.execPath, program, folder, name];
    this.#child = spawn('unshare', [...UNSHARE, ...command], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async answer(): Promise<Answer> {
    const { value } = (await this.#lines.next()) as IteratorYieldResult<string>;
    return JSON.parse(value) as Answer;
  }

  ask(words: string): Promise<Answer> {
    this.#child.stdin!.write(`${words}\n`);
    return this.answer();
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

describe.skipIf(!canUnshare && !required)('two engines in two containers with one state', () => {
  let folder: string;
  let both: readonly [Contained, Contained];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'containers-'));
  });
  afterEach(async () => {
    for (const one of both) await one.kill();
    await rm(folder, { recursive: true });
  });

  const spoil = () => writeFile(join(folder, 'bad'), '');
  const acts = async () => (await readFile(join(folder, 'acts'), 'utf8')).trim().split('\n');
  const started = async (machines: boolean): Promise<void> => {
    const idOf = async (name: string): Promise<string | undefined> => {
      if (!machines) return undefined;
      const path = join(folder, `${name}.id`);
      await writeFile(path, `${name.repeat(32)}\n`);
      return path;
    };
    both = [new Contained(folder, 'a', await idOf('a')), new Contained(folder, 'b', await idOf('b'))];
    for (const one of both) expect(await one.answer()).toEqual({ pid: 1 });
  };

  it.each([
    ['with one machine id', false],
    ['with two machine ids', true],
  ])(
    'are one that acts and one that observes and reports that once; it takes over after the other is dead for 60 s: %s',
    async (_what, machines) => {
      await started(machines);
      const sentence = expect.stringMatching(
        /^The lock .*state\.json\.lock is held by another engine \(process 1 in another pid namespace\): this one only observes$/,
      ) as string;
      const outcomes = ({ results = [] }: Answer) => results.map(({ outcome }) => outcome);
      const onLock = ({ warnings = [] }: Answer) => warnings.filter((one) => one.includes('The lock'));
      for (let round = 0; round < ROUNDS; round += 1) {
        await spoil();
        await Promise.all(both.map((one) => one.ask('look')));
      }
      const [name] = await acts();
      // No repair is needed in a round in which the first had repaired before the other's cycle.
      expect(await acts()).toEqual(Array.from({ length: ROUNDS }, () => name));
      const [actor, observer] = name === 'a' ? both : [both[1], both[0]];
      await spoil();
      const observed = await observer.ask('look');
      expect(observed.results).toEqual([{ outcome: 'skipped', blockedBy: 'locked', error: sentence }]);
      expect(onLock(observed)).toEqual([sentence]);
      expect(onLock(await actor.ask('look'))).toEqual([]);

      await spoil();
      await actor.kill();
      for (const waited of [0, 30_000, 29_000]) {
        await observer.ask(`wait ${waited}`);
        expect(outcomes(await observer.ask('look')), `${waited}`).toEqual(['skipped']);
      }
      await observer.ask('wait 30000');
      const over = await observer.ask('look');
      expect(outcomes(over)).toEqual(['fixed']);
      expect(onLock(over)).toEqual([sentence]);
      expect((await acts()).at(-1)).toBe(observer.name);
      const left = (await readdir(folder)).filter((file) => file.startsWith('state'));
      expect(left.sort()).toEqual(['state.json', 'state.json.lock']);
    },
  );
});
