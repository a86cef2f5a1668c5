import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_ACTIONS } from '../../src/actions/built-in.js';
import { BUILT_IN_NAMES } from '../../src/actions/registry.js';
import { THRESHOLD_RULES } from '../../src/detect/thresholds.js';
import { HELPER_SOCKET } from '../../src/execute/helper-protocol.js';
import { CHANGES_GENERATION } from '../../src/memory/generations.js';
import { parseConfig } from '../../src/service/config/load.js';
import { COMMANDS, CONTROL_GROUP, CONTROL_SOCKET } from '../../src/service/control/protocol.js';
import { APPROVE_SOCKET } from '../../src/service/control/person-approval.js';
import { EXIT } from '../../src/service/daemon/daemon.js';
import { allBlocks, root } from './blocks.js';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const page = read('docs/systemd.md');
const unit = read('nix/systemd/luminous-healing.service');
const setting = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? '';

describe('docs/systemd.md', () => {
  const blocks = allBlocks().filter(
    ({ at, language }) => at.startsWith('docs/systemd.md') && language === 'json',
  );

  it('has a configuration that the daemon accepts', async () => {
    expect(await parseConfig(blocks[0]?.code ?? '', 'config.json')).toHaveProperty('config');
  });

  it('documents every key of the configuration file', async () => {
    const refused = await parseConfig('{ "zzzzzzzzzzzzzzzzzzzz": 1 }', 'config.json');
    const known = 'mistakes' in refused ? (/known: (.*)$/.exec(refused.mistakes[0] ?? '')?.[1] ?? '') : '';
    expect(known.split(', ').length).toBeGreaterThan(10);
    for (const key of known.split(', ')) expect(page, key).toMatch(new RegExp(`^\\|.*\`${key}\`.*\\|`, 'm'));
  });

  it('documents every command', () => {
    for (const command of COMMANDS) expect(page).toMatch(new RegExp(`^\\| .*\`${command}[ \`]`, 'm'));
    expect(page).toContain(CONTROL_SOCKET);
    expect(page).toContain(CONTROL_GROUP);
  });

  it('documents every option of the NixOS module', () => {
    const options =
      /options\.services\.luminous-healing = \{\n([^]*?)\n {2}\};/.exec(read('nix/module.nix'))?.[1] ?? '';
    const names = [...options.matchAll(/^ {4}(\w+) = /gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(page, name).toMatch(new RegExp(`^\\| \`${name}[.\`]`, 'm'));
  });
});

describe('the NixOS module', () => {
  const module = read('nix/module.nix');

  it('offers every built-in action: the list `actions` in nix/module.nix is BUILT_IN_NAMES', () => {
    const [, list = ''] = /^ {2}actions = \[([^\]]*)\];/m.exec(module) ?? [];
    expect([...list.matchAll(/"(\w+)"/g)].map(([, name]) => name)).toEqual([...BUILT_IN_NAMES]);
  });

  it.each([...THRESHOLD_RULES])('has an option for the threshold %s, with its default', (key, rule) => {
    const [, option] = new RegExp(`\\b${key} = cfg\\.thresholds\\.(\\w+);`).exec(module) ?? [];
    const todo = `set ${key} from cfg.thresholds.NAME in \`configuration\` of nix/module.nix`;
    expect(option, todo).toBeDefined();
    const declared = new RegExp(`^ {6}${option} = (?:percent ${rule.default} |mkOption )`, 'm');
    expect(module, `declare thresholds.${option} in nix/module.nix`).toMatch(declared);
    const row = new RegExp(`^\\| \`thresholds(?:\\..*)?\\.${option}\``, 'm');
    expect(page, `name thresholds.${option} in the table of docs/systemd.md`).toMatch(row);
  });
});

describe('the units of the two root helpers', () => {
  const lines = (name: string) =>
    read(`nix/systemd/luminous-healing-${name}@.service`)
      .split('\n')
      .filter((line) => /^[A-Z][A-Za-z-]*=/.test(line));

  it('have the same sandbox, so that both make the same plan', () => {
    const only = (one: string, other: string) => lines(one).filter((line) => !lines(other).includes(line));
    const keys = (found: string[]) => found.map((line) => line.split('=')[0]);
    expect(lines('helper').length).toBeGreaterThan(35);
    expect(keys(only('approve', 'helper'))).toEqual([
      ...['Description', 'ExecStart', 'SyslogIdentifier', 'RuntimeMaxSec'],
    ]);
    expect(keys(only('helper', 'approve'))).toEqual([
      ...['Description', 'ExecStart', 'SyslogIdentifier', 'RuntimeMaxSec', 'KillMode', 'TimeoutStopSec'],
    ]);
  });

  it('listen at the paths that the programs use', () => {
    expect(read('nix/systemd/luminous-healing-approve.socket')).toContain(`ListenStream=${APPROVE_SOCKET}\n`);
    expect(read('nix/systemd/luminous-healing-approve.socket')).toContain(`SocketGroup=${CONTROL_GROUP}\n`);
    expect(read('nix/systemd/luminous-healing-helper.socket')).toContain(`ListenStream=${HELPER_SOCKET}\n`);
  });
});

describe('the unit of the daemon', () => {
  it('has a stop timeout longer than the longest action that the daemon waits for', () => {
    const [, minutes] = /^(\d+)min$/.exec(setting('TimeoutStopSec')) ?? [];
    // A switch continues in a separate unit; waiting for it would mean waiting for this very stop.
    const waitedFor = Object.entries(BUILT_IN_ACTIONS).filter(([name]) => !CHANGES_GENERATION.includes(name));
    const longest = Math.max(...waitedFor.map(([, { timeoutMs }]) => timeoutMs));
    expect(Number(minutes) * 60_000).toBeGreaterThan(longest);
  });

  it('is not restarted after an invalid configuration', () => {
    expect(setting('RestartPreventExitStatus')).toBe(String(EXIT.config));
  });

  it('gives the control socket to the group that the command names', () => {
    expect(setting('Group')).toBe(CONTROL_GROUP);
    expect(`/run/${setting('RuntimeDirectory')}/control.sock`).toBe(CONTROL_SOCKET);
  });

  it('is in the package', () => {
    const { files } = JSON.parse(read('package.json')) as { files: string[] };
    expect(files).toContain('nix/systemd');
  });
});
