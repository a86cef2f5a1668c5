// Runs inside a test host as a service: one engine in monitoring, which writes its events as lines of JSON.
// SIGTERM closes the engine, and the process ends when nothing keeps it alive: it never calls process.exit.
// SIGUSR2 acts as an operator: components that need manual attention are reset.
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { createSelfHealingEngine, defineAction, SimpleResolver, verifyByCheck } from '../../../dist/index.js';

const {
  events,
  interval,
  options,
  clean,
  sampleMs = 500,
} = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const log = (event, rest = {}) =>
  appendFileSync(
    events,
    `${JSON.stringify({ at: performance.timeOrigin + performance.now(), pid: process.pid, event, ...rest })}\n`,
  );
const logged = (level) => (message) => log('log', { level, message });

/** Returns the running repairs by the state on disk, as another process would find it now. */
function intents() {
  try {
    return JSON.parse(readFileSync(options.state, 'utf8')).intents.map(({ component }) => component);
  } catch (error) {
    return [`unreadable: ${error.message}`];
  }
}

/** Empties one folder: a custom action that changes the host. */
const cleanFolder = defineAction({
  parse: ({ folder }) => ({ folder: String(folder) }),
  plan: ({ folder }) => ({
    targets: [folder],
    steps: [
      {
        kind: 'command',
        argv: ['find', folder, '-mindepth', '1', '-delete'],
        needsRoot: false,
        timeoutMs: 10_000,
        interruptible: true,
      },
    ],
    effect: `${folder} is empty`,
  }),
  verify: verifyByCheck,
  scope: 'host',
  risk: 'reversible',
  timeoutMs: 10_000,
});

class Resolver extends SimpleResolver {
  getAction(issue) {
    const folder = clean?.[issue.component];
    if (folder) return { action: 'clean_folder', parameters: { folder } };
    return super.getAction(issue);
  }
}

const engine = createSelfHealingEngine({
  ...options,
  resolver: new Resolver(),
  actions: { clean_folder: cleanFolder },
  logger: { debug: () => {}, info: logged('info'), warn: logged('warn'), error: logged('error') },
});

const about = ({ component, severity, description }) => ({ component, severity, description });
const explained = (component) => engine.explain(component).map(({ text }) => text);

engine.on('issue:opened', ({ issue }) =>
  log('opened', { ...about(issue), explained: explained(issue.component) }),
);
engine.on('issue:cleared', ({ issue }) => log('cleared', about(issue)));
engine.on('issue:gone', ({ issue }) => log('gone', about(issue)));
engine.on('heal:started', ({ issue, plan }) => {
  const { action, targets, scope } = plan;
  const written = intents();
  log('started', { ...about(issue), action, scope, targets: targets.map(({ id }) => id), written });
});
engine.on('heal:done', ({ result }) => {
  const { outcome, actionTaken: action, error, proof, durationMs } = result;
  log('done', { component: result.issue.component, outcome, action, why: proof ?? error, durationMs });
});
engine.on('heal:blocked', ({ issue, blockedBy, error }) =>
  log('blocked', {
    component: issue.component,
    blockedBy,
    why: error,
    explained: explained(issue.component),
  }),
);
engine.on('issue:recurring', ({ component, times }) => log('recurring', { component, times }));
engine.on('storm:began', ({ components }) => log('storm', { components }));
engine.on('storm:ended', ({ lastedMs }) => log('calm', { lastedMs }));
engine.on('cycle:failed', ({ error }) => log('cycle failed', { why: String(error?.stack ?? error) }));

let open = '';
let cycles = 0;
let sampledAt = 0;
engine.on('cycle:done', ({ issues }) => {
  cycles += 1;
  const now = issues.map(({ component }) => component).sort();
  if (now.join() !== open || cycles === 1) log('open', { components: now });
  open = now.join();
  if (performance.now() - sampledAt < sampleMs) return;
  sampledAt = performance.now();
  log('sample', { cycles, ...held() });
});

const held = () => ({
  fds: readdirSync('/proc/self/fd').length,
  rss: process.memoryUsage.rss(),
  resources: process.getActiveResourcesInfo(),
});

process.on('SIGUSR2', () => {
  for (const { component, blockedBy } of engine.explain()) {
    if (blockedBy !== 'needs-human') continue;
    engine.reset(component).then(
      () => log('reset', { component }),
      (error) => log('reset refused', { component, why: String(error) }),
    );
  }
});
process.once('SIGTERM', () => {
  log('closing', { explanations: engine.explain(), metrics: engine.getMetrics() });
  engine.close().then(
    () => log('closed', held()),
    (error) => log('not closed', { why: String(error?.stack ?? error) }),
  );
});
process.on('exit', (code) => log('exit', { code }));

log('begun', { intents: intents() });
await engine.startMonitoring(interval);
