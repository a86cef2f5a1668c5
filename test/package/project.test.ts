import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack, root } from './packed.js';

const NAME = '@luminous-nix/self-healing';
let project: string;

const run = (program: string, ...args: string[]) =>
  spawnSync(program, args, { cwd: project, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'project-'));
  const { filename } = pack('--pack-destination', project);
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  const { status, stderr } = run('npm', 'install', '--no-audit', '--no-fund', `./${filename}`);
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
});
afterAll(() => rmSync(project, { recursive: true }));

describe('an empty project, after `npm install`,', () => {
  it('can run `npx luminous-healing look` as a dry run on this host', () => {
    const { status, stdout, stderr } = run('npx', '--no-install', 'luminous-healing', 'look');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('a dry run on this host. Nothing is changed.');
    expect(stdout).toMatch(/[✓✗] memory +Memory is/);
  });

  it('has the version of the package in `npx luminous-healing --version`', () => {
    const { stdout } = run('npx', '--no-install', 'luminous-healing', '--version');
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    ['an ES module', 'wrong.mjs', `import { createSelfHealingEngine } from '${NAME}';`],
    ['a CommonJS module', 'wrong.cjs', `const { createSelfHealingEngine } = require('${NAME}');`],
  ])('prints an uncaught error in %s short and readable', (_, file, first) => {
    writeFileSync(join(project, file), `${first}\ncreateSelfHealingEngine({ dryrun: true });\n`);
    const { status, stderr } = run('node', file);
    expect(status).toBe(1);
    expect(stderr).toContain('Unknown option `dryrun` in `options`: did you mean `dryRun`?');
    expect(stderr.length).toBeLessThan(4_000);
  });

  it.each([
    [
      'ES modules',
      'doors.mjs',
      `import * as a from '${NAME}'; import * as b from '${NAME}/testing'; import { http } from '${NAME}/checks'; http({ url: 'http://127.0.0.1/' });`,
    ],
    [
      'CommonJS',
      'doors.cjs',
      `const a = require('${NAME}'), b = require('${NAME}/testing'); require('${NAME}/checks').http({ url: 'http://127.0.0.1/' });`,
    ],
  ])('has one copy of each class across the sub-paths, in %s', (_, file, first) => {
    writeFileSync(
      join(project, file),
      `${first}
      try { b.fakeHost({ unitz: [] }); a.createSelfHealingEngine({ x: 1 }); } catch (error) {
        console.log(error instanceof a.SelfHealingError);
      }
      a.quickHeal({ host: b.fakeHost({ units: [b.failedUnit({ name: 'nginx' })] }), services: ['nginx'], enabledChecks: ['services'] })
        .then((results) => console.log(results.length, results[0].issue.component));\n`,
    );
    const { stdout, stderr } = run('node', file);
    expect({ stdout, stderr }).toEqual({ stdout: 'true\n1 nginx\n', stderr: '' });
  });

  it('compiles without `skipLibCheck`, from ES modules and from CommonJS', () => {
    mkdirSync(join(project, 'node_modules/@types'), { recursive: true });
    for (const name of ['@types/node', 'undici-types'])
      symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
    const code = (names: string): string => `import { ${names} } from '${NAME}';
      import { SimpleDashboard } from '${NAME}/dashboard';
      import { fakeHost } from '${NAME}/testing';
      const engine = createSelfHealingEngine({ host: fakeHost(), dryRun: true });
      export const resolved: number = engine.getMetrics().issuesResolved;
      export const page = new SimpleDashboard(engine);\n`;
    writeFileSync(join(project, 'typed.mts'), code('createSelfHealingEngine'));
    writeFileSync(join(project, 'typed.cts'), code('createSelfHealingEngine'));
    const { stdout } = run(
      process.execPath,
      join(root, 'node_modules/typescript/bin/tsc'),
      ...['--noEmit', '--strict', '--target', 'es2022', '--module', 'node16', '--types', 'node'],
      ...['typed.mts', 'typed.cts'],
    );
    expect(stdout).toBe('');
  });
});
