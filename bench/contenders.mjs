import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { existsSync, openSync, readdirSync, readlinkSync, readSync, statfsSync } from 'node:fs';
import { pid } from 'node:process';
import { promisify } from 'node:util';
import { SimpleResolver } from '../dist/index.js';
import { plainReader } from './plain-reader.mjs';
import { readyDetector, readyEngine } from './subjects.mjs';

const call = promisify(execFile);

/** What runs in Node. Each gives the function that is timed, how often between two looks at the clock, and what it found. */
export const CONTENDERS = {
  async detection() {
    const { detector, verdicts } = await readyDetector();
    const mounts = verdicts.flatMap(({ component }) => /^disk:(.+)$/.exec(component)?.[1] ?? []);
    return {
      run: () => detector.inspect(),
      found: { verdicts: verdicts.length, mounts, files: filesHeldOpen() },
    };
  },

  async cycle() {
    const { engine, results } = await readyEngine();
    if (results.length > 0) throw new Error(`A healthy cycle had ${results.length} issues`);
    return { run: () => engine.detectAndHeal(), found: {} };
  },

  async troubledCycle() {
    const { engine, results } = await readyEngine({ troubled: true });
    const ends = results.map(({ issue, actionTaken, outcome, blockedBy }) =>
      [issue.component, actionTaken, blockedBy ?? outcome].join(' → '),
    );
    return { run: () => engine.detectAndHeal(), every: 4, found: { ends } };
  },

  resolution() {
    const resolver = new SimpleResolver();
    const issues = MIXED_ISSUES;
    let at = 0;
    let checksum = 0;
    const run = () => {
      at = at + 1 === issues.length ? 0 : at + 1;
      checksum += resolver.getAction(issues[at]).action.length;
      return checksum;
    };
    return { run, sync: true, every: 8_192, found: { issues: issues.length } };
  },

  plain(given) {
    return { run: plainReader(given), sync: true, found: {} };
  },

  bareCalls({ files, mounts }) {
    const open = files.map((file) => openSync(file, 'r'));
    const bytes = Buffer.allocUnsafeSlow(16_384);
    const run = () => {
      for (const file of open) readSync(file, bytes, 0, bytes.length, 0);
      for (const mount of mounts) statfsSync(mount);
    };
    return { run, sync: true, found: {} };
  },

  systemctl() {
    const run = () => call('systemctl', ['is-active', 'dbus.service']).catch(() => undefined);
    return { run, every: 1, found: { there: existsSync('/run/systemd/system') } };
  },

  async systeminformation() {
    const { default: si } = await import('systeminformation');
    const run = () => Promise.all([si.currentLoad(), si.mem(), si.fsSize()]);
    return { run, every: 1, found: { version: si.version() } };
  },
};

/** The files of `/proc` and `/sys` that a first look has left open; the table of mounts is read every 30 s only. */
function filesHeldOpen() {
  const targets = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).replace(`/proc/${pid}/`, '/proc/self/');
    } catch {
      return [];
    }
  });
  const read = targets.filter((path) => /^\/(?:proc|sys)\//.test(path));
  return read.filter((path) => !/\/(?:mountinfo|fd)$/.test(path));
}

const issue = (type, component, attempt) => ({
  type,
  component,
  severity: 3,
  description: `${component} is in trouble`,
  metricValue: 97,
  threshold: 90,
  timestamp: new Date(0),
  ...(attempt === undefined ? {} : { attempt }),
});

const MIXED_ISSUES = [
  issue('resource', 'cpu'),
  issue('service', 'nginx'),
  issue('resource', 'disk:/'),
  issue('resource', 'memory', 1),
  issue('service', 'postgresql', 2),
  issue('resource', 'load'),
  issue('resource', 'inodes:/var/lib'),
  issue('system', 'system:state'),
  issue('service', 'sshd', 0),
  issue('resource', 'disk:/var', 1),
  issue('system', 'system'),
  issue('resource', 'queue-depth'),
];
