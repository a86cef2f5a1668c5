import type { CommandStep } from '../model/plan.js';
import { span } from '../base/format.js';
import { followJournal } from './follow-journal.js';
import { splitLines, toldLines } from './lines.js';
import { startWithExeca, type ProgramEnd, type StartProgram } from './start-program.js';
import { stepText } from '../model/step-text.js';
import type { StepReport } from '../model/execution.js';

/** Of each stream the last 64 KiB are kept: what went wrong stands at the end. */
const OUTPUT_LIMIT = 64 * 1024;
/** How long a program that was asked to end may take, before it is made to. */
const GRACE_MS = 2_000;

/** Runs one program without a shell, and ends it with its children when its time is up or the signal is aborted. */
export async function runCommand(
  step: CommandStep,
  signal: AbortSignal | undefined,
  onLine: (line: string) => void = () => undefined,
  start: StartProgram = startWithExeca,
): Promise<Pick<StepReport, 'ok' | 'output' | 'error'>> {
  // A process group of its own, so that its children can be ended with it.
  const child = await start({
    argv: step.argv,
    env: { LC_ALL: 'C', ...step.env },
    ...(step.input === undefined ? {} : { input: step.input }),
  });
  const stdout = tailOf(child.stdout);
  const stderr = tailOf(child.stderr);
  const heard = toldLines(onLine);
  for (const stream of [child.stdout, child.stderr]) splitLines(stream, heard);
  const journal = step.unit === undefined ? undefined : await followJournal(step.unit, heard, start);

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
  // It has ended, but a child of its own may hold its output open for ever.
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
    const printed = (await journal?.end()) ?? '';
    const output = [stdout.text(), stderr.text(), printed].filter(Boolean).join('\n');
    const told = output === '' ? {} : { output };
    if (ended !== undefined) {
      killGroup(child.pid, 'SIGKILL');
      return { ok: false, ...told, error: `\`${stepText(step)}\` ${ended}, and was ended with its children` };
    }
    if (result.exitCode === 0) return { ok: true, ...told };
    return {
      ok: false,
      ...told,
      error: `\`${stepText(step)}\` ${howItEnded(result)}${lastLines(printed || stderr.text())}`,
    };
  } finally {
    isOver = true;
    clearTimeout(timer);
    clearTimeout(graceTimer);
    clearTimeout(closeTimer);
    void journal?.end();
    signal?.removeEventListener('abort', onAbort);
  }
}

function howItEnded({ exitCode, signal, code }: ProgramEnd): string {
  if (code === 'ENOENT' || exitCode === 127) return 'could not be run: there is no such program';
  if (code !== undefined) return `could not be run (${code})`;
  if (exitCode === 126) return 'could not be run: it is not executable';
  return exitCode === undefined ? `was ended by ${signal ?? 'a signal'}` : `exited with ${exitCode}`;
}

/** The last two lines, as one: of systemctl what went wrong, and where to read more. */
const lastLines = (text: string): string => {
  const words = text.trim().split('\n').slice(-2).join(' ');
  return words ? `: ${words.slice(0, 500)}` : '';
};

function tailOf(stream: NodeJS.ReadableStream): { text(): string } {
  let kept = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]);
    if (kept.length > OUTPUT_LIMIT) kept = kept.subarray(kept.length - OUTPUT_LIMIT);
  });
  stream.on('error', () => undefined);
  return { text: () => kept.toString('utf8').trim() };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}
