import type { CommandStep } from '../model/plan.js';
import { span } from '../base/format.js';
import { followJournal } from './follow-journal.js';
import { logLines, splitLines } from './lines.js';
import { startWithExeca, type ProgramEnd, type StartProgram } from './start-program.js';
import { stepText } from '../model/step-text.js';
import type { StepReport } from '../model/execution.js';

/** Bytes kept of the end of each stream, where the error is. */
const OUTPUT_LIMIT = 64 * 1024;
/** Time from SIGTERM to SIGKILL, in milliseconds. */
const GRACE_MS = 2_000;

/** Runs one program without a shell, and ends it with its children on timeout or abort. */
export async function runCommand(
  step: CommandStep,
  signal: AbortSignal | undefined,
  onLine: (line: string) => void = () => undefined,
  start: StartProgram = startWithExeca,
): Promise<Pick<StepReport, 'ok' | 'output' | 'error'>> {
  // It gets its own process group, so that its children can be ended with it.
  const child = await start({
    argv: step.argv,
    env: { LC_ALL: 'C', ...step.env },
    ...(step.input === undefined ? {} : { input: step.input }),
  });
  const stdout = tailOf(child.stdout);
  const stderr = tailOf(child.stderr);
  const log = logLines(onLine);
  for (const stream of [child.stdout, child.stderr]) splitLines(stream, log);
  const endJournal = step.unit === undefined ? undefined : await followJournal(step.unit, log, start);

  let ended: string | undefined;
  let graceTimer: NodeJS.Timeout | undefined;
  let closeTimer: NodeJS.Timeout | undefined;
  const closeOutput = (): void => {
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const end = (why: string): void => {
    ended ??= why;
    killGroup(child.pid, 'SIGTERM');
    graceTimer ??= setTimeout(() => {
      killGroup(child.pid, 'SIGKILL');
      closeOutput();
    }, GRACE_MS);
  };
  // A child may keep the output open after the program has ended.
  let isOver = false;
  void child.exited.then(() => {
    if (!isOver) closeTimer = setTimeout(closeOutput, GRACE_MS);
  });
  const onAbort = (): void => end('was stopped');
  const timer = setTimeout(() => end(`did not end within ${span(step.timeoutMs)}`), step.timeoutMs);
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  try {
    const result = await child.ended;
    const printed = (await endJournal?.()) ?? '';
    const text = [stdout(), stderr(), printed].filter(Boolean).join('\n');
    const output = text === '' ? {} : { output: text };
    if (ended !== undefined) killGroup(child.pid, 'SIGKILL');
    else if (result.exitCode === 0) return { ok: true, ...output };
    const how =
      ended === undefined
        ? `${howItEnded(result)}${lastLines(printed || stderr())}`
        : `${ended}, and was ended with its children`;
    return { ok: false, ...output, error: `\`${stepText(step)}\` ${how}` };
  } finally {
    isOver = true;
    clearTimeout(timer);
    clearTimeout(graceTimer);
    clearTimeout(closeTimer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function howItEnded({ exitCode, signal, code }: ProgramEnd): string {
  if (code === 'ENOENT' || exitCode === 127) return 'could not be run: there is no such program';
  if (code !== undefined) return `could not be run (${code})`;
  if (exitCode === 126) return 'could not be run: it is not executable';
  return exitCode === undefined ? `was ended by ${signal ?? 'a signal'}` : `exited with ${exitCode}`;
}

/** Returns the last two lines as one: systemctl prints the error and where to read more. */
const lastLines = (text: string): string => {
  const words = text.trim().split('\n').slice(-2).join(' ');
  return words ? `: ${words.slice(0, 500)}` : '';
};

/** Returns a function that returns what the stream printed last. */
function tailOf(stream: NodeJS.ReadableStream): () => string {
  let kept = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]);
    if (kept.length > OUTPUT_LIMIT) kept = kept.subarray(kept.length - OUTPUT_LIMIT);
  });
  return () => kept.toString('utf8').trim();
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}
