import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findProcesses } from '../../src/checks/process-find.js';
import { ProcessTable } from '../../src/checks/process-table.js';
import { folder } from './house.js';

afterEach(() => vi.restoreAllMocks());
const { signal } = new AbortController();

describe('findProcesses()', () => {
  it('asks systemd for the control group of the unit, whose name is no option', async () => {
    const [cgroups, at] = [folder(), folder()];
    mkdirSync(join(cgroups, 'a.service'));
    writeFileSync(join(cgroups, 'a.service', 'cgroup.procs'), '5\n');
    const systemctl = join(at, 'systemctl');
    const answer = 'LoadState=loaded\\nControlGroup=/a.service\\n';
    writeFileSync(systemctl, `#!/bin/sh\nprintf '%s\\n' "$@" > ${at}/asked\nprintf '${answer}'\n`, {
      mode: 0o755,
    });
    const finder = { table: new ProcessTable(), systemctl, cgroups };
    expect(await findProcesses({ unit: 'a' }, finder, signal)).toEqual([5]);
    expect(readFileSync(join(at, 'asked'), 'utf8')).toBe(
      'show\n--property=LoadState,ActiveState,ControlGroup\n--\na.service\n',
    );
  });

  it('finds the first process of a container by its file', async () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    const pidFile = join(folder(), 'pid');
    writeFileSync(pidFile, '1\n');
    expect(await findProcesses({ pidFile }, { table: new ProcessTable() }, signal)).toEqual([1]);
    expect(kill).toHaveBeenCalledExactlyOnceWith(1, 0);
  });
});
