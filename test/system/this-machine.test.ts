import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ComponentVerdict, HealingOptions } from '@luminous-nix/self-healing';
import { afterEach, describe, expect, test } from 'vitest';

const PROGRAM = join(import.meta.dirname, 'programs/readings.mjs');

/** Returns why the tests that need these programs cannot run here; empty if they can. */
function lacking(...programs: readonly string[]): string {
  const missing = programs.filter((name) => spawnSync('which', [name]).status !== 0);
  if (missing.length > 0) return `${missing.join(' and ')} must be installed`;
  if (process.getuid?.() !== 0) return 'root is needed, to mount something';
  return spawnSync('unshare', ['--mount', 'true']).status === 0 ? '' : 'no mount namespace can be made here';
}

/** Skips a test with the reason; fails it if nothing may be skipped. */
function testWith(programs: readonly string[], title: string, body: () => Promise<void> | void): void {
  const why = lacking(...programs);
  if (why === '') return test(title, body);
  if (process.env['SYSTEM_TESTS_REQUIRED'] === '1') return test(title, () => expect.fail(why));
  console.warn(`Skipped: ${title}: ${why}`);
  test.skip(title);
}

describe('on this machine, in a new mount namespace,', () => {
  let made: string;
  afterEach(() => rmSync(made, { recursive: true, force: true }));

  /** Readings of an engine before and after each command, after the preparing commands. */
  function looks(
    engine: HealingOptions,
    prepare: readonly string[],
    ...commands: readonly string[]
  ): readonly (readonly ComponentVerdict[])[] {
    const steps = [
      { look: true },
      ...commands.flatMap((line) => [{ run: ['bash', '-c', line] }, { look: true }]),
    ];
    const script = ['mount --make-rprivate /', ...prepare, 'exec "$0" "$1"'].join('\n');
    const printed = execFileSync('unshare', ['--mount', 'bash', '-ec', script, process.execPath, PROGRAM], {
      input: JSON.stringify({ engine: { dryRun: true, ...engine }, steps }),
      encoding: 'utf8',
    });
    const told = JSON.parse(printed) as { readonly verdicts: readonly ComponentVerdict[] }[];
    return told.map(({ verdicts }) => verdicts);
  }
  const on = (verdicts: readonly ComponentVerdict[] | undefined, component: string) =>
    verdicts?.find((verdict) => verdict.component === component);

  testWith(['mkfs.btrfs'], 'a btrfs is as full as its metadata if they are fuller than its data', () => {
    made = mkdtempSync(join(tmpdir(), 'btrfs-'));
    const place = join(made, 'place');
    const prepare = [
      `mkdir ${place}; truncate --size=512M ${made}/image; mkfs.btrfs -q -f ${made}/image >/dev/null`,
      `mount -o loop ${made}/image ${place}`,
    ];
    // All space is divided into chunks, most of them for data, and half of the data is deleted. Small files are in the
    // metadata.
    const fill = `cd ${place}; (for i in $(seq 20); do head -c 25M /dev/zero > data$i; done) 2>/dev/null; sync; rm data?; sync`;
    const small = `head -c 12M /dev/zero | split -b 1900 -a 4 - ${place}/small; sync`;
    const options = { enabledChecks: ['disk'], thresholds: { diskPercent: 55 } };
    const [before, after] = looks(options, prepare, `${fill}; ${small}`);
    expect(on(before, `disk:${place}`)?.status).toBe('ok');
    expect(on(before, `readonly:${place}`)?.status).toBe('ok');
    expect(on(before, `inodes:${place}`)).toBeUndefined();
    expect(on(after, `disk:${place}`)).toMatchObject({ status: 'bad', severity: 3 });
    expect(on(after, `disk:${place}`)?.reason).toMatch(/^Metadata of .* is \d+\.\d % full/);
  });

  testWith(
    ['lxcfs'],
    'the load is unknown under lxcfs, because it is that of the whole machine',
    async () => {
      made = mkdtempSync(join(tmpdir(), 'lxcfs-'));
      const place = join(made, 'lxcfs');
      mkdirSync(place);
      const lxcfs = spawn('lxcfs', ['-f', '-p', join(made, 'pid'), place], { stdio: 'ignore' });
      try {
        await expect.poll(() => existsSync(join(place, 'proc/stat')), { timeout: 5_000 }).toBe(true);
        const over = (...files: readonly string[]) =>
          files.map((file) => `mount --bind ${place}/proc/${file} /proc/${file}`);
        const options = { enabledChecks: ['memory', 'load'] };
        const [own] = looks(options, []);
        expect(on(own, 'load')?.status).not.toBe('unknown');
        for (const files of [
          ['meminfo', 'stat'],
          ['meminfo', 'stat', 'loadavg'],
        ]) {
          const [verdicts] = looks(options, over(...files));
          expect(on(verdicts, 'load'), files.join()).toMatchObject({
            status: 'unknown',
            reason: expect.stringContaining('of the whole machine') as string,
          });
          expect(on(verdicts, 'memory')?.status).toBe('ok');
        }
      } finally {
        lxcfs.kill('SIGTERM');
        await new Promise((resolve) => lxcfs.once('close', resolve));
        spawnSync('umount', ['--lazy', place]);
      }
    },
  );
});
