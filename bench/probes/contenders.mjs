import { Buffer } from 'node:buffer';
import { openSync, readdirSync, readlinkSync, readSync, statfsSync } from 'node:fs';
import { pid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSelfHealingEngine, SimpleDetector, SimpleResolver } from '../../dist/index.js';
import { CHECKS, FOUR_ISSUES, HEALTHY } from '../checks.mjs';

/** Request of a monitor: signals of systemd keep its units up to date. */
const MONITOR = Object.freeze({ recent: true });

/** Contenders in Node. Each gives the function that is timed, how often between two looks at the clock, and what it found. */
export const CONTENDERS = {
  look: () => look({ thresholds: HEALTHY }),
  gauges: () => look({ thresholds: HEALTHY, enabledChecks: CHECKS }),

  async cycle() {
    const { engine, results } = await readyEngine({ thresholds: HEALTHY });
    if (results.length > 0) throw new Error(`A healthy cycle had ${results.length} issues`);
    return { run: () => engine.detectAndHeal(), every: 4, found: {} };
  },

  async fourIssues() {
    const { engine, results } = await readyEngine(FOUR_ISSUES);
    if (results.length !== 4) throw new Error(`Expected 4 issues, got ${results.length}`);
    const ends = results.map(({ issue, actionTaken, outcome, blockedBy }) =>
      [issue.component, actionTaken, blockedBy ?? outcome].join(' → '),
    );
    return { run: () => engine.detectAndHeal(), every: 4, found: { ends } };
  },

  resolution() {
    const resolver = new SimpleResolver();
    let at = 0;
    let checksum = 0;
    const run = () => {
      at = at + 1 === ISSUES.length ? 0 : at + 1;
      checksum += resolver.getAction(ISSUES[at]).action.length;
      return checksum;
    };
    return { run, sync: true, every: 8_192, found: { issues: ISSUES.length } };
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
};

async function look(options) {
  const detector = new SimpleDetector(options);
  const verdicts = await thirdLook(detector);
  const mounts = verdicts.flatMap(({ component }) => /^disk:(.+)$/.exec(component)?.[1] ?? []);
  return {
    run: () => detector.look(MONITOR),
    found: { components: verdicts.map(({ component }) => component), mounts, files: filesHeldOpen() },
  };
}

async function readyEngine(options) {
  const engine = createSelfHealingEngine({ dryRun: true, ...options });
  await thirdLook(engine.detector);
  // An idle host uses no CPU time that its counters show, and then there is no issue with it.
  for (const end = performance.now() + 300; performance.now() < end;);
  return { engine, results: await engine.detectAndHeal() };
}

/** CPU use needs two readings, and the third one opens no file any more. */
async function thirdLook(detector) {
  await detector.inspect(MONITOR);
  await sleep(250);
  await detector.inspect(MONITOR);
  await sleep(250);
  const verdicts = await detector.inspect(MONITOR);
  const blind = verdicts.filter(({ status }) => status === 'unknown');
  // A reading that failed is fast, and would be taken for a detection.
  if (blind.length > 0)
    throw new Error(`Not read: ${blind.map(({ component, reason }) => `${component}: ${reason}`)}`);
  return verdicts;
}

/** The files of `/proc` and `/sys` that a first look has left open, but for the table of mounts. */
function filesHeldOpen() {
  const targets = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).replace(`/proc/${pid}/`, '/proc/self/');
    } catch {
      return [];
    }
  });
  return targets.filter((path) => /^\/(?:proc|sys)\//.test(path) && !/\/(?:mountinfo|fd)$/.test(path));
}

const issue = (type, component, attempt) => ({
  ...{ type, component, severity: 3, description: `${component} is bad`, metricValue: 97, threshold: 90 },
  timestamp: new Date(0),
  ...(attempt === undefined ? {} : { attempt }),
});

/** Issues of every kind, for the resolver. */
const ISSUES = [
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
